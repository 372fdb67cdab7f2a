//! What the process alone settles, when it is ours: whether it was asked to run, and why it does not.

use super::{Evidence, verdict};
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
        ProcessState::Starting => verdict(
            "process.starting",
            Severity::Neutral,
            format!("Starting{}", because(e.process_detail)),
            "It beats as soon as it is ready.",
        ),
        ProcessState::Stopping => verdict("process.stopping", Severity::Neutral, "It is asked to end", ""),
        ProcessState::Waiting => {
            let of = if most > 0 { format!("{tries} of {most}") } else { tries.to_string() };
            let sentence = format!("Its process ended{}; restart {of}", because(e.process_detail));
            verdict(
                "process.waiting",
                Severity::Bad,
                sentence,
                "It is started again by itself; its log tells why it ends.",
            )
        }
        ProcessState::Exited => verdict(
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
        | ProcessState::Running
        | ProcessState::Unhealthy
        | ProcessState::WrongAgent
        | ProcessState::NotRunning => return None,
    };
    Some(told)
}

fn because(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

fn since(e: &Evidence<'_>) -> String {
    e.process_since.as_ref().map_or_else(String::new, |since| format!(" since {since}"))
}
