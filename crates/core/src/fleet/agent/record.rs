//! The third witness: the registry's record.

use std::time::Duration;

use crate::confirm::{Reading, Settled};
use crate::dialect::Sign;
use crate::failure::Fatal;
use crate::history::SpanKind;
use crate::time::{Time, millis};
use crate::view::{LinkStateName, Speaker};
use crate::wire::zynd::MAX_CLOCK_SKEW;
use crate::witness::{Absence, RecordFacts};

use super::sweep::SweepSeen;
use super::{Agent, Change};

/// What the record last said.
#[derive(Default)]
pub(super) struct RecordSeen {
    pub(super) registered: Option<bool>,
    /// Why not, when it is known not to be.
    pub(super) absence: Absence,
    /// Whether it ever was, since the program began.
    was_there: bool,
    pub(super) key_matches: Option<bool>,
    pub(super) status: Option<String>,
    pub(super) last_heartbeat: Option<Time>,
    pub(super) seen_at: Option<Time>,
    /// The sweep that is waited for.
    pub(super) sweep: SweepSeen,
}

impl RecordSeen {
    /// The registry knows it.
    pub(super) fn is_there(&mut self) {
        self.registered = Some(true);
        self.absence = Absence::default();
        self.was_there = true;
    }
}

impl Agent {
    pub(in crate::fleet) fn record_read(
        &mut self,
        asked_at: Time,
        facts: Option<RecordFacts>,
        clock_ahead_ms: i64,
        now: Time,
        change: &mut Change,
    ) {
        change.row = true;
        let absence = facts.as_ref().map_or(Some(Absence::default()), RecordFacts::absence);
        let Some(facts) = facts.filter(|_| absence.is_none()) else {
            self.is_absent(absence.unwrap_or_default(), now, change);
            return;
        };
        let was = (self.record.registered, self.record.key_matches);
        self.record.is_there();
        self.record.key_matches = facts.public_key.map(|key| self.settings.id.belongs_to(&key));
        self.record.status.clone_from(&facts.status);
        if let Some(last) = facts.last_heartbeat {
            self.saw_heartbeat(last, now);
        }
        self.record.seen_at = Some(now);
        self.record.sweep.read(asked_at, &facts);
        // A record of before a beat that was seen since says nothing of now.
        if facts.status.as_deref() == Some("inactive") && facts.last_heartbeat >= self.record.last_heartbeat {
            self.fell_inactive(asked_at);
        }
        if self.record.key_matches == Some(false) {
            if was.1 != Some(false) {
                change.block = Some(Fatal::KeyMismatch);
            }
        } else if was.0 == Some(false) || was.1 == Some(false) {
            change.unblock = true;
        }
        self.record_beats(asked_at, &facts, clock_ahead_ms, now, change);
    }

    /// There is no record that its beats could count for.
    fn is_absent(&mut self, why: Absence, now: Time, change: &mut Change) {
        let was = &self.record;
        if was.registered != Some(false) && self.speaker() == Speaker::App {
            change.block = Some(Fatal::NotRegistered);
        }
        let absence = match why {
            // What is gone stays gone, however often it is looked for.
            Absence::Unknown if matches!(was.absence, Absence::Deleted { .. }) => was.absence.clone(),
            Absence::Unknown if was.was_there => {
                Absence::Deleted { while_open: self.link.state == LinkStateName::Open }
            }
            absence @ (Absence::Unknown
            | Absence::Deleted { .. }
            | Absence::ByGossip { .. }
            | Absence::Tombstoned { .. }) => absence,
        };
        self.record = RecordSeen {
            registered: Some(false),
            absence,
            was_there: was.was_there,
            seen_at: Some(now),
            ..RecordSeen::default()
        };
        self.confirmation.forget();
    }

    fn record_beats(
        &mut self,
        asked_at: Time,
        facts: &RecordFacts,
        clock_ahead_ms: i64,
        now: Time,
        change: &mut Change,
    ) {
        let settled = match self.speaker() {
            Speaker::App => self.confirmation.record_read(&Reading {
                asked_at,
                answered_at: now,
                last_heartbeat: facts.last_heartbeat,
                just_registered: facts.last_real_beat().is_none(),
                clock_ahead_ms,
            }),
            Speaker::Agent | Speaker::Team => Settled::default(),
        };
        for sent_at in &settled.confirmed {
            self.our_beat_confirmed(*sent_at, now, change);
        }
        for sent_at in &settled.unconfirmed {
            self.beats.unconfirmed += 1;
            let between = self.missing_because();
            self.strip.beat(SpanKind::Unconfirmed, *sent_at, self.settings.interval * 3, between);
        }
        let clock_is_right = clock_ahead_ms.unsigned_abs() < millis(MAX_CLOCK_SKEW);
        if !settled.unconfirmed.is_empty() && clock_is_right && self.record.key_matches != Some(false) {
            change.sign = Some(Sign::Unmoved);
        }
        if settled.unclaimed {
            return;
        }
        // A real beat that nobody saw happen: of an earlier run, of the agent itself, or while the stream was down.
        let seen = facts.last_real_beat().map(|beat| beat.offset_millis(-clock_ahead_ms).min(now));
        let Some(beat) = seen.filter(|beat| settled.confirmed.is_empty() && self.is_news(*beat)) else { return };
        if self.speaker() == Speaker::App && self.confirmation.is_waiting() {
            // Which of our beats that was will be seen; that it lives is seen now.
            self.last_confirmed = self.last_confirmed.max(Some(beat));
        } else {
            self.beat_at_rest(beat);
            self.confirmed_beat(beat, now, change);
        }
    }

    /// Whether a beat read from a record, with its whole seconds, is later than the last one we know.
    fn is_news(&self, beat: Time) -> bool {
        self.last_confirmed.is_none_or(|last| beat > last + Duration::from_secs(2))
    }

    pub(super) fn saw_heartbeat(&mut self, at: Time, now: Time) {
        self.record.last_heartbeat = self.record.last_heartbeat.max(Some(at));
        self.record.seen_at = Some(now);
    }
}
