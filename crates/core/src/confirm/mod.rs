//! From sent to confirmed: whether the registry was *seen* to take a beat.
//!
//! The registry never answers (protocols.md 1.4). What can be seen is its activity stream, which drops events in silence
//! when a subscriber lags, and the record, which has a resolution of one second. So an event confirms at once, and a beat
//! is only called unconfirmed after the record itself was read, late enough, and had not moved.
//!
//! The word of a beat, its event and the record come by three ways of different length, so each may overtake the others.
//! Whatever comes first waits for the rest; nothing is called somebody else's beat before that wait is over.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// Beats that nobody was able to judge are forgotten, oldest first, when there are more.
const MAX_PENDING: usize = 16;
/// More events than this are not waited for at once.
const MAX_OWED: usize = 8;
/// Slack for comparing our clock with the registry's: both `Date` and the record have whole seconds.
const RESOLUTION_MS: i64 = 2000;
/// How long an event of the activity stream may take before the record is read instead.
const SETTLE: Duration = Duration::from_secs(3);
/// How long the event of a beat that is judged already may still come.
const OWED_FOR: Duration = Duration::from_secs(10);
/// How long an event waits for the word of a beat that explains it.
const CLAIMED_WITHIN: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    sent_at: Time,
    /// The newest heartbeat that the record was known to have, when this was sent; registry's clock.
    baseline: Option<Time>,
    /// Whether a reading of the record was asked for on its behalf.
    asked: bool,
    /// Its link was lost since: it may have arrived or not, so it can be confirmed but not refused.
    adrift: bool,
    /// Another one went down with an earlier link: if that arrived, the record moves by it, and not by this one.
    after_adrift: bool,
}

/// The newest heartbeat that is known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    /// By the registry's clock.
    at: Time,
    /// By ours.
    learned_at: Time,
    /// The newest that was known before.
    before: Option<Time>,
}

/// A beat that somebody was seen to have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unclaimed {
    seen_at: Time,
    /// The record's second, when it was the record that told; its event may follow.
    second: Option<u64>,
}

/// A reading of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// When the request for it left.
    pub asked_at: Time,
    /// When it was answered.
    pub answered_at: Time,
    /// The newest heartbeat, on the registry's clock.
    pub last_heartbeat: Option<Time>,
    /// Whether that is no beat, but the time of registration.
    pub just_registered: bool,
    /// How far the registry's clock is ahead of ours, in milliseconds.
    pub clock_ahead_ms: i64,
}

/// The beats of one agent that are on their way.
#[derive(Clone, Debug)]
pub struct Confirmation {
    interval: Duration,
    /// Sent and not judged yet, oldest first.
    pending: VecDeque<Pending>,
    /// When beats were sent whose events may still come although nobody waits for them, oldest first: those events are not
    /// somebody else's beats.
    owed: VecDeque<Time>,
    /// Beats that were seen and that none of ours explains yet, oldest first.
    unclaimed: VecDeque<Unclaimed>,
    known: Option<Known>,
    last_sent: Option<Time>,
    unconfirmed_in_a_row: u32,
}

/// What an accepted beat that we saw in the activity stream was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Ours.
    Confirmed(Confirmed),
    /// Ours, and the record had told us already.
    KnownAlready,
    /// Nobody's so far: [`Confirmation::sent`] may claim it, or [`Confirmation::foreign`] tells in time.
    Unclaimed,
}

/// One of our beats that the registry was seen to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// When we sent it.
    pub sent_at: Time,
    /// From sending to seeing.
    pub round_trip: Duration,
}

/// What a reading of the record settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// When the beats were sent that are now confirmed.
    pub confirmed: Vec<Time>,
    /// When the beats were sent that the registry did not take.
    pub unconfirmed: Vec<Time>,
    /// The record moved although we had sent nothing that explains it, as far as we know: [`Confirmation::foreign`] tells
    /// in time.
    pub unclaimed: bool,
}

/// What the record says of one beat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Taken,
    Refused,
    /// It cannot be told from an earlier one of the same second; the next beat will tell.
    Open,
}

impl Confirmation {
    /// Nothing is on its way. The interval is the one between two beats.
    #[must_use]
    pub const fn new(interval: Duration) -> Self {
        Self {
            interval,
            pending: VecDeque::new(),
            owed: VecDeque::new(),
            unclaimed: VecDeque::new(),
            known: None,
            last_sent: None,
            unconfirmed_in_a_row: 0,
        }
    }

    /// The agent beats at another pace from now on.
    pub const fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// We sent a beat. Answers its confirmation when its event came before this word of it.
    pub fn sent(&mut self, sent_at: Time) -> Option<Confirmed> {
        self.last_sent = Some(sent_at);
        if let Some(place) = self.unclaimed.iter().position(|unclaimed| unclaimed.seen_at >= sent_at)
            && let Some(unclaimed) = self.unclaimed.remove(place)
        {
            if unclaimed.second.is_some() {
                self.owe(sent_at);
            }
            return Some(self.confirm(sent_at, unclaimed.seen_at));
        }
        // What went down with an earlier link is not waited for any more, but its event may still come.
        let mut after_adrift = false;
        while let Some(adrift) = self.pending.pop_front_if(|pending| pending.adrift) {
            self.owe(adrift.sent_at);
            after_adrift = true;
        }
        if self.pending.len() == MAX_PENDING {
            self.pending.pop_front();
        }
        let baseline = self.known_at(sent_at);
        self.pending.push_back(Pending { sent_at, baseline, asked: false, adrift: false, after_adrift });
        None
    }

    /// An accepted beat showed in the activity stream: `at` by the registry's clock, `seen_at` by ours.
    pub fn seen(&mut self, at: Time, seen_at: Time) -> Seen {
        self.learn(Some(at), seen_at);
        // An event that the stream dropped is not owed for ever: it would take the place of the next.
        let owed_for = OWED_FOR.min(self.interval * 3 / 4);
        while self.owed.front().is_some_and(|sent_at| *sent_at + owed_for < seen_at) {
            self.owed.pop_front();
        }
        // What is owed may never come, so a beat that waits goes first: should both come, the counts agree in the end.
        if let Some(pending) = self.pending.pop_front_if(|pending| pending.sent_at <= seen_at) {
            return Seen::Confirmed(self.confirm(pending.sent_at, seen_at));
        }
        if self.owed.pop_front_if(|sent_at| *sent_at <= seen_at).is_some() {
            return Seen::KnownAlready;
        }
        let told_by_record = self.unclaimed.iter_mut().find(|unclaimed| unclaimed.second == Some(whole_seconds(at)));
        match told_by_record {
            Some(unclaimed) => unclaimed.second = None,
            None => self.hold(Unclaimed { seen_at, second: None }),
        }
        Seen::Unclaimed
    }

    /// As [`seen`](Self::seen), where `at` is when the beat was sent and no record tells what became of the others: what was
    /// sent clearly before is not waited for any more, or every later event would be taken for the one before it.
    pub fn seen_with_its_time(&mut self, at: Time, seen_at: Time) -> Seen {
        let half = self.interval / 2;
        // A clock that was set says nothing.
        let clocks_agree = at <= seen_at + half && seen_at <= at + half;
        while clocks_agree && self.pending.pop_front_if(|pending| pending.sent_at + half < at).is_some() {}
        self.seen(at, seen_at)
    }

    /// The record was read.
    pub fn record_read(&mut self, reading: &Reading) -> Settled {
        let Reading { asked_at, last_heartbeat, .. } = *reading;
        let before = self.known.map(|known| known.at);
        self.learn(last_heartbeat, reading.answered_at);
        let mut settled = Settled::default();
        if self.pending.is_empty() {
            if let Some(second) = self.moved_by_others(before, reading) {
                self.hold(Unclaimed { seen_at: reading.answered_at, second: Some(second) });
                settled.unclaimed = true;
            }
            return settled;
        }
        let asked_for = self.pending.iter().take_while(|pending| pending.sent_at <= asked_at).count();
        let judge = |(place, pending): (usize, &Pending)| judge(pending, place == 0, reading);
        let judged: Vec<Judgement> = self.pending.iter().take(asked_for).enumerate().map(judge).collect();

        // The record knows the newest beat only; what was sent before one that was taken, on the same socket, was too.
        if let Some(newest) = judged.iter().rposition(|judgement| *judgement == Judgement::Taken) {
            settled.confirmed = self.pending.drain(..=newest).map(|pending| pending.sent_at).collect();
            for sent_at in &settled.confirmed {
                self.owe(*sent_at);
            }
            // That movement is explained, and proves nothing of the others.
            for other in self.pending.iter_mut().take(asked_for - settled.confirmed.len()) {
                other.baseline = other.baseline.max(last_heartbeat);
            }
            self.unconfirmed_in_a_row = 0;
            return settled;
        }
        let late_enough = asked_at - self.settle();
        let refused = judged.iter().enumerate().rposition(|(place, judgement)| {
            *judgement == Judgement::Refused && self.pending.get(place).is_some_and(|beat| beat.sent_at <= late_enough)
        });
        if let Some(newest) = refused {
            for pending in self.pending.drain(..=newest).filter(|pending| !pending.adrift) {
                settled.unconfirmed.push(pending.sent_at);
                self.unconfirmed_in_a_row = self.unconfirmed_in_a_row.saturating_add(1);
            }
        }
        settled
    }

    /// When the record has to be read because no event came.
    #[must_use]
    pub fn ask_at(&self) -> Option<Time> {
        self.pending.iter().find(|pending| !pending.asked).map(|pending| pending.sent_at + self.settle())
    }

    /// The record is being asked for; do not ask again for the beats that are due for it. A reading that fails is made
    /// good by the one for the next beat.
    pub fn asked(&mut self, now: Time) {
        let settle = self.settle();
        for pending in self.pending.iter_mut().filter(|pending| pending.sent_at + settle <= now) {
            pending.asked = true;
        }
    }

    /// When [`Self::foreign`] has something to tell, unless a beat claims it first.
    #[must_use]
    pub fn foreign_at(&self) -> Option<Time> {
        self.unclaimed.front().map(|unclaimed| unclaimed.seen_at + CLAIMED_WITHIN)
    }

    /// How many events turned out to be of somebody else's beats.
    pub fn foreign(&mut self, now: Time) -> u32 {
        let mut foreign = 0;
        while self.unclaimed.pop_front_if(|unclaimed| unclaimed.seen_at + CLAIMED_WITHIN <= now).is_some() {
            foreign += 1;
        }
        foreign
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

    /// The link was lost or stopped: what was sent last may never have arrived, and is not held against the registry.
    pub fn link_lost(&mut self) {
        for pending in &mut self.pending {
            pending.adrift = true;
            pending.asked = true;
        }
    }

    /// Nothing can be said any more of what was sent, and the activity stream owes nothing.
    pub fn forget(&mut self) {
        self.pending.clear();
        self.owed.clear();
        self.unclaimed.clear();
    }

    fn confirm(&mut self, sent_at: Time, seen_at: Time) -> Confirmed {
        self.unconfirmed_in_a_row = 0;
        Confirmed { sent_at, round_trip: seen_at.since(sent_at) }
    }

    fn learn(&mut self, newest: Option<Time>, now: Time) {
        let before = self.known.map(|known| known.at);
        if let Some(at) = newest.filter(|newest| Some(*newest) > before) {
            self.known = Some(Known { at, learned_at: now, before });
        }
    }

    /// The newest heartbeat that was known of at that time: what was learned since may be the very beat that was sent then.
    fn known_at(&self, sent_at: Time) -> Option<Time> {
        self.known.and_then(|known| if known.learned_at <= sent_at { Some(known.at) } else { known.before })
    }

    fn owe(&mut self, sent_at: Time) {
        if self.owed.len() == MAX_OWED {
            self.owed.pop_front();
        }
        self.owed.push_back(sent_at);
    }

    fn settle(&self) -> Duration {
        SETTLE.min(self.interval / 2)
    }

    fn hold(&mut self, unclaimed: Unclaimed) {
        if self.unclaimed.len() == MAX_PENDING {
            self.unclaimed.pop_front();
        }
        self.unclaimed.push_back(unclaimed);
    }

    /// The record's second, when it moved by a beat that cannot be our last one.
    fn moved_by_others(&self, before: Option<Time>, reading: &Reading) -> Option<u64> {
        let last = reading.last_heartbeat.filter(|_| !reading.just_registered)?;
        let ours_until =
            self.last_sent.map(|sent_at| sent_at.offset_millis(reading.clock_ahead_ms) + CLAIMED_WITHIN + SETTLE);
        let moved = whole_seconds(last) > whole_seconds(before?);
        (moved && ours_until.is_none_or(|ours| last > ours)).then_some(whole_seconds(last))
    }
}

fn judge(pending: &Pending, oldest: bool, reading: &Reading) -> Judgement {
    let Some(last) = reading.last_heartbeat else { return Judgement::Refused };
    let expected = pending.sent_at.offset_millis(reading.clock_ahead_ms);
    let reaches = last >= expected.offset_millis(-RESOLUTION_MS);
    // A record that is far ahead of the beat is not its second; the registry's clocks disagree, or one was set.
    let near = reaches && last <= expected.offset_millis(RESOLUTION_MS) + SETTLE;
    match pending.baseline {
        None if reaches && !reading.just_registered => Judgement::Taken,
        None if near => Judgement::Open,
        // Of several, an earlier one may have moved the record; of the oldest, movement itself is proof, whatever the
        // clocks say, unless one that was given up may have done it.
        Some(baseline)
            if whole_seconds(last) > whole_seconds(baseline) && (reaches || oldest && !pending.after_adrift) =>
        {
            Judgement::Taken
        }
        Some(baseline) if near && whole_seconds(last) == whole_seconds(baseline) => Judgement::Open,
        Some(_) | None => Judgement::Refused,
    }
}

const fn whole_seconds(time: Time) -> u64 {
    time.as_millis() / 1000
}

#[cfg(test)]
mod tests;
