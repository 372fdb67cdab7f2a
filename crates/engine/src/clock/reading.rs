//! The system's clocks, read as close together as one can.

use std::time::Duration;

/// Reading the clocks takes microseconds. When it took longer, the program was stopped or the computer slept in between,
/// and they do not belong together.
const TOGETHER: Duration = Duration::from_millis(50);
/// A computer that is this busy has no better reading.
const ATTEMPTS: u32 = 4;

/// The clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Since some point in the past, time asleep included. Nobody can set it.
    pub(super) with_sleep: Duration,
    /// Since some point in the past, time asleep left out. Nobody can set it.
    pub(super) without_sleep: Duration,
    /// Milliseconds since the Unix epoch; people and time servers set it.
    pub(super) wall_ms: i64,
}

impl Reading {
    pub(super) fn take() -> Self {
        let mut attempt = 1;
        loop {
            let with_sleep = with_sleep();
            let (without_sleep, wall_ms) = (system::without_sleep(), jiff::Timestamp::now().as_millisecond());
            if self::with_sleep().saturating_sub(with_sleep) < TOGETHER || attempt == ATTEMPTS {
                return Self { with_sleep, without_sleep, wall_ms };
            }
            attempt += 1;
        }
    }
}

/// The clock that counts time asleep.
pub(super) fn with_sleep() -> Duration {
    system::with_sleep()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    /// Both clocks are corrected by NTP in the same way, so they differ by sleep alone.
    pub(super) fn with_sleep() -> Duration {
        read(ClockId::Boottime)
    }

    pub(super) fn without_sleep() -> Duration {
        read(ClockId::Monotonic)
    }

    fn read(clock: ClockId) -> Duration {
        clock_gettime(clock).try_into().unwrap_or_default()
    }
}

#[cfg(target_os = "macos")]
mod system {
    use std::time::Duration;

    use nix::libc;
    use nix::time::{ClockId, clock_gettime};

    /// The same as `mach_continuous_time` (macOS: man 3 `clock_gettime`).
    const CONTINUOUS: ClockId = ClockId::from_raw(libc::CLOCK_MONOTONIC_RAW);
    /// The same as `mach_absolute_time`.
    const UPTIME: ClockId = ClockId::from_raw(libc::CLOCK_UPTIME_RAW);

    pub(super) fn with_sleep() -> Duration {
        read(CONTINUOUS)
    }

    pub(super) fn without_sleep() -> Duration {
        read(UPTIME)
    }

    /// The system has both clocks since macOS 10.12, and then cannot fail.
    fn read(clock: ClockId) -> Duration {
        clock_gettime(clock).map(Duration::from).unwrap_or_default()
    }
}

#[cfg(windows)]
mod system {
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    /// The performance counter "includes the time when the machine was in a sleep state" (Microsoft, "Acquiring
    /// high-resolution time stamps"), and `Instant` reads it.
    pub(super) fn with_sleep() -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    /// In units of 100 ns; fails only when its argument is invalid.
    pub(super) fn without_sleep() -> Duration {
        winsafe::QueryUnbiasedInterruptTime()
            .map_or_else(|_| with_sleep(), |hundreds| Duration::from_nanos(hundreds.saturating_mul(100)))
    }
}

/// Systems without a clock that counts sleep: sleep shows as a jump of the wall clock.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos", windows)))]
mod system {
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    pub(super) fn with_sleep() -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    pub(super) fn without_sleep() -> Duration {
        with_sleep()
    }
}
