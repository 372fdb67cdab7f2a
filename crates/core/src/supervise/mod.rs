//! One process that is started here: whether it runs, when it is started again, and what is tried when that does not help.
//!
//! Pure: it is told what happened and what time it is, and answers what must be done. Old and new never run together:
//! nothing is launched before all of what ran is known to have ended.

mod ladder;
mod life;
mod policy;
mod restart_loop;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::time::Time;
use crate::view::{ProcessState, RunView, UsageView};
use ladder::Ladder;
use restart_loop::ShortLives;

pub use policy::{Probed, RestartPolicy, RunAction, RunEvent, RunPolicy, Rung};

/// Who ran for so long, and was ready, has started well: what comes after it is counted anew.
const STABLE: Duration = Duration::from_secs(30);

/// A beat of its last moment may be confirmed so much later.
const STRAGGLER: Duration = Duration::from_secs(5);

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Others run it.
    NotOurs,
    /// Not to run.
    Stopped,
    /// It waits for those that it depends on.
    Needs,
    /// Its start is under way.
    Launching,
    /// It runs, and is not ready before that.
    Starting { until: Time },
    /// It runs and was ready.
    Running { since: Time },
    /// It is to end. While something of it is left it is killed then.
    Stopping { kill_at: Option<Time>, then: Then },
    /// It is started again then.
    Waiting { until: Time },
    /// A step of its recovery has it run somewhere else.
    Elsewhere,
    /// It ended, and its policy leaves it so.
    Exited { well: bool },
    /// It ended too often, or cannot be started.
    GaveUp,
}

/// What comes after the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Stop,
    Launch {
        rung: Option<usize>,
    },
    Carry {
        rung: usize,
    },
    /// As its policy says; it was ready since then.
    Decide {
        ready_since: Option<Time>,
    },
}

/// What makes it unwell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Unwell {
    in_a_row: u32,
    wrong: bool,
    sentence: String,
}

/// The supervisor of one process.
#[derive(Clone, Debug)]
pub struct Supervisor {
    policy: RunPolicy,
    state: State,
    since: Time,
    /// Which rung's command runs, when it is not its own.
    rung: Option<usize>,
    unwell: Unwell,
    clock_ahead_ms: Option<i64>,
    last_probe: Option<(Time, Probed)>,
    problem: String,
    view: RunView,
    backoff: Backoff,
    ladder: Ladder,
    short_lives: ShortLives,
    /// It was to be stopped while nothing of it was known to run.
    stop_asked: bool,
    actions: VecDeque<RunAction>,
}

impl Supervisor {
    /// One that does not run. Equal seeds wait equally.
    #[must_use]
    pub fn new(policy: RunPolicy, seed: u64, now: Time) -> Self {
        let state = if policy.own_command { State::Stopped } else { State::NotOurs };
        let view = RunView {
            max_restarts: policy.max_restarts,
            starts_with_app: policy.starts_with_app,
            signer: policy.signer,
            ..RunView::default()
        };
        let ladder = Ladder::new(policy.rungs.clone());
        Self {
            policy,
            state,
            since: now,
            rung: None,
            unwell: Unwell::default(),
            clock_ahead_ms: None,
            last_probe: None,
            problem: String::new(),
            view,
            backoff: Backoff::new(seed),
            ladder,
            short_lives: ShortLives::default(),
            stop_asked: false,
            actions: VecDeque::new(),
        }
    }

    /// What to do next.
    pub fn poll_action(&mut self) -> Option<RunAction> {
        self.actions.pop_front()
    }

    /// When [`timeout`](Self::timeout) wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let own = match self.state {
            State::Starting { until } | State::Waiting { until } => Some(until),
            State::Stopping { kill_at, .. } => kill_at,
            State::NotOurs
            | State::Stopped
            | State::Needs
            | State::Launching
            | State::Running { .. }
            | State::Elsewhere
            | State::Exited { .. }
            | State::GaveUp => None,
        };
        [own, self.ladder.poll_timeout()].into_iter().flatten().min()
    }

    /// Its policy changed. What runs goes on; the next start follows it.
    pub fn follow(&mut self, policy: RunPolicy, now: Time) {
        if policy.own_command != self.policy.own_command && !self.is_up() {
            self.be(if policy.own_command { State::Stopped } else { State::NotOurs }, now);
        }
        self.ladder.follow(&policy.rungs);
        (self.view.max_restarts, self.view.starts_with_app) = (policy.max_restarts, policy.starts_with_app);
        self.view.signer = policy.signer;
        self.policy = policy;
    }

    /// Something happened.
    pub fn handle(&mut self, event: RunEvent, now: Time) {
        match event {
            RunEvent::Start => self.start(now),
            RunEvent::Stop => self.stop(now),
            RunEvent::Restart => {
                self.begin_anew();
                self.replace(Then::Launch { rung: None }, now);
            }
            RunEvent::Started { pid, at, reclaimed } => self.started(pid, at, reclaimed, now),
            RunEvent::StartFailed { sentence, again } => self.start_failed(sentence, again, now),
            RunEvent::Ended(exit) => self.ended(exit, now),
            RunEvent::TreeEnded => self.tree_ended(now),
            RunEvent::Survives(sentence) => self.problem = sentence,
            RunEvent::Probed(probed) => self.probed(probed, now),
            RunEvent::Usage(usage) => self.view.usage = Some(usage).filter(|_| self.is_up()),
            RunEvent::Drift(drift) => self.view.drift = drift,
            RunEvent::Done(Ok(())) => {}
            RunEvent::Done(Err(problem)) => self.ladder.fail(problem, now),
            RunEvent::Hold(on) => self.ladder.hold(on, now),
            RunEvent::Skip => self.ladder.skip(now),
        }
    }

    /// The deadline of [`poll_timeout`](Self::poll_timeout) passed.
    pub fn timeout(&mut self, now: Time) {
        if let State::Waiting { until } = self.state
            && until <= now
        {
            self.launch(self.rung, now);
        } else if let State::Starting { until } = self.state
            && until <= now
        {
            self.is_not_ready_in_time(now);
        } else if let State::Stopping { kill_at: Some(at), then } = self.state
            && at <= now
        {
            self.state = State::Stopping { kill_at: None, then };
            self.actions.push_back(RunAction::Kill);
        }
        if let Some(rung) = self.ladder.timeout(now) {
            self.act(rung, now);
        }
    }

    /// Those that it depends on are ready, or not.
    pub fn needs_are_met(&mut self, met: bool, now: Time) {
        if self.state == State::Needs && met {
            self.launch(None, now);
        }
    }

    /// How its beats do: recovery begins when they are missing, or it is not well, and ends with a confirmed beat.
    pub fn judge(&mut self, missing: bool, beat: Option<Time>, now: Time) {
        let trouble = match self.state {
            State::Stopped | State::Exited { well: true } => {
                self.ladder.reset();
                return;
            }
            // Unless somebody else runs it meanwhile.
            State::GaveUp | State::Exited { well: false } => {
                missing || beat.is_none_or(|beat| beat < self.since + STRAGGLER)
            }
            State::Running { .. } => missing || self.is_unwell(),
            State::NotOurs | State::Elsewhere => missing || self.ladder.is_at_work(),
            // Its policy sees to it.
            State::Needs
            | State::Launching
            | State::Starting { .. }
            | State::Stopping { .. }
            | State::Waiting { .. } => {
                return;
            }
        };
        if !trouble || self.ladder.worked(beat) {
            self.ladder.well(beat);
            return;
        }
        if self.state == State::GaveUp {
            // What the ladder tries came to nothing already.
            self.ladder.fail(self.detail(), now);
        }
        self.ladder.trouble(now);
    }

    /// Whether a person has to see to it, whatever its beats say.
    #[must_use]
    pub const fn calls(&self) -> bool {
        self.ladder.calls() || (self.gave_up() && !self.ladder.is_at_work())
    }

    /// Whether its silence is asked for: it was not started, was stopped by a person, or ended well by itself.
    #[must_use]
    pub const fn rests(&self) -> bool {
        matches!(self.state, State::Stopped | State::Exited { well: true })
    }

    /// Whether there is a command to start it with.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        self.policy.own_command
    }

    /// Whether it was given up.
    #[must_use]
    pub const fn gave_up(&self) -> bool {
        matches!(self.state, State::GaveUp)
    }

    /// Whether it runs and is well, so that its beats are true.
    #[must_use]
    pub fn is_well(&self) -> bool {
        matches!(self.state, State::Running { .. }) && !self.is_unwell()
    }

    /// Whether anything of it may be running.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.state, State::Launching | State::Starting { .. } | State::Running { .. } | State::Stopping { .. })
    }

    /// Whether it waits for those that it depends on.
    #[must_use]
    pub fn needs(&self) -> bool {
        self.state == State::Needs
    }

    /// Those that it depends on.
    #[must_use]
    pub fn depends_on(&self) -> &[crate::identity::EntityId] {
        &self.policy.depends_on
    }

    /// Its state in one word, and since when.
    #[must_use]
    pub fn state(&self) -> (ProcessState, Time) {
        let state = match self.state {
            State::NotOurs => ProcessState::NotOurs,
            State::Stopped => ProcessState::Stopped,
            State::Needs | State::Launching | State::Starting { .. } => ProcessState::Starting,
            State::Running { .. } if self.unwell.wrong => ProcessState::WrongAgent,
            State::Running { .. } if self.is_unwell() => ProcessState::Unhealthy,
            State::Running { .. } => ProcessState::Running,
            State::Stopping { then: Then::Decide { .. }, .. } | State::Waiting { .. } => ProcessState::Waiting,
            State::Stopping { .. } => ProcessState::Stopping,
            State::Elsewhere => ProcessState::NotOurs,
            State::Exited { .. } => ProcessState::Exited,
            State::GaveUp => ProcessState::GaveUp,
        };
        (state, self.since)
    }

    /// Evidence in a few words.
    #[must_use]
    pub fn detail(&self) -> String {
        match &self.state {
            State::Needs => "waits for what it depends on".to_owned(),
            State::Running { .. } | State::Starting { .. } => self.unwell.sentence.clone(),
            State::Waiting { .. } | State::Exited { .. } | State::GaveUp if self.problem.is_empty() => {
                self.last_exit().map(|exit| exit.sentence.clone()).unwrap_or_default()
            }
            State::NotOurs | State::Stopped | State::Launching => String::new(),
            State::Stopping { .. }
            | State::Waiting { .. }
            | State::Elsewhere
            | State::Exited { .. }
            | State::GaveUp => self.problem.clone(),
        }
    }

    /// Starts in a row that came to nothing, and after how many it is given up.
    #[must_use]
    pub const fn restarts(&self) -> (u32, u32) {
        (self.view.restarts, self.policy.max_restarts)
    }

    /// How far its clock is ahead of ours, in milliseconds, where it tells.
    #[must_use]
    pub const fn clock_ahead_ms(&self) -> Option<i64> {
        self.clock_ahead_ms
    }

    /// What its probe was answered last since it was launched, and when.
    #[must_use]
    pub const fn last_probe(&self) -> Option<&(Time, Probed)> {
        self.last_probe.as_ref()
    }

    /// What it costs, while it runs.
    #[must_use]
    pub const fn usage(&self) -> Option<UsageView> {
        self.view.usage
    }

    /// The rest.
    #[must_use]
    pub fn view(&self) -> RunView {
        let next_start_at = if let State::Waiting { until } = self.state { Some(until) } else { None };
        RunView { next_start_at, ladder: self.ladder.view(), ..self.view.clone() }
    }
}
