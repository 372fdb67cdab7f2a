//! Finding out which dialect a registry takes, by what moves its record.
//!
//! A registry never answers a beat (protocols.md 1.4), and its guide describes another form than the one it takes
//! (protocols.md 9, 1 to 4). So the live form is tried first, and when nothing that we know of explains why the record stays
//! as it was, the documented one, in both places where it is described. What moved the record is kept.

use std::time::Duration;

use super::{Dialect, DialectChoice};
use crate::time::Time;

/// The order of trying.
const ORDER: [Dialect; 3] = [Dialect::Zynd, Dialect::ZyndDocumented, Dialect::ZyndDocumentedShared];
/// So much speaks against a dialect that was never seen to work, before the next is tried.
const DOUBT: u32 = 2;
/// And against one that was.
const DISBELIEF: u32 = 12;
/// When none works, the first one is spoken for so long before the others are tried again; then twice as long.
const REST: Duration = Duration::from_secs(600);
/// Never longer.
const LONGEST_REST: Duration = Duration::from_secs(6 * 3600);

/// What was seen of a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The registry took it.
    Taken {
        /// When it was sent: it may have been said in the dialect before.
        sent_at: Time,
    },
    /// The record was read, and had not moved, and nothing that we know of explains that.
    Unmoved,
    /// The connection broke right after it.
    Dropped,
    /// The record exists, but its socket does not.
    NoSocket,
    /// The registry said that it cannot read it.
    Unreadable,
}

impl Sign {
    /// How much it speaks against the dialect.
    const fn weight(self) -> u32 {
        match self {
            Self::Taken { .. } => 0,
            Self::Unmoved | Self::Dropped => 1,
            Self::NoSocket | Self::Unreadable => DOUBT,
        }
    }
}

/// One registry's trial.
#[derive(Clone, Debug)]
pub struct Trial {
    choice: DialectChoice,
    dialect: Dialect,
    settled: bool,
    spoken_since: Time,
    against: u32,
    /// How many of the order were tried in this round.
    tried: usize,
    rounds: u32,
    rest_until: Option<Time>,
}

/// What came of a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// This is what the registry takes: worth remembering.
    Settled(Dialect),
    /// Speak this from now on.
    Speak(Dialect),
}

impl Trial {
    /// A registry that nothing is known of, or that was seen to take a dialect in an earlier run.
    #[must_use]
    pub fn new(choice: DialectChoice, known: Option<Dialect>, now: Time) -> Self {
        let known = known.filter(|dialect| choice == DialectChoice::Auto && ORDER.contains(dialect));
        Self {
            choice,
            dialect: known.unwrap_or_else(|| choice.first()),
            settled: known.is_some(),
            spoken_since: now,
            against: 0,
            tried: 1,
            rounds: 0,
            rest_until: None,
        }
    }

    /// What to speak.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the registry was seen to take it.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether another dialect than the first is tried, or all of them were.
    #[must_use]
    pub fn is_trying(&self) -> bool {
        self.choice == DialectChoice::Auto && !self.settled && (self.dialect != ORDER[0] || self.rounds > 0)
    }

    /// What the configuration asks for.
    #[must_use]
    pub const fn choice(&self) -> DialectChoice {
        self.choice
    }

    /// Takes in what was seen of a beat.
    pub fn see(&mut self, sign: Sign, now: Time) -> Option<Finding> {
        if let Sign::Taken { sent_at } = sign {
            if sent_at < self.spoken_since {
                return None;
            }
            self.against = 0;
            self.tried = 1;
            self.rounds = 0;
            self.rest_until = None;
            let news = !std::mem::replace(&mut self.settled, true);
            return news.then_some(Finding::Settled(self.dialect));
        }
        if self.choice != DialectChoice::Auto || self.rest_until.is_some_and(|until| now < until) {
            return None;
        }
        self.rest_until = None;
        self.against = self.against.saturating_add(sign.weight());
        let enough = if self.settled { DISBELIEF } else { DOUBT };
        if self.against < enough {
            return None;
        }
        Some(Finding::Speak(self.go_on(now)))
    }

    fn go_on(&mut self, now: Time) -> Dialect {
        if self.tried == ORDER.len() {
            self.tried = 0;
            self.rest_until = Some(now + (REST * 2_u32.saturating_pow(self.rounds)).min(LONGEST_REST));
            self.rounds = (self.rounds + 1).min(16);
        }
        self.tried += 1;
        self.against = 0;
        self.settled = false;
        self.spoken_since = now;
        let place = ORDER.iter().position(|dialect| *dialect == self.dialect).map_or(0, |place| place + 1);
        self.dialect = if self.rest_until.is_some() { ORDER[0] } else { ORDER[place % ORDER.len()] };
        self.dialect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_millis(1_800_000_000_000 + seconds * 1000)
    }

    fn unknown() -> Trial {
        Trial::new(DialectChoice::Auto, None, at(0))
    }

    #[test]
    fn a_live_registry_is_settled_by_its_first_beat() {
        let mut trial = unknown();
        assert_eq!(trial.see(Sign::Taken { sent_at: at(1) }, at(2)), Some(Finding::Settled(Dialect::Zynd)));
        assert_eq!(trial.see(Sign::Taken { sent_at: at(31) }, at(32)), None);
        assert!(trial.is_settled());
    }

    #[test]
    fn what_moves_nothing_makes_room_for_the_next() {
        let mut trial = unknown();
        assert_eq!(trial.see(Sign::Unmoved, at(10)), None);
        assert_eq!(trial.see(Sign::Unmoved, at(40)), Some(Finding::Speak(Dialect::ZyndDocumented)));
        assert_eq!(trial.see(Sign::NoSocket, at(41)), Some(Finding::Speak(Dialect::ZyndDocumentedShared)));
        let taken = Sign::Taken { sent_at: at(50) };
        assert_eq!(trial.see(taken, at(51)), Some(Finding::Settled(Dialect::ZyndDocumentedShared)));
    }

    #[test]
    fn a_beat_of_the_dialect_before_proves_nothing_of_this_one() {
        let mut trial = unknown();
        trial.see(Sign::Unreadable, at(10));
        assert_eq!(trial.see(Sign::Taken { sent_at: at(9) }, at(11)), None);
        assert!(!trial.is_settled());
    }

    #[test]
    fn when_nothing_works_the_live_form_is_spoken_and_the_rest_grows() {
        let mut trial = unknown();
        let mut now = 0;
        let mut round = |trial: &mut Trial| {
            let mut spoken = Vec::new();
            let began = now;
            while spoken.last() != Some(&Dialect::Zynd) {
                now += 30;
                if let Some(Finding::Speak(dialect)) = trial.see(Sign::Unmoved, at(now)) {
                    spoken.push(dialect);
                }
            }
            (spoken, now - began)
        };
        let order = [Dialect::ZyndDocumented, Dialect::ZyndDocumentedShared, Dialect::Zynd];
        assert_eq!(round(&mut trial).0, order);
        let (second, took) = round(&mut trial);
        assert_eq!(second, order);
        let (third, longer) = round(&mut trial);
        assert_eq!(third, order);
        assert!(took >= 600 && longer >= took + 600, "{took} s, then {longer} s");
    }

    #[test]
    fn one_bad_agent_does_not_overturn_what_the_others_show() {
        let mut trial = unknown();
        for second in 0..1000 {
            trial.see(Sign::Taken { sent_at: at(second) }, at(second));
            assert_eq!(trial.see(Sign::Unmoved, at(second)), None);
        }
        assert_eq!(trial.dialect(), Dialect::Zynd);
    }

    #[test]
    fn a_registry_that_was_replaced_is_found_out() {
        let mut trial = Trial::new(DialectChoice::Auto, Some(Dialect::ZyndDocumented), at(0));
        assert!(trial.is_settled());
        let switched = (1..100).find_map(|beat| Some((beat, trial.see(Sign::Dropped, at(beat * 30))?)));
        assert_eq!(switched, Some((12, Finding::Speak(Dialect::ZyndDocumentedShared))));
    }

    #[test]
    fn what_the_configuration_says_is_never_changed() {
        let mut trial = Trial::new(DialectChoice::ZyndDocumented, Some(Dialect::Zynd), at(0));
        for second in 0..100 {
            assert_eq!(trial.see(Sign::Unmoved, at(second)), None);
        }
        assert_eq!(trial.dialect(), Dialect::ZyndDocumented);
    }
}
