//! What the fleet is told, and what it asks for.

use std::sync::Arc;
use std::time::Duration;

use crate::alert::{AlertRules, Incident, NetworkReading, QuietHours};
use crate::bus::LeaseStand;
use crate::dialect::{Dialect, DialectChoice};
use crate::failure::Fatal;
use crate::history::usage::UsageBucket;
use crate::history::{AgentMemory, HistoryRow, Turns};
use crate::identity::EntityId;
use crate::link::LinkReport;
use crate::liveness::Profile;
use crate::notice::{Notice, NoticeId};
use crate::supervise::{RunAction, RunEvent, RunPolicy};
use crate::time::Time;
use crate::view::{BeatsBy, ProcessState, StripSpan};
use crate::wire::redis_bus::{Heard, Unusable};
use crate::witness::{Activity, RecordFacts};

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
    /// Whether its process is probed, and others run it.
    pub probed: bool,
    /// How its process is kept, when that is ours.
    pub run: Option<Arc<RunPolicy>>,
    /// Whether we beat only while its process is seen to be well.
    pub truthful: bool,
    /// The user's words for it.
    pub tags: Vec<String>,
    /// The project that it belongs to.
    pub project: Option<String>,
    /// Nobody configured it: it was seen on a bus.
    pub only_seen: bool,
    /// The bus where a team settles which of its Beatkeepers beats for it.
    pub team: Option<String>,
    /// When a person is interrupted because of it.
    pub alerts: Arc<AlertRules>,
}

/// One registry as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Its name.
    pub name: String,
    /// Base URL, for showing.
    pub url: String,
    /// The way to beat there.
    pub dialect: DialectChoice,
    /// What it was seen to take in an earlier run.
    pub known_dialect: Option<Dialect>,
    /// When silence gets which name.
    pub thresholds: Profile,
    /// What more holds on a bus.
    pub bus: Option<BusSettings>,
    /// Whether it runs inside Beatkeeper.
    pub demo: bool,
    /// Whether it is on another computer, and needs a network.
    pub remote: bool,
}

/// What holds on a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusSettings {
    /// So many agents that nobody configured are shown at most.
    pub most_seen: u32,
    /// When a person is interrupted because of one of those.
    pub alerts: Arc<AlertRules>,
}

/// What came by a bus.
#[derive(Clone, Debug, PartialEq)]
pub enum BusWord {
    /// An agent published a beat.
    Beat(Heard),
    /// An agent's hash was read.
    Record(Heard),
    /// The agent of this name has no hash.
    Gone(String),
    /// So many messages that nothing could be made of.
    Unusable(Unusable, u64),
    /// So many of all these were let go of, since they came faster than they are taken in.
    Dropped(u64),
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
    /// The incident that was open.
    pub incident: Option<Incident>,
    /// Until when nobody is interrupted because of it.
    pub snoozed_until: Option<Time>,
    /// How it turned between beating and missing lately.
    pub turns: Turns,
    /// What its process cost in the quarter of an hour that goes on.
    pub usage: Option<UsageBucket>,
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
    /// Nobody listens at its address, so that nothing runs there; who only does not answer in time may be busy.
    pub refused: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum FleetEvent {
    /// A registry was configured, or its settings changed.
    RegistrySet(RegistrySettings),
    /// A registry is no longer configured.
    RegistryRemoved(String),
    /// An agent was configured.
    AgentAdded(AgentSettings, Box<Past>),
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
        /// Whether anybody answered at all.
        reached: bool,
        /// How far its clock is ahead of ours, when the answer told.
        clock_ahead_ms: Option<i64>,
    },
    /// Something came by a bus.
    Bus {
        /// Which bus.
        bus: String,
        /// What.
        word: Box<BusWord>,
        /// When it came.
        heard_at: Time,
    },
    /// Who of a team has an agent's lease.
    Lease(EntityId, LeaseStand),
    /// A process that others run was probed.
    Process(EntityId, ProcessReading),
    /// Something happened to a process that is ours, or is asked for.
    Run(EntityId, RunEvent),
    /// Nobody is to be interrupted because of an agent until then; nothing ends that.
    Snoozed(EntityId, Option<Time>),
    /// A person knows of an agent's incident, until then; nothing takes that back.
    Acknowledged(EntityId, Option<Time>),
    /// Nobody is to be interrupted at all until then; nothing ends that.
    AlertsPaused(Option<Time>),
    /// What an earlier run left of alerts that concerns no single agent.
    AlertsWere {
        /// Until when nobody was to be interrupted at all; may be past.
        paused_until: Option<Time>,
        /// The last notice: the clock may have been set back since, and no two may have one id.
        last_notice: Option<NoticeId>,
    },
    /// In these hours nobody is to be interrupted.
    Quiet(Vec<QuietHours>),
    /// An agent's silence is asked for, or no longer.
    Drill(EntityId, bool),
    /// An agent is silent for a moment so that others can be heard, or no longer.
    Listen(EntityId, bool),
    /// What this computer knows of its network.
    Network(NetworkReading),
    /// How far the wall clock is ahead of the timeline: registries' clocks are compared with the wall clock.
    Wall {
        /// Milliseconds.
        ahead_ms: i64,
    },
    /// The program ends.
    Closing,
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
    /// Do this with its process.
    Run(EntityId, RunAction),
    /// Do not beat for it: its process is not well, or it beats by itself.
    Hush(EntityId),
    /// Beat for it again.
    Speak(EntityId),
    /// Ask for its lease, and keep it; or let go of it.
    Lease(EntityId, bool),
    /// Show this on the desktop, in the place of what has its id and of what it supersedes.
    Show(Notice),
    /// Send this to the channels.
    Send(Notice),
    /// This was shown and is over before it was sent: the channels never get it.
    CallOff(Notice),
    /// Take these from the desktop: they are over.
    Withdraw(Vec<NoticeId>),
    /// Keep everything that is known of this moment: an incident of the agent was opened.
    Freeze(EntityId, Time),
    /// Beat in this dialect at the registry of this name, from the next dial on, which is now.
    Dialect(String, Dialect),
    /// Keep this.
    Keep(HistoryRow),
}
