//! Liveness: how long ago the last confirmed beat was, in words.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::time::Time;

/// Our word for an agent. The registry itself knows only active and inactive (protocols.md 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Liveness {
    /// Not known yet.
    #[default]
    Unknown,
    /// Registered, never beat.
    Inactive,
    /// Beating.
    Active,
    /// Three intervals without a confirmed beat.
    Late,
    /// Past the stale threshold.
    Stale,
    /// Past the offline threshold.
    Offline,
    /// A stop that was asked for.
    Stopped,
}

impl Liveness {
    /// All states, for tables and tests.
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Inactive, Self::Active, Self::Late, Self::Stale, Self::Offline, Self::Stopped];

    /// The name as it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::Late => "late",
            Self::Stale => "stale",
            Self::Offline => "offline",
            Self::Stopped => "stopped",
        }
    }

    /// From the stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// How bad it is that beats are missing; 0 when they are not.
    #[must_use]
    pub const fn badness(self) -> u8 {
        match self {
            Self::Offline => 3,
            Self::Stale => 2,
            Self::Late => 1,
            Self::Unknown | Self::Inactive | Self::Active | Self::Stopped => 0,
        }
    }

    /// Whether beats were once confirmed and are now missing.
    #[must_use]
    pub const fn is_missing(self) -> bool {
        matches!(self, Self::Late | Self::Stale | Self::Offline)
    }
}

impl fmt::Display for Liveness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When silence gets which name. Belongs to a registry's profile: it is data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Late; three of the agent's own intervals when the registry's profile does not say.
    pub late: Option<Duration>,
    /// Stale.
    pub stale: Duration,
    /// Offline.
    pub offline: Duration,
    /// When the registry itself calls it inactive.
    pub inactive_after: Duration,
    /// How often the registry looks, so how late that may be.
    pub sweep: Duration,
}

/// What a sweep may take beyond its interval, and the clocks may be off, before it is late.
pub const SWEEP_SLACK: Duration = Duration::from_secs(5);

/// How a place says when silence gets which name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As a registry does: in times, whatever an agent's interval.
    Fixed(Thresholds),
    /// As a bus does: in intervals of the agent (protocols.md 6).
    InIntervals {
        /// Missing, which is our late.
        missing: u32,
        /// Failed, which is our stale.
        failed: u32,
    },
}

impl From<Thresholds> for Profile {
    fn from(thresholds: Thresholds) -> Self {
        Self::Fixed(thresholds)
    }
}

impl Profile {
    /// The thresholds of an agent with this interval.
    #[must_use]
    pub fn of(&self, interval: Duration) -> Thresholds {
        match *self {
            Self::Fixed(thresholds) => thresholds,
            Self::InIntervals { missing, failed } => {
                let failed = interval * failed;
                Thresholds {
                    late: Some(interval * missing),
                    stale: failed,
                    // By then the bus has forgotten its record, too.
                    offline: failed.max(interval * 4),
                    inactive_after: failed,
                    sweep: Duration::ZERO,
                }
            }
        }
    }
}

impl Default for Thresholds {
    /// The live registry's (protocols.md 1.5) and the published guide's (product.md, States).
    fn default() -> Self {
        Self {
            late: None,
            stale: Duration::from_secs(300),
            offline: Duration::from_secs(900),
            inactive_after: Duration::from_secs(300),
            sweep: Duration::from_secs(60),
        }
    }
}

impl Thresholds {
    /// What silence since `last_confirmed` is called at `now`, and when it gets its next name.
    ///
    /// Late is never later than stale.
    #[must_use]
    pub fn judge(&self, interval: Duration, last_confirmed: Time, now: Time) -> (Liveness, Option<Time>) {
        let late = last_confirmed + self.late_after(interval);
        let stale = last_confirmed + self.stale;
        let offline = last_confirmed + self.offline.max(self.stale);
        if now >= offline {
            (Liveness::Offline, None)
        } else if now >= stale {
            (Liveness::Stale, Some(offline))
        } else if now >= late {
            (Liveness::Late, Some(stale))
        } else {
            (Liveness::Active, Some(late))
        }
    }

    /// Silence that is called late, for an agent with this interval: three intervals, or what the profile says, which
    /// is never less than one and a half intervals, since every agent would be late between two beats.
    #[must_use]
    pub fn late_after(&self, interval: Duration) -> Duration {
        let late = self.late.map_or(interval * 3, |late| late.max(interval + interval / 2));
        late.min(self.stale)
    }
}
