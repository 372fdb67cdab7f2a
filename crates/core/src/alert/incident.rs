//! Incidents: what is kept of each time that an agent was worth a person's attention.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Fault;
use crate::identity::EntityId;
use crate::liveness::Liveness;
use crate::notice::{NoticeId, NoticeKind};
use crate::time::Time;

/// One incident of one agent. The same `(agent, opened_at)` written again updates it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Incident {
    /// Whose.
    pub agent: EntityId,
    /// When it became one.
    pub opened_at: Time,
    /// The last confirmed beat before it.
    pub last_beat: Option<Time>,
    /// The worst that it came to.
    pub worst: Liveness,
    /// The verdict's code at the worst of it.
    pub cause: String,
    /// The verdict's sentence at the worst of it.
    pub sentence: String,
    /// Whose fault that is.
    pub fault: Fault,
    /// Whether it came and went too often to be told each time.
    pub flapping: bool,
    /// When the person was told first; nothing while they were not.
    pub told_at: Option<Time>,
    /// The worst that the person was told.
    pub told: Option<NoticeKind>,
    /// The newest notice about it.
    pub notice: Option<NoticeId>,
    /// When it was told as worse than at first.
    pub escalated_at: Option<Time>,
    /// Why the person is not told, while something is to tell.
    pub held: Option<Held>,
    /// When a person said that they know.
    pub acknowledged_at: Option<Time>,
    /// Until when that holds.
    pub acknowledged_until: Option<Time>,
    /// When it was over; nothing while it goes on.
    pub resolved_at: Option<Time>,
    /// How it ended.
    pub resolution: Option<Resolution>,
    /// Whether the silence was asked for, to see that it is noticed.
    pub drill: bool,
}

/// Why a person is not told of what is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Held {
    /// This computer has no network, so nobody can tell.
    OwnNetwork,
    /// This computer or its network came back a moment ago.
    Waking,
    /// All alerts are paused.
    Paused,
    /// These are quiet hours.
    Quiet,
    /// The agent is snoozed.
    Snoozed,
    /// A person knows already.
    Acknowledged,
}

/// How an incident ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Resolution {
    /// It beats again.
    Recovered,
    /// It was over before Beatkeeper looked again.
    Meanwhile,
    /// It was paused or stopped by a person.
    Stopped,
    /// It is watched no longer.
    Removed,
}

macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// The name as it is stored and sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// From the stored name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

named!(Held {
    OwnNetwork = "own_network",
    Waking = "waking",
    Paused = "paused",
    Quiet = "quiet",
    Snoozed = "snoozed",
    Acknowledged = "acknowledged",
});
named!(Resolution { Recovered = "recovered", Meanwhile = "meanwhile", Stopped = "stopped", Removed = "removed" });
