//! The first witness, when its process is ours.

use crate::history::SpanKind;
use crate::history::usage::UsageBucket;
use crate::supervise::{RunEvent, RunPolicy, Supervisor};
use crate::time::Time;
use crate::view::{ProcessState, ProcessView, Speaker};

use super::{Agent, Change, STOPPED};

impl Agent {
    /// Something happened to its process, or is asked for.
    pub(in crate::fleet) fn run_event(&mut self, event: RunEvent, now: Time, change: &mut Change) {
        let rested = self.process_rests(now);
        let Some(run) = &mut self.run else { return };
        let (started, ended) =
            (matches!(event, RunEvent::Started { reclaimed: false, .. }), matches!(event, RunEvent::TreeEnded));
        let measured = matches!(event, RunEvent::Usage(_));
        run.handle(event, now);
        change.row = true;
        let sample = run.usage().filter(|_| measured);
        if started {
            self.usage.get_or_insert_default().started();
        }
        if let Some(sample) = sample {
            change.usage.extend(self.usage.get_or_insert_default().take(&sample).into_iter().flatten());
        }
        if ended {
            change.usage.extend(self.usage_rest());
        }
        if rested && !self.process_rests(now) {
            self.strip.gap(SpanKind::NotRunning, STOPPED, self.strip.end(), now);
            // Silence while nobody asked it to run was asked for.
            self.last_confirmed = self.last_confirmed.map(|_| now);
        }
    }

    /// What its process cost and was not kept yet.
    pub(in crate::fleet) fn usage_rest(&mut self) -> Option<UsageBucket> {
        self.usage.as_mut().and_then(|usage| usage.rest())
    }

    /// Its supervisor, when its process is ours.
    pub(in crate::fleet) fn supervisor(&self) -> Option<&Supervisor> {
        self.run.as_deref()
    }

    /// Those that it depends on are ready, or not.
    pub(in crate::fleet) fn needs_are_met(&mut self, met: bool, now: Time) {
        if let Some(run) = &mut self.run {
            run.needs_are_met(met, now);
        }
    }

    /// Its process is to be kept so, or is no longer ours.
    pub(super) fn keep_running(&mut self, policy: Option<&RunPolicy>, now: Time) {
        match (&mut self.run, policy) {
            (Some(run), Some(policy)) => run.follow(policy.clone(), now),
            (None, Some(policy)) => {
                // Of equal agents each waits for another time.
                let seed = self
                    .settings
                    .id
                    .as_str()
                    .bytes()
                    .fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
                self.run = Some(Box::new(Supervisor::new(policy.clone(), seed, now)));
            }
            (_, None) => self.run = None,
        }
    }

    /// What its process comes to, after whatever changed.
    pub(super) fn settle_run(&mut self, now: Time, change: &mut Change) {
        let (missing, beat) = (self.liveness.is_missing(), self.last_confirmed);
        let Some(run) = &mut self.run else { return };
        run.judge(missing, beat, now);
        change.run.extend(std::iter::from_fn(|| run.poll_action()));
        change.row |= !change.run.is_empty();
    }

    /// Whether its silence is asked for: its process was stopped by a person, or was never started, and nobody else
    /// beats for it.
    pub(super) fn process_rests(&self, now: Time) -> bool {
        let Some(quiet_from) = self.quiet_from() else { return false };
        match self.speaker() {
            // One stray beat is nobody who beats for it.
            Speaker::App | Speaker::Agent => self.foreign_lately(now).is_none(),
            Speaker::Team => self.last_confirmed.is_none_or(|beat| beat <= quiet_from),
        }
    }

    /// From when on a beat is not its own process's, while that is stopped, was never started, or ended well.
    pub(super) fn quiet_from(&self) -> Option<Time> {
        // Whoever asked for beats without truth gets them.
        let bold = self.speaker() != Speaker::Agent && !self.settings.truthful;
        let run = self.run.as_deref().filter(|run| run.rests() && !bold)?;
        Some(run.state().1 + self.settings.interval)
    }

    pub(super) fn process_state(&self) -> ProcessState {
        self.run.as_ref().map_or(self.process.state, |run| run.state().0)
    }

    pub(super) fn process_detail(&self) -> String {
        self.run.as_ref().map_or_else(|| self.process.detail.clone(), |run| run.detail())
    }

    pub(super) fn process_clock(&self) -> Option<i64> {
        self.run.as_ref().map_or(self.process.clock_ahead_ms, |run| run.clock_ahead_ms())
    }

    pub(super) fn process_since(&self) -> Option<Time> {
        self.run.as_ref().map_or(self.process_since, |run| Some(run.state().1))
    }

    pub(super) fn process_view(&self) -> ProcessView {
        ProcessView {
            state: self.process_state(),
            since: self.process_since(),
            clock_ahead_ms: self.process_clock(),
            detail: self.process_detail(),
            run: self.run.as_ref().map(|run| Box::new(run.view())),
        }
    }
}
