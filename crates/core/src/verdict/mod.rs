//! Three witnesses, one verdict: a code, a sentence and a remedy.

mod dialect;
mod process;
mod team;

use std::time::Duration;

use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::liveness::Liveness;
use crate::notice::duration;
use crate::view::{LinkStateName, ProcessState, Severity, Speaker, VerdictView};
use crate::wire::zynd::MAX_CLOCK_SKEW;
use crate::witness::BeatRefusal;

pub use team::TeamEvidence;

/// Clocks are compared through a header with whole seconds, so the limit is met a little earlier.
const CLOCK_LIMIT_MS: i64 = 58_000;
/// This many reconnects within five minutes are a connection that keeps dropping.
const FLAPPING: u32 = 3;
/// This many foreign beats within five minutes are a second copy.
const SECOND_COPY: u32 = 3;

/// The code of a verdict that nobody can give: this computer has no network.
pub const NETWORK_DOWN: &str = "network.down";

/// Everything a verdict is made of.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// Our word.
    pub liveness: Liveness,
    /// This computer has no network, and the registry is elsewhere.
    pub network_down: bool,
    /// Its silence is asked for: a fire drill.
    pub drilled: bool,
    /// Paused by the user.
    pub paused: bool,
    /// Who beats at the moment.
    pub speaker: Speaker,
    /// What is known of its lease, where a team has one.
    pub team: Option<TeamEvidence<'a>>,
    /// The process.
    pub process: ProcessState,
    /// In a few words.
    pub process_detail: &'a str,
    /// Since when, as a time of day.
    pub process_since: Option<String>,
    /// Starts in a row that came to nothing, and after how many it is given up; never for 0.
    pub restarts: (u32, u32),
    /// Nobody asked it to run.
    pub rests: bool,
    /// Our beats are held back until its process is well.
    pub held: bool,
    /// How far the process's clock is ahead of ours.
    pub process_clock_ahead_ms: Option<i64>,
    /// Our link.
    pub link: LinkStateName,
    /// Why it is not open.
    pub link_failure: Option<&'a Failure>,
    /// Dials since the last confirmed beat.
    pub attempt: u32,
    /// Whether the registry knows the entity.
    pub registered: Option<bool>,
    /// Whether the record's key belongs to the id.
    pub key_matches: Option<bool>,
    /// Why the registry cannot be asked.
    pub registry_problem: Option<&'a str>,
    /// How far the registry's clock is ahead of ours.
    pub registry_clock_ahead_ms: Option<i64>,
    /// Our beats that the record did not show, in a row.
    pub unconfirmed_in_a_row: u32,
    /// Whether one of our beats was confirmed on this connection.
    pub confirmed_here: bool,
    /// Beats that were not ours, within five minutes.
    pub foreign_5min: u32,
    /// Reconnects within five minutes.
    pub reconnects_5min: u32,
    /// What we beat in.
    pub dialect: Dialect,
    /// Another dialect than the usual one is being tried.
    pub trying: bool,
    /// What the other side said of a beat that it did not take.
    pub beat_refused: Option<&'a BeatRefusal>,
    /// Connections in a row that were given up because nothing was acknowledged, where that is done.
    pub unacked: u32,
    /// Whether a beat was ever acknowledged.
    pub ever_acked: bool,
}

/// Joins the witnesses.
#[must_use]
pub fn judge(evidence: &Evidence<'_>) -> VerdictView {
    if evidence.paused {
        return verdict("paused", Severity::Neutral, "Paused by you", "Resume it when it should beat again.");
    }
    if evidence.rests {
        return process::at_rest(evidence);
    }
    if evidence.drilled {
        let remedy = "Nothing to do: it beats again by itself.";
        return verdict("drill", Severity::Neutral, "Silent for a fire drill", remedy);
    }
    if evidence.network_down {
        return verdict(
            NETWORK_DOWN,
            Severity::Neutral,
            "This computer is offline, so nobody can tell how it is",
            "Check this computer's network connection; all goes on by itself when it is back.",
        );
    }
    if let Some(verdict) = process::of_ours(evidence) {
        return verdict;
    }
    record(evidence).unwrap_or_else(|| match evidence.speaker {
        Speaker::App => ours(evidence),
        Speaker::Agent => its_own(evidence),
        Speaker::Team => team::elsewhere(evidence).unwrap_or_else(|| its_own(evidence)),
    })
}

/// What the record alone settles, whoever beats.
fn record(e: &Evidence<'_>) -> Option<VerdictView> {
    if e.process == ProcessState::WrongAgent {
        return Some(verdict(
            "process.wrong_agent",
            Severity::Bad,
            format!("Another agent answers at its health address: {}", e.process_detail),
            "Correct the address, or start the right agent there.",
        ));
    }
    if e.registered == Some(false) {
        return Some(verdict(
            "registry.not_registered",
            Severity::Bad,
            "The registry does not know this agent: it was never registered here, or was deleted",
            dialect::how_to_register(e.dialect),
        ));
    }
    if e.key_matches == Some(false) {
        let mismatch = crate::failure::Fatal::KeyMismatch;
        return Some(verdict(mismatch.code(), Severity::Bad, sentence(&mismatch), mismatch.remedy()));
    }
    None
}

/// We beat.
fn ours(e: &Evidence<'_>) -> VerdictView {
    if let Some(verdict) = dialect::unacknowledged(e) {
        return verdict;
    }
    match e.link {
        LinkStateName::Open => open(e),
        LinkStateName::Idle => verdict("link.idle", Severity::Neutral, "Not started yet", ""),
        LinkStateName::Connecting if e.link_failure.is_none() => {
            verdict("link.connecting", Severity::Neutral, "Connecting", "")
        }
        LinkStateName::Connecting | LinkStateName::BackingOff | LinkStateName::Blocked => not_open(e),
    }
}

fn not_open(e: &Evidence<'_>) -> VerdictView {
    let Some(failure) = e.link_failure else {
        return verdict("link.connecting", Severity::Neutral, "Connecting", "");
    };
    match failure {
        Failure::Fatal(fatal) => verdict(fatal.code(), Severity::Bad, sentence(fatal), fatal.remedy()),
        Failure::Transient(transient) => {
            let reconnecting = match e.attempt {
                0 => format!("Reconnecting: {transient}"),
                attempt => format!("Reconnecting: {transient}, attempt {attempt}"),
            };
            // A connection that broke a moment ago is nothing to worry about while the last beat is fresh.
            let severity = if e.liveness == Liveness::Active { Severity::Neutral } else { Severity::Bad };
            verdict(transient.code(), severity, reconnecting, transient.remedy())
        }
    }
}

fn open(e: &Evidence<'_>) -> VerdictView {
    if let Some(verdict) = dialect::refused_in_words(e) {
        return verdict;
    }
    if e.unconfirmed_in_a_row >= 2 {
        return refused(e);
    }
    if let Some(problem) = e.registry_problem.filter(|_| !e.confirmed_here || e.liveness.is_missing()) {
        return verdict(
            "registry.unreadable",
            Severity::Warning,
            format!("Connected and sending, but nothing confirms it: {problem}"),
            "The registry's record cannot be read, so nobody knows whether it takes the beats.",
        );
    }
    if !e.confirmed_here {
        return verdict("beats.waiting", Severity::Neutral, "Connected; waiting for the first confirmed beat", "");
    }
    if e.liveness.is_missing() {
        return verdict(
            "beats.unconfirmed",
            Severity::Warning,
            "Connected and sending, but the last beats are not confirmed yet",
            "",
        );
    }
    if e.foreign_5min >= SECOND_COPY {
        return verdict(
            "beats.second_copy",
            Severity::Warning,
            "Beating, confirmed; a second copy of this key also beats",
            "Find the other copy and stop it. If you know of none, the key may have leaked: derive a new one.",
        );
    }
    if e.reconnects_5min >= FLAPPING {
        return verdict(
            "link.flapping",
            Severity::Warning,
            format!("Beating, confirmed, but its connection keeps dropping: {} times in 5 min", e.reconnects_5min),
            "See the close codes in its connections: 1006 at equal lengths points to a proxy that cuts sockets.",
        );
    }
    unhealthy(e).unwrap_or_else(|| verdict("ok", Severity::Good, "Beating, confirmed", ""))
}

/// Connected, sending, and the record does not move: find out why.
fn refused(e: &Evidence<'_>) -> VerdictView {
    match e.registry_clock_ahead_ms {
        Some(ahead) if ahead.abs() >= CLOCK_LIMIT_MS => verdict(
            "clock.own",
            Severity::Bad,
            format!(
                "Connected and sending, but the registry ignores it: this computer's clock is {} of the registry's",
                ahead_or_behind(-ahead)
            ),
            format!(
                "Set this computer's clock: beats more than {} s off are refused in silence.",
                MAX_CLOCK_SKEW.as_secs()
            ),
        ),
        _ if e.trying => dialect::trying(e),
        _ => verdict(
            "beats.ignored",
            Severity::Bad,
            "Connected and sending, but the registry ignores the beats, and clock and key are right",
            "Look at the registry's log for `heartbeat ws:` lines; reconnecting may help: use Retry.",
        ),
    }
}

/// The agent beats itself, and we watch.
fn its_own(e: &Evidence<'_>) -> VerdictView {
    match e.liveness {
        Liveness::Active if e.reconnects_5min >= FLAPPING => verdict(
            "agent.flapping",
            Severity::Warning,
            format!("Beats itself, but its connection keeps dropping: {} times in 5 min", e.reconnects_5min),
            "Look at the agent's own log for the cause of its reconnects.",
        ),
        Liveness::Active => {
            unhealthy(e).unwrap_or_else(|| verdict("ok.watched", Severity::Good, "Beats itself; we watch", ""))
        }
        Liveness::Unknown if e.registry_problem.is_none() => {
            verdict("registry.waiting", Severity::Neutral, "Waiting for the registry's first answer", "")
        }
        Liveness::Unknown
        | Liveness::Inactive
        | Liveness::Late
        | Liveness::Stale
        | Liveness::Offline
        | Liveness::Stopped => silent(e),
    }
}

fn silent(e: &Evidence<'_>) -> VerdictView {
    if let Some(problem) = e.registry_problem {
        return verdict(
            "registry.unreachable",
            Severity::Bad,
            format!("The registry cannot be asked: {problem}"),
            "Whether the agent beats is not known until the registry answers again.",
        );
    }
    // Both clocks are measured against ours; what counts is how far they are from one another.
    let clock = e.process_clock_ahead_ms.map(|process| process - e.registry_clock_ahead_ms.unwrap_or(0));
    if let Some(ahead) = clock.filter(|ahead| ahead.abs() >= CLOCK_LIMIT_MS && e.process == ProcessState::Running) {
        return verdict(
            "clock.process",
            Severity::Bad,
            format!("Its beats are refused in silence: its clock is {} of the registry's", ahead_or_behind(ahead)),
            format!(
                "Set the clock where the agent runs: beats more than {} s off are not taken.",
                MAX_CLOCK_SKEW.as_secs()
            ),
        );
    }
    let never = matches!(e.liveness, Liveness::Inactive | Liveness::Unknown);
    match e.process {
        ProcessState::NotRunning => verdict(
            "process.not_running",
            if never { Severity::Warning } else { Severity::Bad },
            format!("Its process does not answer ({})", e.process_detail),
            "Start the agent.",
        ),
        ProcessState::Unhealthy => verdict(
            "process.unhealthy",
            Severity::Bad,
            format!("Its process runs but is not well ({})", e.process_detail),
            "Look at the agent's log.",
        ),
        ProcessState::Running if never => verdict(
            "agent.never_beat",
            Severity::Neutral,
            "Registered, has never beaten; its process runs",
            "Its heartbeat is not switched on, or cannot reach the registry: look at the agent's log.",
        ),
        ProcessState::Running => verdict(
            "agent.silent",
            Severity::Bad,
            "Its process runs, but it stopped beating",
            "Its heartbeat loop died or hangs: look at the agent's log, then restart it.",
        ),
        _ if never => {
            verdict("agent.never_beat", Severity::Neutral, "Registered, has never beaten", "Start the agent.")
        }
        ProcessState::NotOurs
        | ProcessState::Unknown
        | ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::WrongAgent
        | ProcessState::Stopping
        | ProcessState::Waiting
        | ProcessState::Exited
        | ProcessState::GaveUp => verdict(
            "agent.silent",
            Severity::Bad,
            "It stopped beating, and its process is not ours to see",
            "Look where it runs. With a `health` address in its configuration, its process is watched too.",
        ),
    }
}

fn unhealthy(e: &Evidence<'_>) -> Option<VerdictView> {
    match e.process {
        ProcessState::Unhealthy => Some(verdict(
            "process.unhealthy",
            Severity::Warning,
            format!("Beating, but its process is not well ({})", e.process_detail),
            "Look at the agent's log.",
        )),
        ProcessState::NotRunning => Some(verdict(
            "process.gone",
            Severity::Warning,
            format!("Beating, but its process does not answer ({})", e.process_detail),
            "The registry shows it as active although nobody can reach it: start the agent, or pause its beats.",
        )),
        ProcessState::NotOurs
        | ProcessState::Unknown
        | ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::Running
        | ProcessState::WrongAgent
        | ProcessState::Stopping
        | ProcessState::Waiting
        | ProcessState::Exited
        | ProcessState::GaveUp => None,
    }
}

fn ahead_or_behind(ahead_ms: i64) -> String {
    let seconds = (ahead_ms.unsigned_abs() + 500) / 1000;
    // Near the limit it is the seconds that count.
    let off = if seconds < 600 { format!("{seconds} s") } else { duration(Duration::from_secs(seconds)) };
    format!("{off} {}", if ahead_ms >= 0 { "ahead" } else { "behind" })
}

fn sentence(text: &impl ToString) -> String {
    let text = text.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn verdict(
    code: &'static str,
    severity: Severity,
    sentence: impl Into<String>,
    remedy: impl Into<String>,
) -> VerdictView {
    VerdictView { code, severity, sentence: sentence.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests;
