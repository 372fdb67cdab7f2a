//! What was checked at the flip, row by row in the order of cause and consequence.

use std::time::Duration;

use beatkeeper_core::alert::NetworkView;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::notice::duration;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{AgentRow, LinkStateName, ProcessState, RegistryHealth, Speaker};
use beatkeeper_core::wire::zynd::MAX_CLOCK_SKEW;
use serde::{Deserialize, Serialize};

use super::Clean;

/// Clocks are compared through a header with whole seconds, so the registry's limit is met a little earlier.
const ROUNDING: Duration = Duration::from_secs(2);

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked.
    pub check: Subject,
    /// How it came out.
    pub result: Finding,
    /// What that is known from.
    pub evidence: Clean,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// This computer has a network.
    OwnNetwork,
    /// The registry answers.
    Registry,
    /// It has a record of the agent.
    Record,
    /// The key belongs to that record.
    Key,
    /// The clocks agree well enough.
    Clock,
    /// Our link is open.
    Link,
    /// The process runs, and well.
    Process,
    /// The last confirmed beat is fresh.
    LastBeat,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Bad,
    /// Not known, or none of our business.
    Unknown,
}

impl Subject {
    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::OwnNetwork => "Own network",
            Self::Registry => "Registry answers",
            Self::Record => "Record exists",
            Self::Key => "Key matches the record",
            Self::Clock => "Clocks agree",
            Self::Link => "Link is open",
            Self::Process => "Process is well",
            Self::LastBeat => "Last confirmed beat",
        }
    }
}

impl Finding {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }
}

/// All rows, from what the fleet knew at `now`.
#[must_use]
pub fn checks(row: &AgentRow, registry: Option<&RegistryHealth>, network: &NetworkView, now: Time) -> Vec<Check> {
    let rows = [
        (Subject::OwnNetwork, own_network(registry, network, now)),
        (Subject::Registry, registry_answers(registry, now)),
        (Subject::Record, record(row, now)),
        (Subject::Key, key(row)),
        (Subject::Clock, clock(row, registry)),
        (Subject::Link, link(row, now)),
        (Subject::Process, process(row)),
        (Subject::LastBeat, last_beat(row, now)),
    ];
    rows.into_iter()
        .map(|(check, (result, evidence))| Check { check, result, evidence: Clean::new(&evidence) })
        .collect()
}

type Found = (Finding, String);

fn own_network(registry: Option<&RegistryHealth>, network: &NetworkView, now: Time) -> Found {
    if let Some(since) = network.down_since {
        return (Finding::Bad, format!("{}, for {}", network.sentence, duration(now.since(since))));
    }
    match registry {
        Some(registry) if registry.demo => (Finding::Ok, "The registry runs inside Beatkeeper and needs none".into()),
        Some(registry) if registry.reachable == Some(true) => (Finding::Ok, "The registry is reached over it".into()),
        _ => (Finding::Unknown, "Nothing shows that it is down".into()),
    }
}

fn registry_answers(registry: Option<&RegistryHealth>, now: Time) -> Found {
    let Some(registry) = registry else { return (Finding::Unknown, "Its registry is not configured".into()) };
    let since = registry.problem_since.map(|since| format!(", for {}", duration(now.since(since)))).unwrap_or_default();
    let stream = if registry.stream_live { "its activity stream is live" } else { "its activity stream is down" };
    match (&registry.problem, registry.reachable) {
        (Some(problem), _) => (Finding::Bad, format!("{problem}{since}")),
        (None, Some(true)) => (Finding::Ok, format!("{} answers; {stream}", registry.url)),
        (None, Some(false)) => (Finding::Bad, format!("{} does not answer{since}", registry.url)),
        (None, None) => (Finding::Unknown, format!("{} was not asked yet", registry.url)),
    }
}

fn record(row: &AgentRow, now: Time) -> Found {
    let ago = |at: Time| format!("{} before", duration(now.since(at)));
    match row.registry.registered {
        Some(false) => (Finding::Bad, "The registry does not know this agent".into()),
        None => (Finding::Unknown, "The record was not read yet".into()),
        Some(true) => {
            let status = row.registry.status.as_deref().unwrap_or("without a status");
            let beat = row
                .registry
                .last_heartbeat
                .map_or_else(|| "no heartbeat".to_owned(), |at| format!("last heartbeat {} on its own clock", ago(at)));
            let seen = row.registry.seen_at.map(|at| format!("; seen {}", ago(at))).unwrap_or_default();
            (Finding::Ok, format!("{status}, {beat}{seen}"))
        }
    }
}

fn key(row: &AgentRow) -> Found {
    let codes = [Some(row.verdict.code), row.link.reason.as_ref().map(|reason| reason.code)];
    for code in codes.into_iter().flatten() {
        match code {
            "key.mismatch" | "registry.key_mismatch" => {
                return (Finding::Bad, "The record's key is not the one that the id was made of".into());
            }
            "key.of_another" => return (Finding::Bad, "The vault holds another key under this id".into()),
            "key.missing" => return (Finding::Bad, "The vault holds no key of this id".into()),
            "key.locked" => return (Finding::Unknown, "The vault is locked".into()),
            "key.unavailable" => return (Finding::Unknown, "The vault does not answer".into()),
            _ => {}
        }
    }
    match row.beats.confirmed {
        0 => (Finding::Unknown, "No beat was confirmed since Beatkeeper started".into()),
        beats => (Finding::Ok, format!("Beats confirmed since Beatkeeper started: {beats}")),
    }
}

fn clock(row: &AgentRow, registry: Option<&RegistryHealth>) -> Found {
    let registry_ahead = registry.and_then(|registry| registry.clock_ahead_ms);
    // Whoever signs beats is compared with the registry, which drops what is too old or too new for it.
    let (whose, ahead) = match row.speaker {
        Speaker::App => ("this computer's", registry_ahead),
        Speaker::Agent | Speaker::Team => {
            let apart = registry_ahead.zip(row.process.clock_ahead_ms);
            ("the process's", apart.map(|(registry, process)| registry.saturating_sub(process)))
        }
    };
    let Some(ahead) = ahead else { return (Finding::Unknown, format!("The registry's and {whose} were not compared")) };
    let far = Duration::from_millis(ahead.unsigned_abs()) >= MAX_CLOCK_SKEW.saturating_sub(ROUNDING);
    let evidence = format!("The registry's is {:+.1} s ahead of {whose}", ahead as f64 / 1000.0);
    (if far { Finding::Bad } else { Finding::Ok }, evidence)
}

fn link(row: &AgentRow, now: Time) -> Found {
    match row.speaker {
        Speaker::Agent => return (Finding::Unknown, "The agent beats by itself".into()),
        Speaker::Team => return (Finding::Unknown, "Another computer of the team beats for it".into()),
        Speaker::App => {}
    }
    let age = duration(now.since(row.link.since));
    let why = row.link.reason.as_ref().map(|reason| format!("{} ({})", reason.sentence, reason.code));
    let tries = match row.link.attempt {
        0 => String::new(),
        attempt => format!(", attempt {attempt}"),
    };
    match (row.link.state, why) {
        (LinkStateName::Open, _) => (Finding::Ok, format!("Open for {age}")),
        (LinkStateName::Idle, _) => (Finding::Unknown, "Not asked to run".into()),
        (LinkStateName::Connecting, None) => (Finding::Unknown, format!("Connecting{tries}")),
        (LinkStateName::BackingOff | LinkStateName::Blocked, None) => {
            (Finding::Bad, format!("Not open for {age}{tries}"))
        }
        (LinkStateName::Connecting | LinkStateName::BackingOff | LinkStateName::Blocked, Some(why)) => {
            (Finding::Bad, format!("{why}{tries}"))
        }
    }
}

fn process(row: &AgentRow) -> Found {
    let (result, what) = match row.process.state {
        ProcessState::NotOurs => (Finding::Unknown, "No health address is configured"),
        ProcessState::Unknown => (Finding::Unknown, "It was asked and did not answer yet"),
        ProcessState::Stopped => (Finding::Unknown, "Nobody asked it to run"),
        ProcessState::Starting => (Finding::Unknown, "It was started and is not ready yet"),
        ProcessState::Running if row.process.run.is_some() => (Finding::Ok, "It runs, and is well"),
        ProcessState::Running => (Finding::Ok, "It answers for this agent"),
        ProcessState::Unhealthy => (Finding::Bad, "It answers that it is not well"),
        ProcessState::NotRunning => (Finding::Bad, "Nobody answers at its health address"),
        ProcessState::Stopping => (Finding::Unknown, "It was asked to end"),
        ProcessState::Waiting => (Finding::Bad, "It ended, and is started again soon"),
        ProcessState::Exited => (Finding::Bad, "It ended"),
        ProcessState::GaveUp => (Finding::Bad, "It ended too often, and was given up"),
        ProcessState::WrongAgent => (Finding::Bad, "Another agent answers at its health address"),
    };
    let detail = row.process.detail.trim();
    (result, if detail.is_empty() { what.to_owned() } else { format!("{what}: {detail}") })
}

fn last_beat(row: &AgentRow, now: Time) -> Found {
    let result = match row.liveness {
        Liveness::Active => Finding::Ok,
        Liveness::Inactive | Liveness::Late | Liveness::Stale | Liveness::Offline => Finding::Bad,
        Liveness::Stopped | Liveness::Unknown => Finding::Unknown,
    };
    let evidence = match row.last_confirmed_at {
        Some(at) => {
            let every = duration(Duration::from_millis(row.interval_ms));
            format!("{} before; one is due every {every}", duration(now.since(at)))
        }
        None => "None was ever seen".into(),
    };
    (result, evidence)
}
