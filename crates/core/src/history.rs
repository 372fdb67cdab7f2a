//! What is kept: runs of equal beats, connections, and changes of state.
//!
//! Cost grows with changes and not with time: a healthy day is one span. Only what processes cost is kept by time, in
//! buckets.

pub mod usage;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::alert::{Delivery, Drill, Incident};
use crate::dialect::Dialect;
use crate::identity::EntityId;
use crate::liveness::Liveness;
use crate::notice::Notice;
use crate::time::Time;
use usage::UsageBucket;

/// What a stretch of time was like for an agent's beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SpanKind {
    /// The registry was seen to take them.
    Confirmed,
    /// Sent, and the registry did not move.
    Unconfirmed,
    /// None was sent or seen although one was due.
    Missed,
    /// This computer slept.
    Asleep,
    /// Our own network was down.
    OwnNetwork,
    /// Nobody was meant to beat: stopped, or Beatkeeper was not running.
    NotRunning,
}

impl SpanKind {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unconfirmed => "unconfirmed",
            Self::Missed => "missed",
            Self::Asleep => "asleep",
            Self::OwnNetwork => "own_network",
            Self::NotRunning => "not_running",
        }
    }

    /// From the name in the database.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "confirmed" => Self::Confirmed,
            "unconfirmed" => Self::Unconfirmed,
            "missed" => Self::Missed,
            "asleep" => Self::Asleep,
            "own_network" => Self::OwnNetwork,
            "not_running" => Self::NotRunning,
            _ => return None,
        })
    }
}

/// A run of equal beats. The same `(agent, from)` written again extends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Whose.
    pub agent: EntityId,
    /// What it was.
    pub kind: SpanKind,
    /// A code of the cause, such as `link.refused`; empty when all was well.
    pub cause: String,
    /// From the first beat.
    pub from: Time,
    /// To the last.
    pub to: Time,
    /// How many beats.
    pub beats: u32,
}

/// One connection of our link, or a failed try to make one. The same `(agent, dialled_at)` written again updates it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Connection {
    /// Whose.
    pub agent: EntityId,
    /// When the first dial that led to it began.
    pub dialled_at: Time,
    /// When it opened; nothing while it did not.
    pub opened_at: Option<Time>,
    /// When it closed; nothing while it is open.
    pub closed_at: Option<Time>,
    /// Beats sent on it.
    pub beats: u32,
    /// Beats confirmed on it.
    pub confirmed: u32,
    /// The close code: 1000 by us, 1006 when it just broke; nothing while open.
    pub close_code: Option<u16>,
    /// Why it closed, as a code.
    pub cause: Option<String>,
    /// The same for people.
    pub cause_sentence: Option<String>,
    /// How many dials it took to open it.
    pub attempts: u32,
    /// The waits before those dials, in milliseconds.
    #[ts(type = "number[]")]
    pub waits_ms: Vec<u64>,
}

/// A change of an agent's liveness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Transition {
    /// Whose.
    pub agent: EntityId,
    /// When.
    pub at: Time,
    /// From.
    pub from: Liveness,
    /// To.
    pub to: Liveness,
    /// The verdict's code at that moment.
    pub cause: String,
    /// The verdict's sentence at that moment.
    pub sentence: String,
    /// Whether it went from beating to missing or back by itself, as far as somebody could tell: enough of these within
    /// a while are called flapping.
    pub counts: bool,
}

/// The turns of an agent between beating and missing, as an earlier run left them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// When it turned, and that counted; the oldest first.
    pub counted: Vec<Time>,
    /// It went missing when nobody could tell why, and did not return since.
    pub gone_unseen: bool,
}

impl Turns {
    /// The next change of its state. One that was asked for ends what was counted before.
    pub fn take(&mut self, at: Time, from: Liveness, to: Liveness, counts: bool) {
        if to == Liveness::Stopped {
            *self = Self::default();
        } else if from == Liveness::Active && to.is_missing() {
            self.gone_unseen = !counts;
        } else if to == Liveness::Active {
            self.gone_unseen = false;
        }
        if counts {
            self.counted.push(at);
        }
    }
}

/// What an agent's record must remember over a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentMemory {
    /// Whose.
    pub agent: EntityId,
    /// Liveness when last seen.
    pub liveness: Liveness,
    /// Since when.
    pub since: Time,
    /// The last confirmed beat.
    pub last_confirmed_at: Option<Time>,
}

/// One row to be kept. Writing a row again with the same key replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryRow {
    /// A span, begun or extended.
    Span(Span),
    /// A connection, opened, extended or closed.
    Connection(Connection),
    /// A change of state.
    Transition(Transition),
    /// The newest memory of an agent.
    Memory(AgentMemory),
    /// An incident, opened, changed or resolved.
    Incident(Box<Incident>),
    /// Until when nobody is interrupted because of an agent.
    Snooze(EntityId, Option<Time>),
    /// Until when nobody is interrupted at all.
    Pause(Option<Time>),
    /// A notice, as it was told last.
    Notice(Box<Notice>),
    /// How far a notice got on its way to a channel.
    Delivery(Delivery),
    /// What was known when an incident was opened.
    BlackBox {
        /// Whose.
        agent: EntityId,
        /// Of which incident.
        opened_at: Time,
        /// As JSON.
        json: String,
    },
    /// A drill, begun, under way or over.
    Drill(Drill),
    /// What an agent's process cost in some time, as far as that has passed.
    Usage(EntityId, UsageBucket),
    /// The dialect that the registry at a URL was seen to take.
    Dialect(String, Dialect),
}
