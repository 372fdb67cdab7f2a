//! The doctor: from "it shows inactive" to the cause.
//!
//! The engine looks, and tells what it saw as plain observations. Here each of them becomes a [`Reading`]: how it came
//! out, the evidence, and the cause of trouble that it is a sign of. [`diagnose`] then says which of the causes it is.
//!
//! ```text
//! engine: observation -> Reading { outcome, evidence, cause }    one a check
//!                             └─ diagnose(readings, symptom) -> Diagnosis
//! ```

mod agent;
mod beats;
mod bus;
mod cause;
mod diagnose;
mod idle;
mod path;
mod record;
#[cfg(test)]
mod tests;
mod tls;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::dialect::Dialect;
use crate::view::Severity;

pub use agent::{AtPort, CardFacts, CardSeen, OwnPort, Published, Reach, RegistryUrls, SameProcess, Searched};
pub use beats::{ActivitySeen, Beaten, Dropped, FirstBeat, SecondCopy, Taken};
pub use bus::BusSeen;
pub use cause::{Cause, Code};
pub use diagnose::{Context, diagnose};
pub use idle::{Held, Hold, Past};
pub use path::{Answered, DnsSeen, HttpSeen, NetworkSeen, ProxySeen, TcpSeen, Way};
pub use record::{ClockSeen, DeveloperKeySeen, KeySeen, RecordSeen, RegistryKind, Upgraded, record_key};
pub use tls::{Certificate, Handshake, TlsFault};

/// What a person sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Symptom {
    /// It never connects.
    NeverConnects,
    /// It connects, then drops every few minutes.
    Drops,
    /// Its process is alive, but it is shown inactive.
    Inactive,
}

impl Symptom {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::NeverConnects, Self::Drops, Self::Inactive];

    /// For people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NeverConnects => "It never connects",
            Self::Drops => "It connects, then drops every few minutes",
            Self::Inactive => "Its process is alive, but it is shown inactive",
        }
    }
}

/// A part of the way from this computer to the registry's record and back to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Layer {
    /// This computer.
    Computer,
    /// What lies between it and the registry.
    Path,
    /// The registry.
    Registry,
    /// The agent's record there.
    Record,
    /// Its heartbeat socket.
    Link,
    /// Its beats.
    Beats,
    /// The agent's own program.
    Agent,
}

/// What is looked at, in the order of cause and consequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Check {
    /// This computer has a way out.
    OwnNetwork,
    /// A proxy is set, and works.
    Proxy,
    /// The registry's name resolves.
    Dns,
    /// Each of its addresses lets us in.
    Tcp,
    /// Its certificate is good.
    Tls,
    /// It answers HTTP.
    Http,
    /// It is a registry, of this kind.
    RegistryKind,
    /// The clocks agree.
    Clock,
    /// The registry's address is the one that the agent's program uses.
    RegistryUrl,
    /// It has a record of the agent.
    Record,
    /// The record's key belongs to the agent's id.
    RecordKey,
    /// The key is in the vault.
    OwnKey,
    /// The developer's key is here.
    DeveloperKey,
    /// The heartbeat socket opens.
    Upgrade,
    /// Nothing cuts it while it is idle.
    Idle,
    /// The activity stream is live.
    Activity,
    /// A beat is confirmed.
    FirstBeat,
    /// Beats are taken, not dropped in silence.
    Beats,
    /// Nobody else beats with this key.
    SecondCopy,
    /// The agent's own port serves it.
    OwnPort,
    /// Its card is that of the record.
    Card,
    /// The address that it published reaches this very process.
    PublishedUrl,
    /// A search finds it.
    Search,
}

impl Check {
    /// All of them, in order.
    pub const ALL: [Self; 23] = [
        Self::OwnNetwork,
        Self::Proxy,
        Self::Dns,
        Self::Tcp,
        Self::Tls,
        Self::Http,
        Self::RegistryKind,
        Self::Clock,
        Self::RegistryUrl,
        Self::Record,
        Self::RecordKey,
        Self::OwnKey,
        Self::DeveloperKey,
        Self::Upgrade,
        Self::Idle,
        Self::Activity,
        Self::FirstBeat,
        Self::Beats,
        Self::SecondCopy,
        Self::OwnPort,
        Self::Card,
        Self::PublishedUrl,
        Self::Search,
    ];

    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::OwnNetwork => "Own network",
            Self::Proxy => "Proxy",
            Self::Dns => "Name resolves (DNS)",
            Self::Tcp => "Addresses answer (TCP)",
            Self::Tls => "Certificate (TLS)",
            Self::Http => "Registry answers (HTTP)",
            Self::RegistryKind => "Kind of registry",
            Self::Clock => "Clocks agree",
            Self::Record => "Record exists",
            Self::RecordKey => "Record's key is the agent's",
            Self::OwnKey => "Key in the vault",
            Self::DeveloperKey => "Developer's key",
            Self::RegistryUrl => "One registry everywhere",
            Self::Upgrade => "Heartbeat socket opens",
            Self::Idle => "Socket stays open",
            Self::Activity => "Activity stream",
            Self::FirstBeat => "A beat is confirmed",
            Self::Beats => "Beats are taken",
            Self::SecondCopy => "No second copy",
            Self::OwnPort => "Agent's own port",
            Self::Card => "Agent's card",
            Self::PublishedUrl => "Published address",
            Self::Search => "Found by search",
        }
    }

    /// Where it belongs.
    #[must_use]
    pub const fn layer(self) -> Layer {
        match self {
            Self::OwnNetwork | Self::Proxy => Layer::Computer,
            Self::Dns | Self::Tcp | Self::Tls | Self::Http => Layer::Path,
            Self::RegistryKind | Self::Clock => Layer::Registry,
            Self::Record | Self::RecordKey | Self::OwnKey | Self::DeveloperKey | Self::RegistryUrl => Layer::Record,
            Self::Upgrade | Self::Idle => Layer::Link,
            Self::Activity | Self::FirstBeat | Self::Beats | Self::SecondCopy => Layer::Beats,
            Self::OwnPort | Self::Card | Self::PublishedUrl | Self::Search => Layer::Agent,
        }
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Outcome {
    /// It has not begun.
    Waiting,
    /// It is under way.
    Running,
    /// As it should be.
    Ok,
    /// It works; a person should know of it all the same.
    Notice,
    /// Not as it should be.
    Bad,
    /// It cannot be told.
    Unknown,
    /// It does not apply, or nobody asked for it.
    NotAsked,
}

impl Outcome {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Notice => "notice",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
            Self::NotAsked => "not asked",
        }
    }
}

/// What one check told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// How it came out.
    pub outcome: Outcome,
    /// What that is known from.
    pub evidence: String,
    /// The trouble that it is a sign of.
    pub cause: Option<Cause>,
}

impl Reading {
    /// As it should be.
    #[must_use]
    pub fn ok(evidence: impl Into<String>) -> Self {
        Self { outcome: Outcome::Ok, evidence: evidence.into(), cause: None }
    }

    /// It works, and a person should know this.
    #[must_use]
    pub fn notice(evidence: impl Into<String>) -> Self {
        Self { outcome: Outcome::Notice, evidence: evidence.into(), cause: None }
    }

    /// It cannot be told.
    #[must_use]
    pub fn unknown(evidence: impl Into<String>) -> Self {
        Self { outcome: Outcome::Unknown, evidence: evidence.into(), cause: None }
    }

    /// It does not apply.
    #[must_use]
    pub fn not_asked(why: impl Into<String>) -> Self {
        Self { outcome: Outcome::NotAsked, evidence: why.into(), cause: None }
    }

    /// Not as it should be.
    #[must_use]
    pub fn bad(evidence: impl Into<String>, cause: Cause) -> Self {
        Self { outcome: Outcome::Bad, evidence: evidence.into(), cause: Some(cause) }
    }

    /// Not as it should be, and nothing is broken by it.
    #[must_use]
    pub fn warned(evidence: impl Into<String>, cause: Cause) -> Self {
        Self { outcome: Outcome::Notice, evidence: evidence.into(), cause: Some(cause) }
    }
}

/// What the fleet knows of an agent and its registry, beyond what is shown in its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// How its registry was seen to take beats.
    pub settled: Option<Dialect>,
    /// Our beats that its record did not show, in a row.
    pub unconfirmed_in_a_row: u32,
}

/// What a person may be offered to do about a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RepairKind {
    /// Register it.
    Register,
    /// Publish another address.
    UpdateUrl,
    /// Give it the next free key of its developer.
    NextIndex,
    /// Wait.
    Wait,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Diagnosis {
    /// Stable, for machines.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// For people.
    pub sentence: String,
    /// What shows it.
    pub proof: Vec<String>,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
    /// What it is not.
    pub ruled_out: Vec<String>,
    /// What can be done about it here.
    pub repair: Option<RepairKind>,
    /// Where waiting is what can be done: after how many milliseconds it is worth looking again.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub wait_ms: Option<u64>,
}
