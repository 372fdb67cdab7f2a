//! What a person sees of the fleet, as plain values. The window, the tray and the command line all show these and
//! decide nothing themselves.

mod alerts;
mod field;
mod process;
mod strip;
mod write;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::dialect::Dialect;
use crate::identity::{EntityId, EntityKind, Realm};
use crate::liveness::Liveness;
use crate::time::Time;

pub use alerts::{AlertsView, OpenIncident};
pub use field::{BusHealth, BusMetrics, BusState, BusView, ConnectionHealth, HolderView};
pub use process::{
    DriftView, ExitView, LadderView, ProcessState, ProcessView, RunView, RungKind, RungState, RungView, UsageView,
};
pub use strip::{BeatStrip, StripGap, StripSpan, Uptime};
pub use write::WriteKind;

/// One agent as one row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct AgentRow {
    /// The entity id; rows are keyed by it.
    pub id: EntityId,
    /// The id short enough for a table, such as `zns:9ba9…02c1`.
    pub short_id: String,
    /// The name the user gave it.
    pub name: String,
    /// Agent or service.
    pub kind: EntityKind,
    /// Whose words it beats in.
    pub realm: Realm,
    /// Our word, from confirmed beats.
    pub liveness: Liveness,
    /// Since when it has been in this state.
    pub liveness_since: Time,
    /// Whether a person has to look at it.
    pub needs_attention: bool,
    /// Whether the user paused it.
    pub paused: bool,
    /// The joint word of the three witnesses.
    pub verdict: VerdictView,
    /// The first witness.
    pub process: ProcessView,
    /// The second witness.
    pub link: LinkView,
    /// The third witness.
    pub registry: RegistryView,
    /// How its connection does, where beats are acknowledged.
    pub connection: Option<ConnectionHealth>,
    /// What a bus knows of it, where it is on one.
    pub bus: Option<Box<BusView>>,
    /// How beats went since the program started.
    pub beats: BeatCounts,
    /// Who is meant to beat: the app, the agent itself, or whoever does.
    pub beats_by: BeatsBy,
    /// Who does at the moment.
    pub speaker: Speaker,
    /// Which Beatkeeper of a team has its lease.
    pub holder: Option<Box<HolderView>>,
    /// Beat interval in milliseconds.
    #[ts(type = "number")]
    pub interval_ms: u64,
    /// When the last confirmed beat was sent (by us) or seen (by the registry).
    pub last_confirmed_at: Option<Time>,
    /// When we last sent one.
    pub last_sent_at: Option<Time>,
    /// When the registry flips it to inactive unless another beat is accepted.
    pub flips_at: Option<Time>,
    /// From sending a beat to seeing it confirmed, of the last confirmed beat, in milliseconds.
    #[ts(type = "number | null")]
    pub round_trip_ms: Option<u64>,
    /// Connections lost and reopened within 24 hours.
    pub reconnects_24h: u32,
    /// Of the last 24 hours, or since it is known.
    pub uptime_24h: Option<Uptime>,
    /// The user's words for it.
    pub tags: Vec<String>,
    /// The project that it belongs to, as its folder is called.
    pub project: Option<String>,
    /// Until then nobody is interrupted because of it.
    pub snoozed_until: Option<Time>,
    /// Its open incident.
    pub incident: Option<OpenIncident>,
    /// Changes whenever a span of the beat strip begins; the window then fetches the strip again.
    pub strip_rev: u32,
}

/// The verdict: one code, one sentence, one remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct VerdictView {
    /// Stable, for machines, such as `link.refused`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// For people.
    pub sentence: String,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
}

/// How bad a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Severity {
    /// As it should be.
    Good,
    /// Something is under way, or not known yet.
    Neutral,
    /// Works, but look at it.
    Warning,
    /// Does not work.
    Bad,
}

/// Who sends an agent's beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum BeatsBy {
    /// Beatkeeper, with the key in the vault.
    #[default]
    App,
    /// The agent's own program; Beatkeeper watches.
    Agent,
    /// Beatkeeper, until the agent's own program is seen to.
    Auto,
}

/// Who beats for an agent at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Speaker {
    /// Beatkeeper.
    #[default]
    App,
    /// The agent's own program.
    Agent,
    /// Another Beatkeeper of the team.
    Team,
}

/// Our link to the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct LinkView {
    /// Where it is.
    pub state: LinkStateName,
    /// Since when.
    pub since: Time,
    /// Dials since the last confirmed beat.
    pub attempt: u32,
    /// When it dials again.
    pub next_dial_at: Option<Time>,
    /// When the next beat is due.
    pub next_beat_at: Option<Time>,
    /// Why it is not open.
    pub reason: Option<ReasonView>,
}

/// A failure as code and sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ReasonView {
    /// Stable, for machines.
    pub code: &'static str,
    /// For people.
    pub sentence: String,
}

/// Names of the link's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum LinkStateName {
    /// Not asked to run.
    Idle,
    /// Dialling.
    Connecting,
    /// The socket is open.
    Open,
    /// Waiting before the next dial.
    BackingOff,
    /// Dialling again would not help until something changes.
    Blocked,
}

/// The registry's own words, shown as it says them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct RegistryView {
    /// The registry's name in the configuration.
    pub name: String,
    /// Its base URL.
    pub url: String,
    /// `active`, `inactive`, or nothing while the record was not seen.
    pub status: Option<String>,
    /// The record's `last_heartbeat`, on the registry's clock.
    pub last_heartbeat: Option<Time>,
    /// When we saw that.
    pub seen_at: Option<Time>,
    /// Whether the record exists, once that is known.
    pub registered: Option<bool>,
    /// What a person can have written there of it.
    pub writes: &'static [WriteKind],
}

/// How beats went since the program started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BeatCounts {
    /// Sent by us.
    #[ts(type = "number")]
    pub sent: u64,
    /// Seen to be taken by the registry.
    #[ts(type = "number")]
    pub confirmed: u64,
    /// Sent, and the record did not move.
    #[ts(type = "number")]
    pub unconfirmed: u64,
    /// Taken by the registry, not sent by us.
    #[ts(type = "number")]
    pub foreign: u64,
}

/// The whole window's data since a revision.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct FleetDelta {
    /// The revision this delta leads to.
    #[ts(type = "number")]
    pub revision: u64,
    /// Whether `rows` is everything, and what is not in it is gone.
    pub full: bool,
    /// The engine's time, to show ages by.
    pub now: Time,
    /// Rows that are new or changed.
    pub rows: Vec<AgentRow>,
    /// Rows that are gone.
    pub removed: Vec<EntityId>,
    /// The fleet in a sentence, counted.
    pub summary: FleetSummary,
    /// Each registry's health.
    pub registries: Vec<RegistryHealth>,
    /// What a person is told at all.
    pub alerts: AlertsView,
}

/// The fleet in a sentence, and counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct FleetSummary {
    /// Such as `5 active, 1 stale`.
    pub sentence: String,
    /// The worst state, for the glyph.
    pub glyph: Glyph,
    /// Agents by state.
    pub counts: LivenessCounts,
    /// Which agent the registry flips next, and when.
    pub next_flip: Option<NextFlip>,
}

/// The agent that the registry flips next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct NextFlip {
    /// Whose.
    pub id: EntityId,
    /// Its name.
    pub name: String,
    /// When.
    pub at: Time,
}

/// Agents by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct LivenessCounts {
    /// All.
    pub all: u32,
    /// Beating.
    pub active: u32,
    /// Three intervals without a beat.
    pub late: u32,
    /// Stale.
    pub stale: u32,
    /// Offline.
    pub offline: u32,
    /// Registered, never beat.
    pub inactive: u32,
    /// Stopped or paused by the user.
    pub stopped: u32,
    /// Not known yet.
    pub unknown: u32,
}

/// The fleet's glyph: a shape before a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Glyph {
    /// Disc: all is well.
    Ok,
    /// Triangle: something is late or stale.
    Attention,
    /// Square: something is offline.
    Offline,
    /// Hollow: something is wrong, and a person knows of all of it.
    Acknowledged,
    /// Slashed: paused, or our own network is down.
    Paused,
    /// Question mark: cannot be told.
    #[default]
    Unknown,
}

/// How a registry is doing, as far as we can see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct RegistryHealth {
    /// Name in the configuration.
    pub name: String,
    /// Base URL.
    pub url: String,
    /// The way to beat that it takes, or that is tried.
    pub dialect: Dialect,
    /// Whether it was seen to take it.
    pub dialect_settled: bool,
    /// What came by it, where it is a bus.
    pub bus: Option<BusHealth>,
    /// Whether it answers.
    pub reachable: Option<bool>,
    /// Whether the activity stream is live.
    pub stream_live: bool,
    /// How far the registry's clock is ahead of ours, in milliseconds.
    #[ts(type = "number | null")]
    pub clock_ahead_ms: Option<i64>,
    /// What is wrong, in a sentence.
    pub problem: Option<String>,
    /// Since when something is.
    pub problem_since: Option<Time>,
    /// Whether it runs inside Beatkeeper, for trying it out.
    pub demo: bool,
}
