//! Beats: sent, seen, confirmed, foreign.

use crate::confirm::{Confirmed, Seen};
use crate::dialect::Sign;
use crate::history::SpanKind;
use crate::time::Time;
use crate::view::{LinkStateName, Speaker};
use crate::witness::{Activity, BeatRefusal};

use super::{Agent, Change};

impl Agent {
    /// One of our beats was handed to the socket.
    pub(super) fn beat_sent(&mut self, at: Time, now: Time, change: &mut Change) {
        self.connections.sent();
        self.beats.sent += 1;
        self.last_sent = Some(at);
        self.link.next_beat = Some(now + self.settings.interval);
        if let Some(confirmed) = self.confirmation.sent(at) {
            self.our_event_came(confirmed, now, change);
        }
    }

    /// The other side acknowledged a beat, on the connection that it went by: that is proof enough.
    pub(super) fn beat_acked(&mut self, at: Time, now: Time, change: &mut Change) {
        self.link.acked_at = Some(at);
        self.record.is_there();
        self.saw_heartbeat(at, now);
        if let Seen::Confirmed(confirmed) = self.confirmation.seen(at, at) {
            self.our_event_came(confirmed, now, change);
        }
    }

    /// The other side said that it did not take a beat.
    pub(super) fn beat_refused(&mut self, why: BeatRefusal, change: &mut Change) {
        if why == BeatRefusal::Malformed {
            change.sign = Some(Sign::Unreadable);
        }
        self.link.refused = Some(why);
    }

    pub(in crate::fleet) fn activity(&mut self, activity: &Activity, heard_at: Time, now: Time, change: &mut Change) {
        change.row = true;
        match activity {
            Activity::Heartbeat { at, .. } => {
                self.record.is_there();
                self.record.status = Some("active".into());
                // The record has whole seconds, and must not seem to move backwards when it is read next.
                self.saw_heartbeat(Time::from_millis(at.as_millis() / 1000 * 1000), now);
                match self.speaker() {
                    Speaker::Agent => {
                        self.rhythm.beat(heard_at, self.pace());
                        self.counts_again(heard_at);
                        self.beat_at_rest(heard_at);
                        self.confirmed_beat(now, now, change);
                    }
                    Speaker::Team => self.confirmed_beat(now, now, change),
                    Speaker::App => match self.confirmation.seen(*at, heard_at) {
                        Seen::Confirmed(confirmed) => self.our_event_came(confirmed, now, change),
                        Seen::KnownAlready | Seen::Unclaimed => {}
                    },
                }
            }
            Activity::BecameActive { .. } => {
                self.is_announced_anew();
                if self.speaker() == Speaker::Agent {
                    self.rhythm.opened();
                    self.comings.opened(self.pace(), now);
                }
                if self.speaker() != Speaker::App {
                    self.connections.seen_opening(&self.settings.id, self.last_confirmed, now);
                }
            }
            Activity::BecameInactive { .. } => {
                self.record.status = Some("inactive".into());
                self.fell_inactive(now);
            }
            Activity::Registered { .. } | Activity::Deregistered { .. } => change.read_record = true,
            Activity::Connected | Activity::Other => {}
        }
    }

    /// Something is due: a state, a record to read, or a beat that nobody claimed.
    pub(in crate::fleet) fn look(&mut self, now: Time, change: &mut Change) {
        if self.confirmation.ask_at().is_some_and(|ask| ask <= now) {
            self.confirmation.asked(now);
            change.read_record = true;
        }
        if let Some(run) = self.run.as_mut().filter(|run| run.poll_timeout().is_some_and(|due| due <= now)) {
            run.timeout(now);
            change.row = true;
        }
        for _ in 0..self.confirmation.foreign(now) {
            self.foreign_beat(now, change);
        }
    }

    pub(super) fn our_event_came(&mut self, confirmed: Confirmed, now: Time, change: &mut Change) {
        self.round_trip = Some(confirmed.round_trip);
        self.our_beat_confirmed(confirmed.sent_at, now, change);
    }

    pub(super) fn our_beat_confirmed(&mut self, sent_at: Time, now: Time, change: &mut Change) {
        // A beat of the link before may be confirmed late.
        self.confirmed_here |= self.link.state == LinkStateName::Open;
        self.link.attempt = 0;
        self.link.refused = None;
        self.link.unacked = 0;
        change.sign = Some(Sign::Taken { sent_at });
        self.counts_again(sent_at);
        self.connections.confirmed();
        change.confirmed = true;
        self.confirmed_beat(sent_at, now, change);
    }

    pub(super) fn confirmed_beat(&mut self, at: Time, now: Time, change: &mut Change) {
        change.row = true;
        self.beats.confirmed += 1;
        if self.speaker() != Speaker::App {
            self.connections.seen_beating(&self.settings.id, at.min(now));
            self.connections.sent();
            self.connections.confirmed();
        }
        // One of long ago that is seen only now is no sign of recovery.
        if now.since(at) < self.settings.interval * 3 {
            self.good_beats = self.good_beats.saturating_add(1);
        }
        let between = self.missing_because();
        self.strip.beat(SpanKind::Confirmed, at, self.pace() * 3, between);
        self.last_confirmed = self.last_confirmed.max(Some(at.min(now)));
    }
}
