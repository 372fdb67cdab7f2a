//! The engine's clock: one timeline that counts time asleep and never goes back.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use beatkeeper_core::time::Time;

/// A jump of the wall clock against the monotonic one that is taken for sleep. Corrections by NTP are smaller.
const SLEPT_AT_LEAST: Duration = Duration::from_secs(5);

/// The clock. The monotonic clock stops while the computer sleeps on some systems and runs on others; the gap between it
/// and the wall clock tells, on all of them.
#[derive(Debug)]
pub struct Clock {
    origin: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The timeline's value at `origin`, sleep added.
    base: Time,
    wall: SystemTime,
    mono: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock that starts from the wall clock.
    #[must_use]
    pub fn new() -> Self {
        let (wall, mono) = (SystemTime::now(), Instant::now());
        let since_epoch = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let base = Time::ZERO + since_epoch;
        Self { origin: mono, state: Mutex::new(State { base, wall, mono }) }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Time {
        self.lock().base + self.origin.elapsed()
    }

    /// The timer's instant for a point of the timeline.
    #[must_use]
    pub fn instant(&self, at: Time) -> tokio::time::Instant {
        let since_origin = at.since(self.lock().base);
        (self.origin + since_origin).into()
    }

    /// Compares the clocks; answers how long the computer slept since the last call, and moves the timeline on by that.
    pub fn slept(&self) -> Option<Duration> {
        self.slept_until(SystemTime::now(), Instant::now())
    }

    fn slept_until(&self, wall: SystemTime, mono: Instant) -> Option<Duration> {
        let mut state = self.lock();
        let wall_passed = wall.duration_since(state.wall).unwrap_or_default();
        let mono_passed = mono.saturating_duration_since(state.mono);
        (state.wall, state.mono) = (wall, mono);
        let gap = wall_passed.saturating_sub(mono_passed);
        if gap < SLEPT_AT_LEAST {
            return None;
        }
        state.base = state.base + gap;
        Some(gap)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_between_the_clocks_is_sleep_and_moves_the_timeline() {
        let clock = Clock::new();
        let (wall, mono, before) = (SystemTime::now(), Instant::now(), clock.now());
        let second = Duration::from_secs(1);
        assert_eq!(clock.slept_until(wall + second, mono + second), None);
        let slept = clock.slept_until(wall + second * 3602, mono + second * 2).unwrap();
        assert!(slept >= second * 3599, "{slept:?}");
        assert!(clock.now().since(before) >= second * 3599);
    }

    #[test]
    fn a_wall_clock_that_is_set_back_moves_nothing() {
        let clock = Clock::new();
        let before = clock.now();
        let back = SystemTime::now() - Duration::from_secs(7200);
        assert_eq!(clock.slept_until(back, Instant::now() + Duration::from_secs(1)), None);
        assert!(clock.now() >= before);
    }
}
