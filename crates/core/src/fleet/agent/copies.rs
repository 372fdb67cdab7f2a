//! Beats that the registry takes and that are not ours: a second copy of the agent, or another program while we are silent.

use crate::time::Time;
use crate::view::{LinkStateName, ProcessState, Speaker};

use super::{Agent, Change, LATELY};

/// So many beats of others within five minutes are no accident.
const PERSISTS: usize = 3;
/// More of them are not kept.
const KEPT: usize = 16;

impl Agent {
    /// A beat that nobody here sent was seen, and nothing of ours explains it.
    pub(super) fn foreign_beat(&mut self, now: Time, change: &mut Change) {
        change.row = true;
        self.keep_foreign(now);
        self.heard_its_own(now);
        // The registry believes the agent alive, whoever says so.
        if self.link.state != LinkStateName::Open {
            self.confirmed_beat(now, now, change);
        }
    }

    /// A beat was seen that explains itself, unless its own process is at rest here.
    pub(super) fn beat_at_rest(&mut self, at: Time) {
        if self.quiet_from().is_some_and(|from| at > from) {
            self.keep_foreign(at);
        }
    }

    fn keep_foreign(&mut self, at: Time) {
        self.beats.foreign += 1;
        if self.foreign.len() == KEPT {
            self.foreign.pop_front();
        }
        self.foreign.push_back(at);
    }

    /// How many there were within five minutes, and until when that counts; nothing while it may pass.
    pub(super) fn foreign_lately(&self, now: Time) -> Option<(u32, Time)> {
        let lately: Vec<Time> = self.foreign.iter().copied().filter(|at| *at + LATELY > now).collect();
        let newest = &lately[lately.len().checked_sub(PERSISTS)?..];
        // Whoever it is may beat at another interval than ours.
        let slowest = newest.windows(2).map(|pair| pair[1].since(pair[0])).max()?;
        let until = (*newest.last()? + self.settings.interval.max(slowest) * 2).min(*newest.first()? + LATELY);
        (until > now).then(|| (u32::try_from(lately.len()).unwrap_or(u32::MAX), until))
    }

    /// Until when the beats of an agent that beats by itself are those of two copies, when they are.
    pub(super) fn two_rhythms_until(&self, now: Time) -> Option<Time> {
        let beats_itself = self.speaker() == Speaker::Agent;
        self.rhythm.is_double_until(self.pace()).filter(|until| beats_itself && *until > now)
    }

    /// Whether nobody here beats since somebody wants it so: a person, its process that is at rest or not well, or a drill.
    pub(super) fn is_hushed(&self) -> bool {
        // What else its process may be has a cause of its own.
        let held = self.is_held()
            && match self.process_state() {
                ProcessState::NotOurs
                | ProcessState::Unknown
                | ProcessState::Stopped
                | ProcessState::Starting
                | ProcessState::Running
                | ProcessState::Unhealthy
                | ProcessState::NotRunning => true,
                ProcessState::Exited => self.run.as_deref().is_some_and(|run| run.rests()),
                ProcessState::WrongAgent | ProcessState::Stopping | ProcessState::Waiting | ProcessState::GaveUp => {
                    false
                }
            };
        match self.speaker() {
            Speaker::App => self.settings.paused || self.drilled || self.listening || held,
            // Its own process would beat, and nobody asked it to run.
            Speaker::Agent => !self.settings.paused && self.quiet_from().is_some(),
            Speaker::Team => false,
        }
    }
}
