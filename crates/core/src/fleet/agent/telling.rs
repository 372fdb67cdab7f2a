//! Whom a change is told: the history, and the desk.

use crate::alert::Sighting;
use crate::fleet::Registry;
use crate::history::{AgentMemory, Transition};
use crate::liveness::Liveness;
use crate::notice;
use crate::time::Time;

use super::{Agent, Change};

impl Agent {
    /// As the desk sees it.
    pub(in crate::fleet) fn sighting<'a>(&'a self, registry: &Registry) -> Sighting<'a> {
        Sighting {
            id: &self.settings.id,
            name: &self.settings.name,
            registry: &self.settings.registry,
            remote: registry.settings.remote,
            liveness: self.liveness,
            cause: self.verdict.code,
            sentence: &self.verdict.sentence,
            last_beat: self.last_confirmed,
            good_beats: self.good_beats,
            grace_until: self.grace_until,
            calls: self.run.as_ref().is_some_and(|run| run.calls()),
            rules: &self.settings.alerts,
        }
    }

    /// The last confirmed beat.
    pub(in crate::fleet) const fn last_confirmed(&self) -> Option<Time> {
        self.last_confirmed
    }

    /// Its silence is asked for, or no longer.
    pub(in crate::fleet) const fn drill(&mut self, on: bool) {
        self.drilled = on;
    }

    /// It is silent so that others can be heard, or no longer.
    pub(in crate::fleet) const fn set_listening(&mut self, on: bool) {
        self.listening = on;
    }

    /// Has a change of state kept, and what a later run must know of it.
    pub(super) fn record_turn(&self, from: Liveness, now: Time, change: &mut Change) {
        if notice::worth_recording(from, self.liveness) {
            change.transition = Some(Transition {
                agent: self.settings.id.clone(),
                at: now,
                from,
                to: self.liveness,
                cause: self.verdict.code.to_owned(),
                sentence: self.verdict.sentence.clone(),
                // The desk will say.
                counts: false,
            });
        }
        change.memory = Some(AgentMemory {
            agent: self.settings.id.clone(),
            liveness: self.liveness,
            since: self.since,
            last_confirmed_at: self.last_confirmed,
        });
    }
}
