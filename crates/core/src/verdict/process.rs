//! Verdicts of the process: whether it was asked to run, why it does not, and what it is beside its beats.

use super::{Evidence, verdict};
use crate::liveness::Liveness;
use crate::view::{ProcessState, Severity, VerdictView};

/// Nobody asked it to run, and nobody else beats for it.
pub(super) fn at_rest(e: &Evidence<'_>) -> VerdictView {
    if e.process == ProcessState::Exited {
        let sentence = format!("It ended by itself, and well{}", because(e.process_detail));
        return verdict("process.done", Severity::Neutral, sentence, "Start it when it should run again.");
    }
    verdict("process.stopped", Severity::Neutral, "Not started", "Start it when it should run.")
}

/// It is started here, and is not what it should be.
pub(super) fn of_ours(e: &Evidence<'_>) -> Option<VerdictView> {
    let (tries, most) = e.restarts;
    let told = match e.process {
        ProcessState::Starting | ProcessState::Waiting | ProcessState::Stopping if e.restart_loop > 0 => {
            return restarting(e);
        }
        ProcessState::Unhealthy | ProcessState::NotRunning if e.held && e.restart_loop > 0 => {
            return restarting(e);
        }
        ProcessState::Starting => verdict(
            "process.starting",
            Severity::Neutral,
            format!("Starting{}", because(e.process_detail)),
            "It beats as soon as it is ready.",
        ),
        ProcessState::Stopping => verdict("process.stopping", Severity::Neutral, "It is asked to end", ""),
        ProcessState::Waiting => {
            let sentence = format!("Its process ended{}; restart {}", because(e.process_detail), of(tries, most));
            verdict(
                "process.waiting",
                Severity::Bad,
                sentence,
                "It is started again by itself; its log tells why it ends.",
            )
        }
        ProcessState::Exited if !e.hushed => verdict(
            "process.exited",
            Severity::Bad,
            format!("Its process ended{}, and is not started again", because(e.process_detail)),
            "Look at the end of its log, then start it.",
        ),
        ProcessState::GaveUp => verdict(
            "process.gave_up",
            Severity::Bad,
            format!("Its process was given up{}", because(e.process_detail)),
            "Look at the end of its log, correct what is wrong there, then start it.",
        ),
        ProcessState::Unhealthy | ProcessState::NotRunning if e.held => verdict(
            "beats.held",
            Severity::Bad,
            format!("Held back: its health check fails{}{}", because(e.process_detail), since(e)),
            "Its beats go on as soon as it is well: look at its log, or restart it.",
        ),
        ProcessState::Unknown if e.held => {
            verdict("beats.held", Severity::Neutral, "Held back until its process is seen to be well", "")
        }
        ProcessState::NotOurs
        | ProcessState::Unknown
        | ProcessState::Stopped
        | ProcessState::Exited
        | ProcessState::Running
        | ProcessState::Unhealthy
        | ProcessState::WrongAgent
        | ProcessState::NotRunning => return None,
    };
    Some(told)
}

/// It is started again and again, here or elsewhere.
pub(super) fn restarting(e: &Evidence<'_>) -> Option<VerdictView> {
    if e.restart_loop == 0 {
        return None;
    }
    let (tries, most) = e.restarts;
    let times = format!("{} times in 5 min", e.restart_loop);
    let detail = because(e.process_detail);
    let active = e.liveness == Liveness::Active;
    let (sentence, remedy) = match e.process {
        ProcessState::NotOurs | ProcessState::Unknown | ProcessState::NotRunning => (
            format!("It is started again and again where it runs, {times}, and never stays{detail}"),
            "Look at its log there for why it ends: `docker ps` shows a container that restarts, `docker logs` what it said.",
        ),
        ProcessState::Waiting => (
            format!("Its process ends soon after every start, {times}{detail}; restart {}", of(tries, most)),
            "Look at the end of its log: it is started again, and that does not help.",
        ),
        ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::Running
        | ProcessState::Unhealthy
        | ProcessState::WrongAgent
        | ProcessState::Stopping
        | ProcessState::Exited
        | ProcessState::GaveUp => (
            format!("Its process ends soon after every start, {times}{detail}"),
            "Look at the end of its log: it is started again and again, and that does not help.",
        ),
    };
    // Of a process that is not ours a loop is a guess, and its beats count; ours is seen to be down.
    let up = matches!(
        e.process,
        ProcessState::NotOurs
            | ProcessState::Unknown
            | ProcessState::Running
            | ProcessState::Unhealthy
            | ProcessState::NotRunning
    );
    let severity = if active && up && !e.held { Severity::Warning } else { Severity::Bad };
    Some(verdict("process.restarting", severity, sentence, remedy))
}

/// Its beats are confirmed, and its process is not as it should be.
pub(super) fn beside_its_beats(e: &Evidence<'_>) -> Option<VerdictView> {
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

/// It does not beat, runs, and is not well.
pub(super) fn unwell_and_silent(e: &Evidence<'_>) -> VerdictView {
    verdict(
        "process.unhealthy",
        Severity::Bad,
        format!("It does not beat; its process runs, and is not well ({})", e.process_detail),
        "Look at the agent's log.",
    )
}

fn of(tries: u32, most: u32) -> String {
    if most > 0 { format!("{tries} of {most}") } else { tries.to_string() }
}

fn because(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

fn since(e: &Evidence<'_>) -> String {
    e.process_since.as_ref().map_or_else(String::new, |since| format!(" since {since}"))
}
