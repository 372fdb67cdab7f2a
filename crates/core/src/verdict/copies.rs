//! Verdicts of beats that somebody else sends for an agent.

use super::{Evidence, process, record, verdict};
use crate::liveness::Liveness;
use crate::view::{ProcessState, Severity, VerdictView};

/// The code of both: whether we beat for it, or it does so itself.
const SECOND_COPY: &str = "beats.second_copy";

/// Nobody here beats, and the registry moves all the same. What is worse is the verdict, and this is said beside it.
pub(super) fn while_silent(e: &Evidence<'_>) -> Option<VerdictView> {
    if !e.foreign || !e.hushed {
        return None;
    }
    let asked_for = e.paused || e.drilled || e.listening;
    let worse = if asked_for { None } else { process::of_ours(e).or_else(|| record::alone(e)) };
    if let Some(mut worse) = worse.filter(|verdict| verdict.severity == Severity::Bad) {
        worse.sentence.push_str("; another program beats for it meanwhile");
        return Some(worse);
    }
    let why = match e.process {
        _ if e.paused => "Paused by you",
        _ if e.drilled => "Silent for a fire drill",
        _ if e.listening => "Silent for a moment, to listen",
        ProcessState::Stopped | ProcessState::Exited => "Not running here",
        ProcessState::NotOurs
        | ProcessState::Unknown
        | ProcessState::Starting
        | ProcessState::Running
        | ProcessState::Unhealthy
        | ProcessState::WrongAgent
        | ProcessState::NotRunning
        | ProcessState::Stopping
        | ProcessState::Waiting
        | ProcessState::GaveUp => "Held back until its process is well",
    };
    Some(verdict(
        "beats.foreign",
        Severity::Warning,
        format!("{why}, but another program beats for it while this one is silent"),
        "Find the other program that has this key, and stop it. If you know of none, the key may have leaked: `beatkeeper agent \
         next-index AGENT` has your developer's next key take its place.",
    ))
}

/// We beat, and somebody else does, too.
pub(super) fn beside_ours(e: &Evidence<'_>) -> Option<VerdictView> {
    e.foreign.then(|| {
        verdict(
            SECOND_COPY,
            Severity::Warning,
            "Beating, confirmed; a second copy of this key also beats",
            "Find the other copy and stop it. If you know of none, the key may have leaked: `beatkeeper agent next-index AGENT` \
             has your developer's next key take its place.",
        )
    })
}

/// It beats by itself, and so does another copy of it.
pub(super) fn of_its_own(e: &Evidence<'_>) -> Option<VerdictView> {
    (e.two_rhythms && e.liveness == Liveness::Active).then(|| {
        verdict(
            SECOND_COPY,
            Severity::Warning,
            format!(
                "Beats itself, twice as often as its interval of {} s allows: two copies of it run",
                e.pace.as_secs_f64()
            ),
            "Find the other copy and stop it: both answer under one name. If there is only one, it beats at another interval \
             than is configured here: correct `interval`.",
        )
    })
}
