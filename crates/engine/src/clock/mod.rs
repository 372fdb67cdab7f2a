//! The engine's clock: one timeline that counts time asleep and never goes back.

mod reading;
mod timeline;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use beatkeeper_core::time::Time;

use reading::Reading;
use timeline::Timeline;

/// Waits until then; for ever, when nothing is due.
pub(crate) async fn due(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The clock.
///
/// Three clocks of the system are behind it: one that counts time asleep, one that does not, and the wall clock. The
/// first drives the timeline; the difference of the first two is sleep; what the wall clock does beyond the first is a
/// person or a time server who set it. So a wall clock that is set never looks like sleep.
///
/// # The timeline and the wall clock
///
/// They agree when the program starts. When the wall clock is set afterwards, the timeline does not follow: every
/// duration ("silent for 5 min") stays right, and no deadline comes early or late. What is wrong then is a *time of day*
/// that is made from a point of the timeline: it is off by [`Clock::wall_ahead_ms`], until the program is started again.
/// The same is true of a time that someone else took from a wall clock (a registry's `last_heartbeat`, say) when it is
/// compared with the timeline: move it by that difference first. Beats are signed with the wall clock itself, so a jump
/// matters to whether they are taken.
///
/// A difference that is small, such as the crystal's drift where the system does not correct it, is worked off: with
/// each look the timeline gives way to the wall clock by 1/2000 of the time since the last look, the rate that NTP
/// allows itself.
#[derive(Debug)]
pub struct Clock {
    timeline: Mutex<Timeline>,
}

/// What comparing the clocks showed, since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// How long the computer slept, if it did for at least 5 s. The timeline has counted that already.
    pub slept: Option<Duration>,
    /// By how many milliseconds the wall clock was set, forward or (negative) back, if by at least 2 s. The timeline did
    /// not follow.
    ///
    /// A virtual machine that was paused looks like this, too: none of its clocks ran, and then its host's time is set.
    /// Connections that were open before a long jump forward may be dead.
    pub wall_jumped: Option<i64>,
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
        Self { timeline: Mutex::new(Timeline::new(Reading::take())) }
    }

    /// Now, time asleep included.
    #[must_use]
    pub fn now(&self) -> Time {
        self.lock().at(reading::with_sleep())
    }

    /// The timer's instant for a point of the timeline. Timers may stand still while the computer sleeps: after sleep,
    /// ask again.
    #[must_use]
    pub fn instant(&self, at: Time) -> tokio::time::Instant {
        let left = self.lock().until(at, reading::with_sleep());
        (Instant::now() + left).into()
    }

    /// Compares the clocks. Call it every few seconds, and when something says that the computer woke up; each sleep and
    /// each jump is told once.
    pub fn look(&self) -> Looked {
        let mut timeline = self.lock();
        timeline.look(Reading::take())
    }

    /// How far the wall clock is ahead of the timeline now, in milliseconds; negative when it is behind.
    #[must_use]
    pub fn wall_ahead_ms(&self) -> i64 {
        self.lock().wall_ahead_ms(Reading::take())
    }

    fn lock(&self) -> MutexGuard<'_, Timeline> {
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_starts_at_the_wall_clock_and_runs() {
        let clock = Clock::new();
        let wall = Time::from_timestamp(jiff::Timestamp::now());
        assert!(wall.since(clock.now()) < Duration::from_secs(5) && clock.now().since(wall) < Duration::from_secs(5));
        assert!(clock.wall_ahead_ms().unsigned_abs() < 2000);
        let before = clock.now();
        while clock.now() == before {
            std::hint::spin_loop();
        }
        assert!(clock.now() > before);
        assert_eq!(clock.look(), Looked::default());
    }

    #[test]
    fn a_timer_never_fires_before_its_point_of_the_timeline() {
        let clock = Clock::new();
        for millis in 0..20 {
            let at = clock.now() + Duration::from_millis(millis);
            let instant = clock.instant(at).into_std();
            while Instant::now() < instant {
                std::hint::spin_loop();
            }
            assert!(clock.now() >= at);
        }
    }

    #[test]
    fn a_point_that_has_passed_is_due_now() {
        let clock = Clock::new();
        assert!(clock.instant(Time::ZERO).into_std() <= Instant::now());
    }
}
