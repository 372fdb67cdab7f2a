//! What the fleet is told, and what it asks for.

use std::time::Duration;

use crate::failure::Fatal;
use crate::history::{AgentMemory, HistoryRow};
use crate::identity::EntityId;
use crate::link::LinkReport;
use crate::liveness::Thresholds;
use crate::notice::Notice;
use crate::time::Time;
use crate::view::{BeatsBy, ProcessState, StripSpan};
use crate::wire::zynd::{Activity, RecordFacts};

/// One agent as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// Whose.
    pub id: EntityId,
    /// The user's name for it.
    pub name: String,
    /// Name of its registry.
    pub registry: String,
    /// Between two beats.
    pub interval: Duration,
    /// Who beats.
    pub beats_by: BeatsBy,
    /// Paused by the user.
    pub paused: bool,
    /// Whether its process is probed.
    pub probed: bool,
    /// The user's words for it.
    pub tags: Vec<String>,
    /// The project that it belongs to.
    pub project: Option<String>,
}

/// One registry as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Its name.
    pub name: String,
    /// Base URL, for showing.
    pub url: String,
    /// When silence gets which name.
    pub thresholds: Thresholds,
    /// Whether it runs inside Beatkeeper.
    pub demo: bool,
}

/// What an agent brings along from an earlier run.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Its memory.
    pub memory: Option<AgentMemory>,
    /// The strip of the last 24 hours, oldest first.
    pub strip: Vec<StripSpan>,
    /// When lost connections were replaced in the last 24 hours, oldest first.
    pub reconnected: Vec<Time>,
}

/// What a probe of a process found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessReading {
    /// What is known.
    pub state: ProcessState,
    /// In a few words.
    pub detail: String,
    /// How far the process's clock is ahead of ours.
    pub clock_ahead_ms: Option<i64>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum FleetEvent {
    /// A registry was configured, or its settings changed.
    RegistrySet(RegistrySettings),
    /// A registry is no longer configured.
    RegistryRemoved(String),
    /// An agent was configured.
    AgentAdded(AgentSettings, Past),
    /// Its settings changed.
    AgentChanged(AgentSettings),
    /// It is no longer configured.
    AgentRemoved(EntityId),
    /// A link's word.
    Link(EntityId, LinkReport),
    /// A frame of a registry's activity stream.
    Activity {
        /// Whose stream.
        registry: String,
        /// What it says.
        activity: Activity,
        /// When it came.
        heard_at: Time,
    },
    /// A registry's activity stream came up or went down.
    Stream {
        /// Which registry.
        registry: String,
        /// Whether it is live.
        live: bool,
    },
    /// A record was read.
    Record {
        /// Whose.
        id: EntityId,
        /// When the request left.
        asked_at: Time,
        /// What it says; nothing when the registry does not know the entity.
        facts: Option<RecordFacts>,
    },
    /// A registry answered a request, well or not.
    RegistryAnswer {
        /// Which registry.
        registry: String,
        /// What is wrong, in a sentence.
        problem: Option<String>,
        /// How far its clock is ahead of ours, when the answer told.
        clock_ahead_ms: Option<i64>,
    },
    /// A process was probed.
    Process(EntityId, ProcessReading),
    /// Nobody is to be interrupted because of an agent until then; nothing ends that.
    Snoozed(EntityId, Option<Time>),
    /// The computer slept.
    Woke {
        /// For how long.
        slept: Duration,
    },
    /// What the person's clock on the wall shows, in seconds east of UTC: for times of day in notices.
    Zone {
        /// Seconds east of UTC.
        offset: i32,
    },
    /// The deadline of [`Fleet::poll_timeout`] passed.
    Timeout,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum FleetAction {
    /// Tell the link that a beat was confirmed.
    Confirmed(EntityId),
    /// Tell the link that dialling cannot help.
    Block(EntityId, Fatal),
    /// Tell the link that the reason is gone.
    Unblock(EntityId),
    /// Read the agent's record soon.
    ReadRecord(EntityId),
    /// Tell the person.
    Notify(Notice),
    /// Keep this.
    Keep(HistoryRow),
}
