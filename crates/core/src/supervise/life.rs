//! From one state to the next.

use super::{STABLE, State, Supervisor, Then, Unwell};
use crate::supervise::{Probed, RestartPolicy, RunAction};
use crate::time::Time;
use crate::view::{ExitView, RungKind};

impl Supervisor {
    pub(super) fn start(&mut self, now: Time) {
        self.stop_asked = false;
        match &mut self.state {
            State::Stopping { then, .. } => *then = Then::Launch { rung: None },
            State::Stopped | State::Waiting { .. } | State::Elsewhere | State::Exited { .. } | State::GaveUp => {
                self.begin_anew();
                self.launch_when_met(now);
            }
            State::NotOurs | State::Needs | State::Launching | State::Starting { .. } | State::Running { .. } => {}
        }
    }

    pub(super) fn stop(&mut self, now: Time) {
        self.begin_anew();
        self.stop_asked = self.state == State::Stopped;
        self.replace(Then::Stop, now);
    }

    /// A person takes it over: nothing of what went before counts.
    pub(super) fn begin_anew(&mut self) {
        self.backoff.reset();
        self.view.restarts = 0;
        self.problem.clear();
        self.ladder.reset();
        self.short_lives.forget();
    }

    /// Ends what runs, then goes on.
    pub(super) fn replace(&mut self, next: Then, now: Time) {
        match &mut self.state {
            State::NotOurs if !matches!(next, Then::Carry { .. } | Then::Launch { rung: Some(_) }) => {}
            State::Starting { .. } | State::Running { .. } => {
                self.actions.push_back(RunAction::Signal);
                self.be(State::Stopping { kill_at: Some(now + self.policy.stop_grace), then: next }, now);
            }
            // Its start is answered first.
            State::Launching => self.be(State::Stopping { kill_at: None, then: next }, now),
            State::Stopping { then, .. } => *then = next,
            State::NotOurs
            | State::Stopped
            | State::Needs
            | State::Waiting { .. }
            | State::Elsewhere
            | State::Exited { .. }
            | State::GaveUp => self.go_on(next, now),
        }
    }

    /// Nothing of it runs.
    fn go_on(&mut self, then: Then, now: Time) {
        match then {
            Then::Stop => self.be(State::Stopped, now),
            Then::Launch { rung: None } => self.launch_when_met(now),
            Then::Launch { rung } => self.launch(rung, now),
            Then::Carry { rung } => {
                self.problem = format!("{} took its place", self.ladder.rungs()[rung].label);
                self.be(State::Elsewhere, now);
                self.actions.push_back(RunAction::Carry { rung });
            }
            Then::Decide { ready_since } => self.decide(ready_since, now),
        }
    }

    fn launch_when_met(&mut self, now: Time) {
        if self.policy.depends_on.is_empty() {
            self.launch(None, now);
        } else {
            self.be(State::Needs, now);
        }
    }

    pub(super) fn launch(&mut self, rung: Option<usize>, now: Time) {
        self.rung = rung.filter(|rung| *rung < self.ladder.rungs().len());
        self.unwell = Unwell::default();
        (self.clock_ahead_ms, self.last_probe) = (None, None);
        self.be(State::Launching, now);
        self.actions.push_back(RunAction::Launch { rung: self.rung });
    }

    pub(super) fn started(&mut self, pid: u32, at: Time, reclaimed: bool, now: Time) {
        self.view.pid = Some(pid);
        self.view.started_at = Some(at);
        self.view.reclaimed = reclaimed;
        self.problem.clear();
        if reclaimed && self.stop_asked {
            // What an earlier run of the program left is found a moment after that one was asked to stop it.
            self.state = State::Stopping { kill_at: None, then: Then::Stop };
        }
        self.stop_asked = false;
        if let State::Stopping { then, .. } = self.state {
            // It was to end before it had begun.
            self.state = State::Stopping { kill_at: Some(now + self.policy.stop_grace), then };
            self.actions.push_back(RunAction::Signal);
        } else if self.policy.ready_is_probed {
            self.be(State::Starting { until: now + self.policy.ready_within }, now);
        } else {
            self.be(State::Running { since: now }, now);
        }
    }

    pub(super) fn start_failed(&mut self, sentence: String, again: bool, now: Time) {
        self.problem = sentence;
        self.gone();
        if let State::Stopping { then: then @ (Then::Stop | Then::Carry { .. }), .. } = self.state {
            self.go_on(then, now);
        } else if again {
            self.try_again(now);
        } else {
            self.be(State::GaveUp, now);
        }
    }

    pub(super) fn ended(&mut self, exit: ExitView, now: Time) {
        self.view.exit = Some(exit);
        self.view.pid = None;
        if !self.is_up() || matches!(self.state, State::Stopping { .. }) {
            return;
        }
        let ready_since = if let State::Running { since } = self.state { Some(since) } else { None };
        // What it left behind ends, too, before anything takes its place.
        self.actions.push_back(RunAction::Signal);
        let then = Then::Decide { ready_since };
        self.be(State::Stopping { kill_at: Some(now + self.policy.stop_grace), then }, now);
    }

    pub(super) fn is_not_ready_in_time(&mut self, now: Time) {
        let within = crate::notice::duration(self.policy.ready_within);
        let words = if self.unwell.sentence.is_empty() { "no answer" } else { &self.unwell.sentence };
        let sentence = format!("not ready within {within}: {words}");
        self.unwell = Unwell { in_a_row: u32::MAX, wrong: self.unwell.wrong, sentence };
        self.be(State::Running { since: now }, now);
    }

    pub(super) fn tree_ended(&mut self, now: Time) {
        self.gone();
        if let State::Stopping { then, .. } = self.state {
            self.go_on(then, now);
        } else if self.is_up() {
            // Its end was not told: who watched it was ended itself.
            self.decide(None, now);
        }
    }

    fn gone(&mut self) {
        (self.view.pid, self.view.usage) = (None, None);
        self.view.reclaimed = false;
    }

    /// How it ended, unless that was not told and what is known is of an earlier life.
    pub(super) fn last_exit(&self) -> Option<&ExitView> {
        self.view.exit.as_ref().filter(|exit| self.view.started_at.is_none_or(|started| exit.at >= started))
    }

    /// It ended by itself.
    fn decide(&mut self, ready_since: Option<Time>, now: Time) {
        let exit = self.last_exit();
        let (ended, code) = (exit.map_or(now, |exit| exit.at), exit.and_then(|exit| exit.code));
        self.short_lives.ended(self.view.started_at, ended);
        let well = code.is_some_and(|code| self.policy.success.contains(&code));
        let again = match self.policy.restart {
            RestartPolicy::Never => false,
            RestartPolicy::OnFailure => !well,
            RestartPolicy::Always => true,
        };
        if !again {
            self.be(State::Exited { well }, now);
            return;
        }
        if ready_since.is_some_and(|since| now.since(since) >= STABLE) {
            self.view.restarts = 0;
            self.backoff.reset();
        }
        self.try_again(now);
    }

    fn try_again(&mut self, now: Time) {
        self.view.restarts += 1;
        if self.policy.max_restarts > 0 && self.view.restarts > self.policy.max_restarts {
            self.view.restarts = self.policy.max_restarts;
            self.be(State::GaveUp, now);
        } else {
            let until = now + self.backoff.next_wait(None);
            self.be(State::Waiting { until }, now);
        }
    }

    pub(super) fn probed(&mut self, probed: Probed, now: Time) {
        let starting = matches!(self.state, State::Starting { .. });
        if !starting && !matches!(self.state, State::Running { .. }) {
            return;
        }
        self.last_probe = Some((now, probed.clone()));
        let was = self.is_unwell();
        match probed {
            Probed::Well(ahead) => {
                self.clock_ahead_ms = ahead;
                self.unwell = Unwell::default();
                if starting {
                    self.be(State::Running { since: now }, now);
                }
            }
            Probed::Refused(sentence) | Probed::Silent(sentence) | Probed::Unwell(sentence) => {
                self.unwell.in_a_row = self.unwell.in_a_row.saturating_add(1);
                (self.unwell.wrong, self.unwell.sentence) = (false, sentence);
            }
            Probed::WrongAgent(sentence) => {
                self.unwell = Unwell { in_a_row: u32::MAX, wrong: true, sentence };
                if starting {
                    self.be(State::Running { since: now }, now);
                }
            }
        }
        if was != self.is_unwell() {
            self.since = now;
        }
    }

    pub(super) fn is_unwell(&self) -> bool {
        self.unwell.in_a_row >= self.policy.failures.max(1)
    }

    /// A rung's turn.
    pub(super) fn act(&mut self, rung: usize, now: Time) {
        match self.ladder.rungs()[rung].kind {
            RungKind::Restart => {
                self.backoff.reset();
                self.view.restarts = 0;
                self.problem.clear();
                self.replace(Then::Launch { rung: None }, now);
            }
            RungKind::Replace | RungKind::DockerRun => {
                self.backoff.reset();
                self.view.restarts = 0;
                self.problem.clear();
                self.replace(Then::Launch { rung: Some(rung) }, now);
            }
            RungKind::DockerRestart => self.replace(Then::Carry { rung }, now),
            RungKind::Alert => {}
        }
    }

    pub(super) fn be(&mut self, state: State, now: Time) {
        self.state = state;
        self.since = now;
    }
}
