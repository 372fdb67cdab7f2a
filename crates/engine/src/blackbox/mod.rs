//! The black box of an incident: what was known when it was opened, frozen, so that it can be told afterwards.
//!
//! ```text
//! collect(facts, reader, data)   the fleet's facts, the history, our log, the agent's output -> Frozen
//!   └─ to_json()                 kept with the incident, at most 200 KB
//! BlackBox::open(json, &zone)    what was kept, redacted once more
//!   └─ read(json)                -> Frozen
//!       └─ markdown(&frozen, &zone)
//! ```
//!
//! Nothing in it is secret: a [`Clean`] is the only text that it can hold, and that is redacted when it is made. It is
//! made when the moment is frozen, and again when it is read: a rule that was learnt later holds for old boxes, too.

mod checks;
mod clean;
mod frozen;
mod log;
mod markdown;
mod output;
mod paths;
mod pattern;
mod process;
mod redact;
#[cfg(test)]
mod tests;
mod tokens;
mod values;

use std::path::Path;

use beatkeeper_core::alert::Fault;
use beatkeeper_core::supervise::Probed;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{AgentRow, AlertsView, RegistryHealth};
use beatkeeper_runner::log::LogPlace;
use beatkeeper_store::Reader;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::refusal::{Refusal, json_of};

pub use checks::{Check, Finding, Subject, checks};
pub use clean::Clean;
pub use frozen::{
    AgentThen, Clocks, ConnectionThen, Frozen, IncidentKey, LinkThen, LogThen, NetworkThen, RecordThen, RegistryThen,
    TransitionThen, VERSION, VerdictThen,
};
pub(crate) use markdown::escaped;
pub use markdown::markdown;
pub use output::{OutputLine, OutputThen};
pub use process::{ExitThen, LadderThen, ProbeThen, ProcessThen, RunThen, RungThen, UsageThen};
pub use redact::redact;

/// Connections of the agent, the newest.
const CONNECTIONS: u32 = 10;
/// Changes of its state, the newest.
const TRANSITIONS: u32 = 20;

/// What the fleet knew at that moment.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When the incident was opened; with the agent's id, its key.
    pub opened_at: Time,
    /// The agent.
    pub row: AgentRow,
    /// Its registry.
    pub registry: Option<RegistryHealth>,
    /// What a person is told at all, and our own network.
    pub alerts: AlertsView,
    /// Now, on the engine's timeline.
    pub now: Time,
    /// The same moment on the computer's clock.
    pub wall: Timestamp,
    /// What the probe of a process that is started here was answered last, and when.
    pub probe: Option<(Time, Probed)>,
    /// Where the output of such a process is.
    pub output: Option<LogPlace>,
}

/// The answer of [`Command::BlackBox`](crate::command::Command::BlackBox).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BlackBox {
    /// For people.
    pub markdown: String,
    /// The process, when it was started here.
    #[serde(default)]
    pub run: Option<RunThen>,
    /// What it said last.
    #[serde(default)]
    pub output: Option<OutputThen>,
    /// For programs: a [`Frozen`].
    #[ts(type = "unknown")]
    pub json: serde_json::Value,
}

impl BlackBox {
    /// What was kept, for people whose clocks show the time of `zone` and for programs, redacted once more.
    ///
    /// # Errors
    /// As [`read`].
    pub fn open(json: &str, zone: &TimeZone) -> Result<Self, Refusal> {
        let frozen = read(json)?;
        let (markdown, json) = (markdown(&frozen, zone), json_of(&frozen)?);
        Ok(Self { markdown, run: frozen.agent.process.run, output: frozen.output, json })
    }
}

/// Freezes what is known. Blocks for as long as the disk takes, so call it from a thread that may block; rows that were
/// just sent to the history are in it when the writer was flushed before. What cannot be read is named in
/// [`Frozen::problems`], and the rest is frozen all the same.
#[must_use]
pub fn collect(facts: Facts, reader: &Reader, data: &Path) -> Frozen {
    let Facts { opened_at, row, registry, alerts, now, wall, probe, output } = facts;
    let mut problems = Vec::new();
    let connections = reader.connections(&row.id, CONNECTIONS, None).unwrap_or_else(|error| {
        problems.push(Clean::new(&format!("Its connections could not be read: {error}")));
        Vec::new()
    });
    let transitions = reader.transitions(&row.id, TRANSITIONS, None).unwrap_or_else(|error| {
        problems.push(Clean::new(&format!("Its changes of state could not be read: {error}")));
        Vec::new()
    });
    let log = log::of_agent(data, &row, wall);
    let ahead = |time: Time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let incident = row.incident.as_ref();
    Frozen {
        version: VERSION,
        program: Clean::new(env!("CARGO_PKG_VERSION")),
        incident: IncidentKey {
            agent: row.id.clone(),
            opened_at,
            fault: incident.map_or_else(|| Fault::of_code(row.verdict.code), |incident| incident.fault),
            flapping: incident.is_some_and(|incident| incident.flapping),
            drill: incident.is_some_and(|incident| incident.drill),
        },
        frozen_at: now,
        checks: checks(&row, registry.as_ref(), &alerts.network, now),
        clocks: Clocks {
            registry_ahead_ms: registry.as_ref().and_then(|registry| registry.clock_ahead_ms),
            process_ahead_ms: row.process.clock_ahead_ms,
            wall_ahead_ms: wall.as_millisecond().saturating_sub(ahead(now)),
        },
        agent: AgentThen::of(&row, probe.as_ref()),
        registry: registry.as_ref().map(RegistryThen::of),
        network: NetworkThen::of(&alerts),
        connections: connections.iter().map(ConnectionThen::of).collect(),
        transitions: transitions.iter().map(TransitionThen::of).collect(),
        log,
        output: output.as_ref().map(output::of_agent),
        problems,
    }
}

/// Reads what [`Frozen::to_json`] wrote, and redacts it again.
///
/// # Errors
/// `black_box.newer` when a newer Beatkeeper wrote it, `black_box.damaged` when it is not one.
pub fn read(json: &str) -> Result<Frozen, Refusal> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let damaged = |error: serde_json::Error| {
        Refusal::new(
            "black_box.damaged",
            format!("What was frozen with this incident cannot be read: {error}"),
            "Nothing else is affected; the incident's history is still in `beatkeeper history`.",
        )
    };
    let Head { version } = serde_json::from_str(json).map_err(damaged)?;
    if version > VERSION {
        return Err(Refusal::new(
            "black_box.newer",
            format!("What was frozen with this incident has format {version}, and this Beatkeeper knows {VERSION}"),
            "Use the Beatkeeper that wrote it, or a newer one.",
        ));
    }
    serde_json::from_str(json).map_err(damaged)
}
