//! Two copies of an agent that beats by itself: twice as many beats as its interval allows.
//!
//! Nothing in a beat tells who sent it (protocols.md 1.4), and a registry takes the beats of both copies. What remains to
//! be seen is their rhythm.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// So many beats in a row are looked at: three intervals of an agent that has a second copy.
const LOOKED_AT: usize = 7;
/// Beats that keep to this share of the interval keep to the interval.
const ON_TIME: f64 = 0.8;
/// Every second beat of two copies comes within this share of the interval.
const TWICE: f64 = 1.2;
/// Gaps that differ by less than this share of the interval are those of one faster rhythm.
const EVEN: f64 = 0.2;

/// The beats of an agent that beats by itself, as they came in.
#[derive(Clone, Debug, Default)]
pub(super) struct Rhythm {
    beats: VecDeque<Time>,
    /// A connection was opened: its first beat comes at once, out of any rhythm.
    opening: bool,
    /// It was seen to keep to its interval. One program does not begin to beat twice as fast.
    kept_its_interval: bool,
}

impl Rhythm {
    /// It opened a connection.
    pub(super) const fn opened(&mut self) {
        self.opening = true;
    }

    /// One of its beats was seen.
    pub(super) fn beat(&mut self, at: Time, interval: Duration) {
        if std::mem::take(&mut self.opening) {
            return;
        }
        if self.beats.len() == LOOKED_AT {
            self.beats.pop_front();
        }
        self.beats.push_back(at);
        let least = interval.mul_f64(ON_TIME);
        self.kept_its_interval |= self.beats.len() >= 4 && self.gaps(1).rev().take(3).all(|gap| gap >= least);
    }

    /// Until when its beats are those of two copies, when they are.
    pub(super) fn is_double_until(&self, interval: Duration) -> Option<Time> {
        let most = interval.mul_f64(TWICE);
        let last = *self.beats.back().filter(|_| self.beats.len() == LOOKED_AT)?;
        let twice = self.gaps(2).all(|gap| gap <= most);
        let (least, longest) = self
            .gaps(1)
            .fold((Duration::MAX, Duration::ZERO), |(least, longest), gap| (least.min(gap), longest.max(gap)));
        let uneven = longest.saturating_sub(least) > interval.mul_f64(EVEN);
        (twice && (uneven || self.kept_its_interval)).then(|| last + interval * 2)
    }

    /// From each beat to the one so many places later.
    fn gaps(&self, places: usize) -> impl DoubleEndedIterator<Item = Duration> {
        (places..self.beats.len()).map(move |place| self.beats[place].since(self.beats[place - places]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);

    /// Whether beats at these seconds are those of two copies.
    fn is_double(seconds: impl IntoIterator<Item = f64>) -> bool {
        let mut rhythm = Rhythm::default();
        for second in seconds {
            rhythm.beat(Time::from_millis(1_000_000) + Duration::from_secs_f64(second), INTERVAL);
        }
        rhythm.is_double_until(INTERVAL).is_some()
    }

    fn copies(offset: f64, from: u32, to: u32) -> impl Iterator<Item = f64> {
        (from..to).flat_map(move |beat| [f64::from(beat) * 30.0, f64::from(beat) * 30.0 + offset])
    }

    #[test]
    fn two_rhythms_are_two_copies_whatever_lies_between_them() {
        for offset in [0.5, 5.0, 11.0, 19.0, 29.0] {
            assert!(is_double(copies(offset, 0, 4)), "{offset} s apart");
        }
        assert!(!is_double(copies(11.0, 0, 3)), "that may pass");
    }

    #[test]
    fn one_rhythm_is_one_copy_however_fast() {
        assert!(!is_double((0..40).map(|beat| f64::from(beat) * 30.0)));
        for fast in [1.0, 10.0, 15.0] {
            assert!(!is_double((0..40).map(|beat| f64::from(beat) * fast)), "every {fast} s");
        }
    }

    #[test]
    fn who_kept_to_its_interval_and_beats_twice_as_fast_has_a_second_copy() {
        let alone = (0..5).map(|beat| f64::from(beat) * 30.0);
        assert!(is_double(alone.chain(copies(15.0, 5, 10))));
    }

    #[test]
    fn the_first_beat_of_a_connection_is_out_of_any_rhythm() {
        let mut rhythm = Rhythm::default();
        for second in 0..40_u64 {
            if second % 2 == 0 {
                rhythm.opened();
            }
            rhythm.beat(Time::from_millis(1_000_000 + second * 15_000), INTERVAL);
        }
        assert_eq!(rhythm.is_double_until(INTERVAL), None);
    }
}
