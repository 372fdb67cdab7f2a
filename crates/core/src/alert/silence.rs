//! For how long a person keeps notices back.

use std::time::Duration;

use crate::time::Time;

/// How a person keeps notices back for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Those of one agent.
    Snooze,
    /// Those of an incident that one knows of.
    Acknowledge,
    /// All.
    Pause,
}

impl Silence {
    /// Minutes: a week. Nobody keeps quiet for good by mistake.
    pub const LONGEST: u32 = 7 * 24 * 60;

    /// Minutes, where nobody says how many.
    #[must_use]
    pub const fn usual(self) -> u32 {
        match self {
            Self::Snooze | Self::Pause => 60,
            // Until one looks again tomorrow.
            Self::Acknowledge => 24 * 60,
        }
    }

    /// When it is over; nothing for 0, which ends it.
    #[must_use]
    pub fn until(self, minutes: Option<u32>, now: Time) -> Option<Time> {
        let minutes = minutes.unwrap_or(self.usual()).min(Self::LONGEST);
        (minutes > 0).then(|| now + Duration::from_secs(u64::from(minutes) * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Silence, Time};

    #[test]
    fn it_lasts_as_long_as_is_asked_a_week_at_most_and_else_as_is_usual() {
        let now = Time::from_millis(1_000);
        let hours = |silence: Silence, minutes| Some(silence.until(minutes, now)?.since(now).as_secs_f64() / 3_600.0);
        assert_eq!(hours(Silence::Snooze, None), Some(1.0));
        assert_eq!(hours(Silence::Pause, None), Some(1.0));
        assert_eq!(hours(Silence::Acknowledge, None), Some(24.0));
        assert_eq!(hours(Silence::Acknowledge, Some(90)), Some(1.5));
        assert_eq!(hours(Silence::Snooze, Some(0)), None);
        assert_eq!(Silence::Pause.until(Some(u32::MAX), now), Some(now + Duration::from_secs(7 * 24 * 3_600)));
    }
}
