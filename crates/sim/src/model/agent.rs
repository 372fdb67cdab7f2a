//! One agent of the model.

use beatkeeper_core::alert::{AlertRules, Level};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::notice::NoticeKind;
use beatkeeper_core::time::Time;

use super::{SLACK, START, Silence};
use crate::plan::{AgentPlan, HOUR, Plan};

/// A change between beating and missing.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at: u64,
    /// Whether it counts: only if somebody could tell.
    counts: Counts,
}

/// Whether a change counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Yes,
    No,
    /// It did not, but the history, which is all that a later run of the app has, does not say so.
    Perhaps,
}

/// An outage that goes on.
#[derive(Clone, Debug)]
pub struct Episode {
    /// When the app opened it.
    pub opened_at: u64,
    /// The worst that a person was told, and not of its flapping.
    pub told: Option<NoticeKind>,
    /// When anything was told last.
    pub told_at: Option<u64>,
    /// A person knows.
    pub acknowledged_until: Option<u64>,
    /// It is left over from an earlier run of the app.
    pub recalled: bool,
    /// The person was told that it flaps, and of nothing since.
    pub flapping_told: bool,
    /// What the person was told of is hidden by flapping.
    pub flaps: bool,
}

/// One agent.
#[derive(Debug)]
pub struct Agent {
    pub rules: AlertRules,
    pub remote: bool,
    late: u64,
    stale: u64,
    offline: u64,
    interval: u64,
    /// Stopped by a person.
    pub stopped: bool,
    /// Removed by a person, and so stopped.
    pub removed: bool,
    /// The newest beat that was shown: its number, and its time.
    pub number: u64,
    pub last: Option<u64>,
    /// What its record said when it was read last, by the registry's clock.
    pub record: Option<Time>,
    pub missing: bool,
    /// It was shown beating: only then going missing is a change.
    met: bool,
    /// Shown since it was missing: at least, at most.
    pub good: (u64, u64),
    pub snoozed_until: Option<u64>,
    pub starting_until: u64,
    turns: Vec<Turn>,
    /// Whether its going missing counted.
    gone: Counts,
    /// What a kept beat may be dated too late.
    vague: u64,
    /// As bad as it was when the app ended.
    kept_bad: u8,
    bad_since: Option<u64>,
    pub episode: Option<Episode>,
    /// Since when something must be told, opened, or ended that is not.
    pub owed: Option<(u64, &'static str)>,
}

impl Agent {
    pub fn new(plan: &Plan, entry: &AgentPlan) -> Self {
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(0);
        let registry = &plan.registries[entry.registry];
        let thresholds = registry.thresholds.of(entry.settings.interval);
        let interval = millis(entry.settings.interval);
        let late = thresholds.late.map_or(interval * 3, |late| millis(late).max(interval + interval / 2));
        Self {
            rules: AlertRules::clone(&entry.settings.alerts),
            remote: registry.remote,
            late: late.min(millis(thresholds.stale)),
            stale: millis(thresholds.stale),
            offline: millis(thresholds.offline),
            interval,
            stopped: false,
            removed: false,
            number: 0,
            last: None,
            record: None,
            missing: false,
            met: false,
            good: (0, 0),
            snoozed_until: None,
            starting_until: 0,
            turns: Vec::new(),
            gone: Counts::Yes,
            vague: 0,
            kept_bad: 0,
            bad_since: None,
            episode: None,
            owed: None,
        }
    }

    pub fn app_starts(&mut self, before: u64, now: u64) {
        // Only a beat brings it back, and no clock.
        self.kept_bad = if self.missing { self.badness(self.silence(before)) } else { 0 };
        // Nobody can be shown a beat of the future: then the clock had been wrong.
        self.last = self.last.map(|last| last.min(now));
        self.starting_until = if self.last.is_some() { now + self.interval + START } else { 0 };
        self.bad_since = None;
        self.owed = None;
        self.good = (0, 0);
        self.vague = self.interval;
        // What is still to come was told by a clock that was set back; a later run finds it again.
        self.turns.iter_mut().filter(|turn| turn.at > now).for_each(|turn| turn.counts = Counts::Perhaps);
        if let Some(episode) = &mut self.episode {
            episode.recalled = true;
            // Nobody knows when the last reminder was.
            episode.told_at = episode.told_at.map(|_| now);
        }
    }

    pub fn stop(&mut self, stopped: bool, now: u64) {
        if self.stopped && !stopped {
            // Silence while stopped was asked for.
            self.last = self.last.map(|_| now);
        }
        self.stopped = stopped;
        self.kept_bad = 0;
        if stopped {
            self.bad_since = None;
            self.missing = false;
            // The history still has them.
            self.turns.iter_mut().for_each(|turn| turn.counts = Counts::No);
        }
    }

    pub fn shown(&mut self, number: u64, beat: u64, now: u64, sure: bool, could_tell: bool) {
        let new = number.saturating_sub(self.number);
        self.number = self.number.max(number);
        self.last = self.last.max(Some(beat.min(now)));
        self.good = (self.good.0 + if sure { new.min(1) } else { 0 }, self.good.1 + new.max(1));
        if self.missing && !self.stopped && self.silence(now) < self.late {
            self.missing = false;
            // Its return counts as its going did.
            let counts = if could_tell { self.gone } else { Counts::No };
            self.turns.push(Turn { at: now, counts });
        }
        self.vague = 0;
        if sure {
            self.kept_bad = 0;
        }
        self.met |= self.silence(now) < self.late;
        if self.silence(now) >= self.late {
            // It was long ago, and is no sign of recovery.
            self.good = (0, 0);
        }
    }

    pub fn silence(&self, now: u64) -> u64 {
        self.last.map_or(0, |last| now.saturating_sub(last))
    }

    /// What a silence of that length is called, at least or at most.
    pub fn badness(&self, silence: u64) -> u8 {
        let named = if silence >= self.offline {
            Liveness::Offline.badness()
        } else if silence >= self.stale {
            Liveness::Stale.badness()
        } else if silence >= self.late {
            Liveness::Late.badness()
        } else {
            0
        };
        named.max(self.kept_bad)
    }

    pub const fn level(&self) -> Option<u8> {
        match self.rules.level {
            Level::Late => Some(Liveness::Late.badness()),
            Level::Stale => Some(Liveness::Stale.badness()),
            Level::Offline => Some(Liveness::Offline.badness()),
            Level::Never => None,
        }
    }

    /// Changes within the rule's time: those that surely count, and those that may.
    pub fn changes(&self, now: u64) -> (u64, u64) {
        let within = u64::try_from(self.rules.flapping.within.as_millis()).unwrap_or(0);
        let (mut sure, mut may) = (0, 0);
        for turn in &self.turns {
            sure += u64::from(turn.counts == Counts::Yes && turn.at + within > now + SLACK);
            may += u64::from(turn.counts != Counts::No && turn.at + within + SLACK > now);
        }
        (sure, may)
    }

    /// Draws what holds now, and notes what is owed.
    pub fn look(&mut self, now: u64, blind: bool, held: bool, silenced: Silence) {
        if self.snoozed_until.is_some_and(|until| until <= now) {
            self.snoozed_until = None;
        }
        if let Some(episode) = &mut self.episode
            && episode.acknowledged_until.is_some_and(|until| until <= now)
        {
            episode.acknowledged_until = None;
        }
        let silence = self.silence(now);
        if !self.stopped && !held && !self.missing && silence >= self.late {
            self.missing = true;
            self.gone = if blind { Counts::No } else { Counts::Yes };
            if self.met {
                self.turns.push(Turn { at: now, counts: self.gone });
            }
        }
        if silence >= self.late {
            self.good = (0, 0);
        }
        let within = u64::try_from(self.rules.flapping.within.as_millis()).unwrap_or(0);
        // A clock may be set back by so much, and they are of the day again.
        self.turns.retain(|turn| turn.at + within + 3 * HOUR > now);
        self.settle(now);
        if !self.is_bad(now) {
            self.bad_since = None;
        } else if !blind && self.is_bad(now.saturating_sub(self.vague)) {
            self.bad_since.get_or_insert(now);
        }
        let owes = self.owes(now, blind, silenced);
        self.owed = match (owes, self.owed) {
            (Some(what), Some((since, was))) if what == was => Some((since, was)),
            (Some(what), _) => Some((now, what)),
            (None, _) => None,
        };
    }

    /// Whether it is missing for long enough for its rule.
    pub fn is_bad(&self, now: u64) -> bool {
        let badness = self.badness(self.silence(now));
        !self.stopped && self.missing && self.level().is_some_and(|level| badness >= level)
    }

    /// Flapping comes to an end.
    fn settle(&mut self, now: u64) {
        let (sure, may) = self.changes(now);
        let rule = u64::from(self.rules.flapping.changes);
        let Some(episode) = &mut self.episode else { return };
        if episode.flaps && sure * 2 <= rule && may * 2 <= rule {
            episode.flaps = false;
        }
    }

    /// What must have been done by now.
    fn owes(&self, now: u64, blind: bool, silenced: Silence) -> Option<&'static str> {
        let (sure, may) = self.changes(now);
        let rule = u64::from(self.rules.flapping.changes);
        let flaps = rule > 0 && self.level().is_some() && sure >= rule && !blind;
        let may_flap = rule > 0 && may * 2 > rule;
        let grace = u64::try_from(self.rules.grace.as_millis()).unwrap_or(0);
        let long = self.bad_since.is_some_and(|since| now >= since + grace);
        let quiet = silenced != Silence::None || self.snoozed_until.is_some();
        if self.stopped {
            return self.episode.as_ref().map(|_| "an incident goes on although its agent is stopped");
        }
        let Some(episode) = &self.episode else {
            if flaps {
                return Some("it flaps, and there is no incident");
            }
            return (!blind && long).then_some("it is missing, and there is no incident");
        };
        if flaps && !episode.flaps {
            return Some("it flaps, and its incident does not say so");
        }
        if !self.missing && !episode.flaps && self.good.0 >= u64::from(self.rules.good_beats) && self.last.is_some() {
            return (!may_flap).then_some("it beats again, and its incident goes on");
        }
        if blind || quiet || episode.acknowledged_until.is_some() {
            return None;
        }
        if episode.flaps {
            return (!episode.flapping_told && flaps).then_some("it flaps, and nobody was told");
        }
        let told = episode.told.and_then(super::Model::is_told).unwrap_or(0);
        let bad = self.bad_since.is_some() && self.is_bad(now);
        if bad && self.badness(self.silence(now).saturating_sub(self.vague)) > told && !may_flap {
            return Some("it is missing, and nobody was told");
        }
        let every = self.rules.remind_every.map(|every| u64::try_from(every.as_millis()).unwrap_or(u64::MAX));
        let due = every.zip(episode.told_at).is_some_and(|(every, told)| now >= told + every + self.vague + SLACK);
        (bad && due && !may_flap).then_some("a reminder is due")
    }

    /// When it changes by itself.
    pub fn changes_at(&self, now: u64) -> Option<u64> {
        let last = self.last?;
        [last + self.late, last + self.stale, last + self.offline, self.starting_until]
            .into_iter()
            .chain(self.snoozed_until)
            .filter(|at| *at > now)
            .min()
    }
}
