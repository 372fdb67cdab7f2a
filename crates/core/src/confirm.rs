//! From sent to confirmed: whether the registry was *seen* to take a beat.
//!
//! The registry never answers (protocols.md 1.4). What can be seen is its activity stream, which drops events in silence
//! when a subscriber lags, and the record, which has a resolution of one second. So an event confirms at once, and a beat
//! is only called unconfirmed after the record itself was read and had not moved.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// Beats that nobody was able to judge for this long are forgotten rather than judged.
const MAX_PENDING: usize = 16;
/// Slack for comparing our clock with the registry's: both `Date` and the record have whole seconds.
const RESOLUTION_MS: i64 = 2000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    sent_at: Time,
    /// The newest heartbeat that the record was known to have, when this was sent; registry's clock.
    baseline: Option<Time>,
    /// Whether a reading of the record was asked for on its behalf.
    asked: bool,
}

/// The beats of one agent that are on their way.
#[derive(Clone, Debug, Default)]
pub struct Confirmation {
    pending: VecDeque<Pending>,
    newest_known: Option<Time>,
    /// Beats that the record confirmed before their event came: those events are not somebody else's beats.
    events_owed: u32,
    unconfirmed_in_a_row: u32,
}

/// What an accepted beat that we saw in the activity stream was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Ours.
    Confirmed {
        /// When we sent it.
        sent_at: Time,
        /// From sending to seeing.
        round_trip: Duration,
    },
    /// Ours, and the record had told us already.
    KnownAlready,
    /// Not ours.
    Foreign,
}

/// What a reading of the record settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// When the beats were sent that are now confirmed.
    pub confirmed: Vec<Time>,
    /// When the beats were sent that the registry did not take.
    pub unconfirmed: Vec<Time>,
    /// The record moved although we had sent nothing that explains it.
    pub foreign: bool,
}

impl Confirmation {
    /// We sent a beat.
    pub fn sent(&mut self, now: Time) {
        if self.pending.len() == MAX_PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(Pending { sent_at: now, baseline: self.newest_known, asked: false });
    }

    /// An accepted beat showed in the activity stream. `at` is on the registry's clock.
    pub fn seen(&mut self, at: Time, now: Time) -> Seen {
        self.newest_known = self.newest_known.max(Some(at));
        if let Some(pending) = self.pending.pop_front() {
            self.unconfirmed_in_a_row = 0;
            return Seen::Confirmed { sent_at: pending.sent_at, round_trip: now.since(pending.sent_at) };
        }
        if self.events_owed > 0 {
            self.events_owed -= 1;
            return Seen::KnownAlready;
        }
        Seen::Foreign
    }

    /// The record was read; the request for it left at `asked_at`. `last_heartbeat` is on the registry's clock, which is
    /// ahead of ours by `clock_ahead_ms`.
    pub fn record_read(&mut self, asked_at: Time, last_heartbeat: Option<Time>, clock_ahead_ms: i64) -> Settled {
        let mut settled = Settled::default();
        let before = self.newest_known;
        let Some(pending) = self.pending.front().copied() else {
            settled.foreign = matches!((before, last_heartbeat), (Some(before), Some(now)) if whole_seconds(now) > whole_seconds(before));
            self.newest_known = before.max(last_heartbeat);
            return settled;
        };
        self.newest_known = before.max(last_heartbeat);
        let mut next = Some(pending);
        while let Some(pending) = next {
            if pending.sent_at > asked_at {
                break;
            }
            self.pending.pop_front();
            if took(&pending, last_heartbeat, clock_ahead_ms) {
                settled.confirmed.push(pending.sent_at);
                self.events_owed = self.events_owed.saturating_add(1).min(4);
                self.unconfirmed_in_a_row = 0;
            } else {
                settled.unconfirmed.push(pending.sent_at);
                self.unconfirmed_in_a_row = self.unconfirmed_in_a_row.saturating_add(1);
            }
            next = self.pending.front().copied();
        }
        settled
    }

    /// When the record has to be read because no event came, given how long events may take.
    #[must_use]
    pub fn ask_at(&self, settle: Duration) -> Option<Time> {
        self.pending.iter().find(|pending| !pending.asked).map(|pending| pending.sent_at + settle)
    }

    /// The reading was asked for; do not ask again for the beats sent until now.
    pub fn asked(&mut self) {
        for pending in &mut self.pending {
            pending.asked = true;
        }
    }

    /// The reading failed: ask again with the next beat. What is pending stays unjudged.
    pub fn reading_failed(&mut self) {
        for pending in &mut self.pending {
            pending.asked = true;
        }
    }

    /// Beats in a row that the registry did not take.
    #[must_use]
    pub const fn unconfirmed_in_a_row(&self) -> u32 {
        self.unconfirmed_in_a_row
    }

    /// Whether beats are on their way.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The link was lost or stopped: nothing more can be said of what was sent, and the activity stream owes nothing.
    pub fn forget(&mut self) {
        self.pending.clear();
        self.events_owed = 0;
    }
}

fn took(pending: &Pending, last_heartbeat: Option<Time>, clock_ahead_ms: i64) -> bool {
    let Some(last) = last_heartbeat else { return false };
    match pending.baseline {
        Some(baseline) => whole_seconds(last) > whole_seconds(baseline),
        None => last >= pending.sent_at.offset_millis(clock_ahead_ms).offset_millis(-RESOLUTION_MS),
    }
}

const fn whole_seconds(time: Time) -> u64 {
    time.as_millis() / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_millis(1_700_000_000_000 + millis)
    }

    #[test]
    fn an_event_confirms_at_once_and_the_next_one_is_foreign() {
        let mut confirmation = Confirmation::default();
        confirmation.sent(at(0));
        let seen = confirmation.seen(at(5), at(12));
        assert_eq!(seen, Seen::Confirmed { sent_at: at(0), round_trip: Duration::from_millis(12) });
        assert_eq!(confirmation.seen(at(7000), at(7012)), Seen::Foreign);
    }

    #[test]
    fn a_record_that_did_not_move_is_the_only_proof_of_refusal() {
        let mut confirmation = Confirmation::default();
        confirmation.record_read(at(0), Some(at(0)), 0);
        confirmation.sent(at(1000));
        assert_eq!(confirmation.ask_at(Duration::from_secs(3)), Some(at(4000)));
        confirmation.asked();
        assert_eq!(confirmation.ask_at(Duration::from_secs(3)), None);
        let settled = confirmation.record_read(at(4000), Some(at(0)), 0);
        assert_eq!((settled.confirmed.len(), settled.unconfirmed.len()), (0, 1));
        assert_eq!(confirmation.unconfirmed_in_a_row(), 1);
    }

    #[test]
    fn a_lost_event_is_made_good_by_the_record_and_a_late_one_is_not_foreign() {
        let mut confirmation = Confirmation::default();
        confirmation.record_read(at(0), Some(at(0)), 0);
        confirmation.sent(at(30_000));
        let settled = confirmation.record_read(at(33_000), Some(at(30_000)), 0);
        assert_eq!(settled.confirmed, [at(30_000)]);
        assert_eq!(confirmation.seen(at(30_010), at(34_000)), Seen::KnownAlready);
        assert_eq!(confirmation.seen(at(50_000), at(50_010)), Seen::Foreign);
    }

    #[test]
    fn a_reading_says_nothing_of_beats_sent_after_it_was_asked_for() {
        let mut confirmation = Confirmation::default();
        confirmation.record_read(at(0), Some(at(0)), 0);
        confirmation.sent(at(10_000));
        let settled = confirmation.record_read(at(9_000), Some(at(0)), 0);
        assert_eq!(settled, Settled::default());
        assert!(confirmation.is_waiting());
    }

    #[test]
    fn without_a_baseline_the_clock_offset_decides() {
        let mut confirmation = Confirmation::default();
        confirmation.sent(at(100_000));
        // The registry's clock is 40 s ahead: its record of our beat reads 40 s later.
        assert_eq!(confirmation.record_read(at(103_000), Some(at(140_000)), 40_000).confirmed.len(), 1);
        let mut confirmation = Confirmation::default();
        confirmation.sent(at(100_000));
        assert_eq!(confirmation.record_read(at(103_000), Some(at(120_000)), 40_000).unconfirmed.len(), 1);
    }

    #[test]
    fn a_record_that_moves_while_we_are_silent_is_foreign() {
        let mut confirmation = Confirmation::default();
        confirmation.record_read(at(0), Some(at(0)), 0);
        assert!(confirmation.record_read(at(40_000), Some(at(30_000)), 0).foreign);
        assert!(!confirmation.record_read(at(50_000), Some(at(30_000)), 0).foreign);
    }
}
