//! The timeline, and what its readings tell: no clock is read here.

use std::time::Duration;

use beatkeeper_core::time::{Time, millis};

use super::Looked;
use super::reading::Reading;

/// Shorter sleep breaks no connection and makes no beat late that counts.
const SLEPT_AT_LEAST: Duration = Duration::from_secs(5);
/// A wall clock that is read again from the computer's battery clock, as after sleep, is off by up to a second.
const JUMPED_AT_LEAST_MS: u64 = 2000;
/// The part of the time since the last look by which the timeline may give way to the wall clock.
const SLEW: u32 = 2000;

#[derive(Debug)]
pub(super) struct Timeline {
    /// The timeline when `origin` was read, since the Unix epoch.
    base: Duration,
    /// On the clock that counts sleep.
    origin: Duration,
    /// The timeline does not go back behind it while it gives way.
    floor: Duration,
    last: Reading,
}

impl Timeline {
    pub(super) fn new(reading: Reading) -> Self {
        let base = Duration::from_millis(u64::try_from(reading.wall_ms).unwrap_or(0));
        Self { base, origin: reading.with_sleep, floor: base, last: reading }
    }

    /// The point at a reading of the clock that counts sleep.
    pub(super) fn at(&self, with_sleep: Duration) -> Time {
        Time::ZERO + self.since_epoch(with_sleep)
    }

    /// How long it is from that reading to a point; zero when it has passed.
    pub(super) fn until(&self, at: Time, with_sleep: Duration) -> Duration {
        Duration::from_millis(at.as_millis()).saturating_sub(self.since_epoch(with_sleep))
    }

    pub(super) fn wall_ahead_ms(&self, reading: Reading) -> i64 {
        reading.wall_ms.saturating_sub(signed_millis(self.since_epoch(reading.with_sleep)))
    }

    pub(super) fn look(&mut self, reading: Reading) -> Looked {
        let passed = reading.with_sleep.saturating_sub(self.last.with_sleep);
        let awake = reading.without_sleep.saturating_sub(self.last.without_sleep);
        let wall_passed = reading.wall_ms.saturating_sub(self.last.wall_ms);
        let jump = wall_passed.saturating_sub(signed_millis(passed));
        self.last = reading;
        self.give_way(reading, awake);
        Looked {
            slept: Some(passed.saturating_sub(awake)).filter(|slept| *slept >= SLEPT_AT_LEAST),
            wall_jumped: Some(jump).filter(|jump| jump.unsigned_abs() >= JUMPED_AT_LEAST_MS),
        }
    }

    fn give_way(&mut self, reading: Reading, awake: Duration) {
        let ahead = self.wall_ahead_ms(reading);
        // A millisecond is how exactly they can be compared.
        let step = (awake / SLEW).min(Duration::from_millis(ahead.unsigned_abs().saturating_sub(1)));
        self.floor = self.since_epoch(reading.with_sleep);
        self.base = if ahead > 0 { self.base + step } else { self.base.saturating_sub(step) };
    }

    fn since_epoch(&self, with_sleep: Duration) -> Duration {
        (self.base + with_sleep.saturating_sub(self.origin)).max(self.floor)
    }
}

fn signed_millis(duration: Duration) -> i64 {
    i64::try_from(millis(duration)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const TICK: Duration = Duration::from_secs(2);

    /// Clocks that a test moves.
    struct Scene {
        timeline: Timeline,
        reading: Reading,
    }

    impl Scene {
        fn new() -> Self {
            let reading = Reading {
                with_sleep: Duration::from_secs(100_000),
                without_sleep: Duration::from_secs(70_000),
                wall_ms: 1_795_000_000_000,
            };
            Self { timeline: Timeline::new(reading), reading }
        }

        fn awake(&mut self, time: Duration) -> &mut Self {
            self.reading.without_sleep += time;
            self.asleep(time)
        }

        fn asleep(&mut self, time: Duration) -> &mut Self {
            self.reading.with_sleep += time;
            self.set_wall(signed_millis(time))
        }

        fn set_wall(&mut self, by_ms: i64) -> &mut Self {
            self.reading.wall_ms += by_ms;
            self
        }

        fn look(&mut self) -> Looked {
            self.timeline.look(self.reading)
        }

        fn now(&self) -> Time {
            self.timeline.at(self.reading.with_sleep)
        }

        fn wall_ahead_ms(&self) -> i64 {
            self.timeline.wall_ahead_ms(self.reading)
        }
    }

    #[test]
    fn sleep_is_told_once_and_counted_before_anybody_looks() {
        let mut scene = Scene::new();
        let start = scene.now();
        assert_eq!(scene.awake(TICK).look(), Looked::default());
        scene.asleep(HOUR).awake(TICK);
        assert_eq!(scene.now().since(start), HOUR + TICK * 2);
        assert_eq!(scene.look(), Looked { slept: Some(HOUR), wall_jumped: None });
        assert_eq!(scene.now().since(start), HOUR + TICK * 2);
        assert_eq!(scene.awake(TICK).look(), Looked::default());
        assert_eq!(scene.wall_ahead_ms(), 0);
    }

    #[test]
    fn a_doze_is_counted_and_not_told() {
        let mut scene = Scene::new();
        let start = scene.now();
        assert_eq!(scene.asleep(Duration::from_secs(4)).look(), Looked::default());
        assert_eq!(scene.now().since(start), Duration::from_secs(4));
    }

    #[test]
    fn a_wall_clock_that_is_set_forward_is_no_sleep() {
        let mut scene = Scene::new();
        let start = scene.now();
        let looked = scene.awake(TICK).set_wall(7_200_000).look();
        assert_eq!(looked, Looked { slept: None, wall_jumped: Some(7_200_000) });
        assert!(scene.now().since(start) <= TICK + Duration::from_millis(1));
        assert!((7_199_999..=7_200_000).contains(&scene.wall_ahead_ms()));
        assert_eq!(scene.awake(TICK).look(), Looked::default());
    }

    #[test]
    fn a_wall_clock_that_is_set_back_is_told_and_moves_nothing_back() {
        let mut scene = Scene::new();
        let start = scene.now();
        let looked = scene.awake(TICK).set_wall(-7_200_000).look();
        assert_eq!(looked, Looked { slept: None, wall_jumped: Some(-7_200_000) });
        assert_eq!(scene.now().since(start), TICK);
        assert!((-7_200_000..=-7_199_999).contains(&scene.wall_ahead_ms()));
    }

    #[test]
    fn sleep_and_a_jump_are_told_apart() {
        for jump in [-40_000, 40_000] {
            let mut scene = Scene::new();
            let start = scene.now();
            let looked = scene.asleep(HOUR).awake(TICK).set_wall(jump).look();
            assert_eq!(looked, Looked { slept: Some(HOUR), wall_jumped: Some(jump) });
            let passed = scene.now().since(start);
            assert!(passed >= HOUR + TICK && passed <= HOUR + TICK + Duration::from_millis(1), "{passed:?}");
        }
    }

    #[test]
    fn drift_is_no_jump_and_the_timeline_follows_it_without_going_back() {
        // 100 parts in a million, more than any crystal has.
        for drift_us_a_second in [-100_i64, 100] {
            let mut scene = Scene::new();
            let mut before = scene.now();
            for second in 1..=86_400_i64 {
                scene.awake(Duration::from_secs(1));
                if (second * drift_us_a_second) % 1000 == 0 {
                    scene.set_wall(drift_us_a_second.signum());
                }
                assert_eq!(scene.look(), Looked::default());
                assert!(scene.now() > before);
                before = scene.now();
            }
            assert!(scene.wall_ahead_ms().abs() <= 2, "{}", scene.wall_ahead_ms());
        }
    }

    #[test]
    fn while_it_gives_way_the_timeline_stands_at_most_for_a_moment() {
        let mut scene = Scene::new();
        scene.awake(TICK).set_wall(-60_000).look();
        let mut before = scene.now();
        for _ in 0..1000 {
            scene.awake(Duration::from_micros(100));
            assert!(scene.now() >= before);
            before = scene.now();
            scene.look();
            assert!(scene.now() >= before);
        }
    }

    #[test]
    fn until_is_exact_to_the_nanosecond_and_never_short() {
        let mut scene = Scene::new();
        let at = scene.now() + TICK;
        scene.awake(Duration::from_nanos(1));
        let left = scene.timeline.until(at, scene.reading.with_sleep);
        assert_eq!(left, TICK - Duration::from_nanos(1));
        assert_eq!(scene.timeline.until(at, scene.reading.with_sleep + HOUR), Duration::ZERO);
    }

    #[test]
    fn a_wall_clock_before_1970_starts_the_timeline_at_the_epoch() {
        let reading = Reading { wall_ms: -5, ..Scene::new().reading };
        assert_eq!(Timeline::new(reading).at(reading.with_sleep), Time::ZERO);
    }
}
