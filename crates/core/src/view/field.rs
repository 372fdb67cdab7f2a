//! What is shown of an agent beyond the three witnesses, where its field has more to tell: ArtCafe's connection health, and
//! the bus.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::time::Time;

/// How a connection does whose beats are acknowledged, as ArtCafe's own client tells it (protocols.md 5.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConnectionHealth {
    /// Whether the last heartbeat was acknowledged in time.
    pub healthy: bool,
    /// Whether the socket is open.
    pub connected: bool,
    /// When the last acknowledgement came.
    pub last_heartbeat_ack: Option<Time>,
    /// Dials since the last one that led to an acknowledgement.
    pub reconnect_attempts: u32,
}

/// An agent on a Redis bus, as the bus shows it (protocols.md 6).
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct BusView {
    /// The bus's name in the configuration.
    pub name: String,
    /// Our word, from its messages.
    pub state: BusState,
    /// Of its last message.
    #[ts(type = "number | null")]
    pub sequence: Option<u64>,
    /// Intervals without a message.
    pub missed: u32,
    /// Messages that were never seen, by the gaps in its sequence, since the program started.
    #[ts(type = "number")]
    pub lost: u64,
    /// How often its sequence began anew since the program started.
    pub restarts: u32,
    /// Its own word: `healthy`, `degraded`, `busy`, `recovering`, or whatever it says.
    pub status: Option<String>,
    /// What it measures.
    pub metrics: BusMetrics,
    /// What it works on.
    pub task: Option<String>,
    /// How far it is with that, as a fraction of 1.
    pub progress: Option<f64>,
    /// What kind of agent it calls itself.
    pub kind: Option<String>,
    /// The computer that it runs on, as it says.
    pub host: Option<String>,
    /// Its process there.
    pub pid: Option<u32>,
    /// Whether nobody configured it here: it was seen on the bus.
    pub only_seen: bool,
}

/// What a bus says of an agent's liveness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum BusState {
    /// Registered, and not heard yet.
    #[default]
    Starting,
    /// Heard in time.
    Healthy,
    /// One interval without a message.
    Missing,
    /// Three intervals without.
    Failed,
    /// It said goodbye.
    Stopped,
}

/// What an agent measures of itself, where it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct BusMetrics {
    /// In percent of one core.
    pub cpu_percent: Option<f64>,
    /// In MiB.
    pub memory_mb: Option<f64>,
    /// Tasks under way.
    pub active_tasks: Option<f64>,
    /// Tasks that wait.
    pub queue_depth: Option<f64>,
    /// Tokens of a model, this hour.
    pub tokens_used_this_hour: Option<f64>,
    /// Errors of the last 5 minutes.
    pub errors_last_5min: Option<f64>,
}

/// Which Beatkeeper of a team beats for an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct HolderView {
    /// The computer's name.
    pub computer: String,
    /// Whether that is this one.
    pub here: bool,
    /// Grows with every change of hands: what carries an older one is refused.
    #[ts(type = "number")]
    pub fence: u64,
    /// Since when, by the clock of the team's bus.
    pub since: Time,
}

/// What came by a bus, beside beats of agents that are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BusHealth {
    /// Agents that nobody configured and that are shown.
    pub only_seen: u32,
    /// Beats of agents that are not shown, since there are too many.
    #[ts(type = "number")]
    pub turned_away: u64,
    /// Messages that nothing could be made of.
    #[ts(type = "number")]
    pub unusable: u64,
    /// Why the last of them.
    pub last_unusable: Option<String>,
    /// What came faster than it is taken in, and was let go of before anybody looked at it.
    #[ts(type = "number")]
    pub dropped: u64,
}
