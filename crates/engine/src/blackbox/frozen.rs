//! What is frozen, as it is kept: the names of the fields are stable, and a change of their meaning is a new
//! [`VERSION`]. Times are milliseconds since the epoch on the engine's timeline; nothing stands for what was not known.

use beatkeeper_core::alert::Fault;
use beatkeeper_core::history::{Connection, Transition};
use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::supervise::Probed;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{AgentRow, AlertsView, BeatCounts, BeatsBy, LinkStateName, RegistryHealth, Severity};
use serde::{Deserialize, Serialize};

use super::{Check, Clean, OutputThen, ProcessThen};

/// The format that is written.
pub const VERSION: u32 = 1;
/// Bytes of the JSON.
const MOST_BYTES: usize = 200_000;
/// Waits of one connection that are kept, the last ones: a night without a network has a thousand.
const WAITS: usize = 20;

/// The black box of one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Of the format.
    pub version: u32,
    /// Beatkeeper's version.
    pub program: Clean,
    /// Which incident.
    pub incident: IncidentKey,
    /// When it was frozen.
    pub frozen_at: Time,
    /// The agent at that moment.
    pub agent: AgentThen,
    /// Its registry, where one is configured.
    pub registry: Option<RegistryThen>,
    /// This computer's network, and what a person is told.
    pub network: NetworkThen,
    /// The clocks.
    pub clocks: Clocks,
    /// What was checked, in the order of cause and consequence.
    pub checks: Vec<Check>,
    /// The last 10 connections, newest first.
    pub connections: Vec<ConnectionThen>,
    /// The last 20 changes of state, newest first.
    pub transitions: Vec<TransitionThen>,
    /// Beatkeeper's own log.
    pub log: LogThen,
    /// What the agent itself said last, when it is started here; nothing in boxes that were kept before it was.
    #[serde(default)]
    pub output: Option<OutputThen>,
    /// What could not be read, as sentences.
    #[serde(default)]
    pub problems: Vec<Clean>,
}

/// Which incident, and whose fault it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentKey {
    /// Whose.
    pub agent: EntityId,
    /// When it was opened.
    pub opened_at: Time,
    /// Whose fault it looked like.
    pub fault: Fault,
    /// Whether it comes and goes.
    pub flapping: bool,
    /// Whether the silence was asked for.
    pub drill: bool,
}

/// The agent's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentThen {
    /// The user's name for it.
    pub name: Clean,
    /// Agent or service.
    pub kind: EntityKind,
    /// Our word.
    pub liveness: Liveness,
    /// Since when.
    pub liveness_since: Time,
    /// Paused by the user.
    pub paused: bool,
    /// The joint word of the three witnesses.
    pub verdict: VerdictThen,
    /// The first witness.
    pub process: ProcessThen,
    /// The second witness.
    pub link: LinkThen,
    /// The third witness: the registry's record.
    pub record: RecordThen,
    /// Since the program started.
    pub beats: BeatCounts,
    /// Who beats.
    pub beats_by: BeatsBy,
    /// Between two beats.
    pub interval_ms: u64,
    /// The last confirmed beat.
    pub last_confirmed_at: Option<Time>,
    /// The last beat that we sent.
    pub last_sent_at: Option<Time>,
    /// When the registry flips it.
    pub flips_at: Option<Time>,
    /// Of the last confirmed beat.
    pub round_trip_ms: Option<u64>,
    /// Connections lost and reopened.
    pub reconnects_24h: u32,
    /// The user's words for it.
    pub tags: Vec<Clean>,
    /// Its project's folder.
    pub project: Option<Clean>,
    /// Until when it interrupts nobody.
    pub snoozed_until: Option<Time>,
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictThen {
    /// For machines.
    pub code: Clean,
    /// How bad.
    pub severity: Severity,
    /// For people.
    pub sentence: Clean,
    /// What to do; empty when there is nothing to do.
    pub remedy: Clean,
}

/// Our link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkThen {
    /// Where it was.
    pub state: LinkStateName,
    /// Since when.
    pub since: Time,
    /// Dials since the last confirmed beat.
    pub attempt: u32,
    /// When it was to dial again.
    pub next_dial_at: Option<Time>,
    /// Why it was not open, as a code.
    pub reason: Option<Clean>,
    /// The same for people.
    pub reason_sentence: Option<Clean>,
}

/// The registry's record of the agent, in the registry's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordThen {
    /// `active` or `inactive`.
    pub status: Option<Clean>,
    /// On the registry's clock.
    pub last_heartbeat: Option<Time>,
    /// When we saw that.
    pub seen_at: Option<Time>,
    /// Whether there is one.
    pub registered: Option<bool>,
}

/// The registry's health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryThen {
    /// Its name in the configuration.
    pub name: Clean,
    /// Its base URL.
    pub url: Clean,
    /// Whether it answered.
    pub reachable: Option<bool>,
    /// Whether its activity stream was live.
    pub stream_live: bool,
    /// What was wrong.
    pub problem: Option<Clean>,
    /// Since when.
    pub problem_since: Option<Time>,
    /// Whether it runs inside Beatkeeper.
    pub demo: bool,
}

/// Our own network, and what a person was told at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkThen {
    /// Since when it was down.
    pub down_since: Option<Time>,
    /// How that was known; empty while it was not down.
    pub sentence: Clean,
    /// Until when all alerts were paused.
    pub paused_until: Option<Time>,
    /// Until when it was quiet.
    pub quiet_until: Option<Time>,
    /// How many incidents were open.
    pub open_incidents: u32,
}

/// How far clocks were ahead, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    /// The registry's, of ours.
    pub registry_ahead_ms: Option<i64>,
    /// The process's, of ours.
    pub process_ahead_ms: Option<i64>,
    /// The computer's, of the engine's timeline, which nobody can set.
    pub wall_ahead_ms: i64,
}

/// A connection of our link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionThen {
    /// When the first dial began.
    pub dialled_at: Time,
    /// When it opened.
    pub opened_at: Option<Time>,
    /// When it closed.
    pub closed_at: Option<Time>,
    /// Beats sent on it.
    pub beats: u32,
    /// Beats confirmed on it.
    pub confirmed: u32,
    /// 1000 by us, 1006 when it just broke.
    pub close_code: Option<u16>,
    /// Why it closed, as a code.
    pub cause: Option<Clean>,
    /// The same for people.
    pub sentence: Option<Clean>,
    /// Dials that it took.
    pub attempts: u32,
    /// The waits before them in all.
    pub waited_ms: u64,
    /// The last 20 of them.
    pub waits_ms: Vec<u64>,
}

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitionThen {
    /// When.
    pub at: Time,
    /// From.
    pub from: Liveness,
    /// To.
    pub to: Liveness,
    /// The verdict's code.
    pub cause: Clean,
    /// The verdict's sentence.
    pub sentence: Clean,
}

/// The log's last lines about the agent, and its warnings of the last 10 minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogThen {
    /// Oldest first, at most 100.
    pub lines: Vec<Clean>,
    /// Older lines that would have belonged to them.
    pub left_out: u32,
    /// Why there is no log, or less of it.
    pub note: Option<Clean>,
}

impl Frozen {
    /// As JSON, at most 200 KB: of logs that are too long the oldest lines are left out, which their notes say.
    ///
    /// # Errors
    /// None that is known: all of it can be written as JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let mut json = serde_json::to_string(self)?;
        if json.len() <= MOST_BYTES {
            return Ok(json);
        }
        let mut cut = self.clone();
        while json.len() > MOST_BYTES {
            let ours = cut.log.lines.len();
            match &mut cut.output {
                Some(output) if output.lines.len() > ours => output.leave_out_some(),
                _ if ours > 0 => cut.log.leave_out_some(),
                _ => break,
            }
            json = serde_json::to_string(&cut)?;
        }
        Ok(json)
    }
}

impl LogThen {
    fn leave_out_some(&mut self) {
        let some = self.lines.len().div_ceil(4);
        self.lines.drain(..some);
        self.left_out = self.left_out.saturating_add(u32::try_from(some).unwrap_or(u32::MAX));
        self.note = Some(Clean::new("The oldest lines were left out to keep this small."));
    }
}

impl AgentThen {
    pub(super) fn of(row: &AgentRow, probe: Option<&(Time, Probed)>) -> Self {
        let reason = row.link.reason.as_ref();
        Self {
            name: Clean::new(&row.name),
            kind: row.kind,
            liveness: row.liveness,
            liveness_since: row.liveness_since,
            paused: row.paused,
            verdict: VerdictThen {
                code: Clean::new(row.verdict.code),
                severity: row.verdict.severity,
                sentence: Clean::new(&row.verdict.sentence),
                remedy: Clean::new(&row.verdict.remedy),
            },
            process: ProcessThen::of(&row.process, probe),
            link: LinkThen {
                state: row.link.state,
                since: row.link.since,
                attempt: row.link.attempt,
                next_dial_at: row.link.next_dial_at,
                reason: reason.map(|reason| Clean::new(reason.code)),
                reason_sentence: reason.map(|reason| Clean::new(&reason.sentence)),
            },
            record: RecordThen {
                status: row.registry.status.as_deref().map(Clean::new),
                last_heartbeat: row.registry.last_heartbeat,
                seen_at: row.registry.seen_at,
                registered: row.registry.registered,
            },
            beats: row.beats,
            beats_by: row.beats_by,
            interval_ms: row.interval_ms,
            last_confirmed_at: row.last_confirmed_at,
            last_sent_at: row.last_sent_at,
            flips_at: row.flips_at,
            round_trip_ms: row.round_trip_ms,
            reconnects_24h: row.reconnects_24h,
            tags: row.tags.iter().map(|tag| Clean::new(tag)).collect(),
            project: row.project.as_deref().map(Clean::new),
            snoozed_until: row.snoozed_until,
        }
    }
}

impl RegistryThen {
    pub(super) fn of(registry: &RegistryHealth) -> Self {
        Self {
            name: Clean::new(&registry.name),
            url: Clean::new(&registry.url),
            reachable: registry.reachable,
            stream_live: registry.stream_live,
            problem: registry.problem.as_deref().map(Clean::new),
            problem_since: registry.problem_since,
            demo: registry.demo,
        }
    }
}

impl NetworkThen {
    pub(super) fn of(alerts: &AlertsView) -> Self {
        Self {
            down_since: alerts.network.down_since,
            sentence: Clean::new(&alerts.network.sentence),
            paused_until: alerts.paused_until,
            quiet_until: alerts.quiet_until,
            open_incidents: alerts.open,
        }
    }
}

impl ConnectionThen {
    pub(super) fn of(row: &Connection) -> Self {
        Self {
            dialled_at: row.dialled_at,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            beats: row.beats,
            confirmed: row.confirmed,
            close_code: row.close_code,
            cause: row.cause.as_deref().map(Clean::new),
            sentence: row.cause_sentence.as_deref().map(Clean::new),
            attempts: row.attempts,
            waited_ms: row.waits_ms.iter().fold(0, |all, wait| all.saturating_add(*wait)),
            waits_ms: row.waits_ms[row.waits_ms.len().saturating_sub(WAITS)..].to_vec(),
        }
    }
}

impl TransitionThen {
    pub(super) fn of(row: &Transition) -> Self {
        Self {
            at: row.at,
            from: row.from,
            to: row.to,
            cause: Clean::new(&row.cause),
            sentence: Clean::new(&row.sentence),
        }
    }
}
