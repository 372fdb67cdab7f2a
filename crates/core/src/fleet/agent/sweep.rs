//! The registry's sweep: when it should have called a silent agent inactive, and whether it did (protocols.md 1.5).

use std::time::Duration;

use crate::fleet::{Context, Registry};
use crate::liveness::{Liveness, SWEEP_SLACK};
use crate::time::Time;
use crate::witness::RecordFacts;

use super::{Agent, Change};

/// The registry's word for an agent that beats.
const ACTIVE: &str = "active";
/// Heartbeats and the registry's clock are known to the second.
const RESOLUTION: Duration = Duration::from_secs(2);

/// What a record last said to the sweep's question.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SweepSeen {
    /// When the newest record was asked for that called it active.
    active_at: Option<Time>,
    /// The heartbeat in it, by the registry's clock.
    last_heartbeat: Option<Time>,
    /// For which sweep the record was asked for.
    asked_for: Option<Time>,
}

impl SweepSeen {
    /// A record was read.
    pub(super) fn read(&mut self, asked_at: Time, facts: &RecordFacts) {
        self.active_at = (facts.status.as_deref() == Some(ACTIVE)).then_some(asked_at);
        self.last_heartbeat = facts.last_heartbeat;
    }
}

impl Agent {
    /// When the registry calls it inactive unless it beats, as far as that is known.
    pub(super) fn next_flip(&self, registry: &Registry, context: Context) -> Option<Time> {
        let thresholds = registry.settings.thresholds.of(self.settings.interval);
        self.record
            .last_heartbeat
            .filter(|_| self.record.registered == Some(true) && !registry.trial.dialect().is_acknowledged())
            .map(|beat| beat.offset_millis(-registry.ahead_of_timeline(context)) + thresholds.inactive_after)
    }

    /// Looks at the record when the sweep should have been over. Answers when that is.
    pub(super) fn await_sweep(
        &mut self,
        registry: &Registry,
        context: Context,
        now: Time,
        change: &mut Change,
    ) -> Option<Time> {
        let flips_at = self.next_flip(registry, context);
        change.row |= flips_at != self.flips_at;
        self.flips_at = flips_at;
        let over = self.sweep_over_at(registry)? + SWEEP_SLACK;
        if over > now {
            return Some(over);
        }
        let seen = &mut self.record.sweep;
        if seen.active_at.is_none_or(|asked| asked < over) && seen.asked_for != Some(over) {
            seen.asked_for = Some(over);
            change.read_record = true;
        }
        None
    }

    /// By how much the sweep is late, when the record was seen to say active after it should have been over.
    pub(super) fn sweep_late_by(&self, registry: &Registry) -> Option<Duration> {
        let over = self.sweep_over_at(registry)?;
        let seen = self.record.sweep;
        let asked = seen.active_at.filter(|asked| *asked >= over + SWEEP_SLACK)?;
        // The record is of before a heartbeat that was heard of since.
        let older = self.record.last_heartbeat > seen.last_heartbeat.map(|read| read + RESOLUTION);
        (!older).then(|| asked.since(over))
    }

    /// When the sweep should have called it inactive at last; nothing unless it is silent and was called active.
    fn sweep_over_at(&self, registry: &Registry) -> Option<Time> {
        let silent = matches!(self.liveness, Liveness::Stale | Liveness::Offline);
        let active = self.record.status.as_deref() == Some(ACTIVE);
        let thresholds = registry.settings.thresholds.of(self.settings.interval);
        let flips_at = self.flips_at.filter(|_| silent && active && registry.settings.bus.is_none())?;
        Some(flips_at + thresholds.sweep)
    }
}
