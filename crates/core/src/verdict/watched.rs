//! Verdicts of agents that beat by themselves, while we watch.

use super::{CLOCK_LIMIT_MS, Evidence, FLAPPING, ahead_or_behind, copies, link, process, record, verdict};
use crate::liveness::Liveness;
use crate::view::{ProcessState, Severity, VerdictView};
use crate::wire::zynd::MAX_CLOCK_SKEW;

/// The agent beats itself, and we watch.
pub(super) fn its_own(e: &Evidence<'_>) -> VerdictView {
    match e.liveness {
        Liveness::Active => beating(e),
        // Who was at rest in an earlier run gets a moment to beat again.
        Liveness::Unknown | Liveness::Stopped if e.registry_problem.is_none() => {
            verdict("registry.waiting", Severity::Neutral, "Waiting for the registry's first word of it", "")
        }
        Liveness::Unknown
        | Liveness::Inactive
        | Liveness::Late
        | Liveness::Stale
        | Liveness::Offline
        | Liveness::Stopped => silent(e),
    }
}

/// What is not as it should be beside that it beats, worst first.
fn beating(e: &Evidence<'_>) -> VerdictView {
    if let Some(verdict) = copies::of_its_own(e).or_else(|| process::restarting(e)).or_else(|| link::not_announced(e)) {
        return verdict;
    }
    if e.reconnects_5min >= FLAPPING {
        return verdict(
            "agent.flapping",
            Severity::Warning,
            format!("Beats itself, but its connection keeps dropping: {} times in 5 min", e.reconnects_5min),
            "Look at the agent's own log for the cause of its reconnects.",
        );
    }
    process::beside_its_beats(e).unwrap_or_else(|| verdict("ok.watched", Severity::Good, "Beats itself; we watch", ""))
}

fn silent(e: &Evidence<'_>) -> VerdictView {
    if let Some(problem) = e.registry_problem {
        return verdict(
            record::unread(e),
            Severity::Bad,
            format!("Its record at the registry cannot be read: {problem}"),
            "Whether the agent beats is not known until that can be read again: look at the registry, or at what lies between.",
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
    if let Some(verdict) = process::restarting(e) {
        return verdict;
    }
    if matches!(e.liveness, Liveness::Inactive | Liveness::Unknown) { never(e) } else { no_more(e) }
}

/// It never beat.
fn never(e: &Evidence<'_>) -> VerdictView {
    const CODE: &str = "agent.never_beat";
    match e.process {
        ProcessState::NotRunning => verdict(
            "process.not_running",
            Severity::Warning,
            format!("Registered, has never beaten; its process does not answer ({})", e.process_detail),
            "Start the agent, or correct its health address.",
        ),
        ProcessState::Unhealthy => process::unwell_and_silent(e),
        ProcessState::Running => verdict(
            CODE,
            Severity::Neutral,
            "Registered, has never beaten; its process runs",
            "Its heartbeat is not switched on, or cannot reach the registry: look at the agent's log.",
        ),
        ProcessState::NotOurs
        | ProcessState::Unknown
        | ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::WrongAgent
        | ProcessState::Stopping
        | ProcessState::Waiting
        | ProcessState::Exited
        | ProcessState::GaveUp => verdict(
            CODE,
            Severity::Neutral,
            "Registered, has never beaten",
            "Start the agent. A registry calls a fresh record active; that is no beat.",
        ),
    }
}

/// It beat, and does not any more.
fn no_more(e: &Evidence<'_>) -> VerdictView {
    const CODE: &str = "agent.silent";
    match e.process {
        ProcessState::NotRunning => verdict(
            "process.not_running",
            Severity::Bad,
            format!("It stopped beating, and its process does not answer ({})", e.process_detail),
            "Start the agent, and look at the end of its log for why it ended.",
        ),
        ProcessState::Unhealthy => process::unwell_and_silent(e),
        ProcessState::Running => verdict(
            CODE,
            Severity::Bad,
            "Its process runs, but it stopped beating",
            "Its heartbeat loop died or hangs: look at the agent's log, then restart it.",
        ),
        ProcessState::Stopped | ProcessState::Exited => verdict(
            CODE,
            Severity::Bad,
            "It is not started here, and whoever else beat for it stopped",
            "Start it here, or look at the other program that beat for it.",
        ),
        ProcessState::Unknown => verdict(
            CODE,
            Severity::Bad,
            "It stopped beating; its process was not asked yet",
            "Wait a moment: its health address is being asked.",
        ),
        ProcessState::NotOurs
        | ProcessState::Starting
        | ProcessState::WrongAgent
        | ProcessState::Stopping
        | ProcessState::Waiting
        | ProcessState::GaveUp => record::sweep_late(e).unwrap_or_else(|| {
            verdict(
                CODE,
                Severity::Bad,
                "It stopped beating, and its process is not ours to see",
                "Look where it runs. With a `health` address in its configuration, its process is watched too.",
            )
        }),
    }
}
