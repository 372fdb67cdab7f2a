//! The process that was started here.

use beatkeeper_core::view::{ProcessState, RungState};

use super::{Clock, text};
use crate::blackbox::{ExitThen, LadderThen, ProcessThen, RunThen, RungThen, UsageThen};

/// A table of all that is known of it.
pub(super) fn table(process: &ProcessThen, run: &RunThen, clock: &Clock<'_>) -> String {
    let mut rows = vec!["| What | Known |".to_owned(), "|---|---|".to_owned()];
    let mut say = |what: &str, known: String| rows.push(format!("| {what} | {known} |"));
    let since = process.since.map(|since| format!(" since {}", clock.at(since))).unwrap_or_default();
    let detail = if process.detail.as_str().trim().is_empty() { String::new() } else { text(&process.detail) };
    let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
    say("State", format!("{}{since}{detail}", state(process.state)));
    say("Main process", main(run, clock));
    say("Starts that came to nothing", starts(run, clock));
    if let Some(last) = &run.exit {
        say("Last end", exit(last, clock));
    }
    if let Some(probe) = &run.probe {
        let well = if probe.well { "well" } else { "not well" };
        say("Last answer to its probe", format!("{well}, at {}: {}", clock.at(probe.at), text(&probe.sentence)));
    }
    if let Some(last) = &run.usage {
        say("Cost", usage(last, clock));
    }
    if let Some(drift) = &run.drift {
        say("Code", text(drift));
    }
    if let Some(recovery) = &run.ladder {
        say("Recovery", ladder(recovery, clock));
        for (place, step) in recovery.rungs.iter().enumerate() {
            say(&format!("Recovery, step {}", place + 1), rung(step));
        }
    }
    rows.join("\n")
}

const fn state(state: ProcessState) -> &'static str {
    match state {
        ProcessState::NotOurs => "not ours",
        ProcessState::Unknown => "unknown",
        ProcessState::Stopped => "stopped",
        ProcessState::Starting => "starting",
        ProcessState::Running => "running",
        ProcessState::Unhealthy => "unhealthy",
        ProcessState::WrongAgent => "another agent answers",
        ProcessState::NotRunning => "not running",
        ProcessState::Stopping => "stopping",
        ProcessState::Waiting => "ended, to be started again",
        ProcessState::Exited => "exited",
        ProcessState::GaveUp => "given up",
    }
}

fn main(run: &RunThen, clock: &Clock<'_>) -> String {
    let pid = run.pid.map_or_else(|| "none".to_owned(), |pid| pid.to_string());
    let started = run.started_at.map(|at| format!(", started at {}", clock.at(at))).unwrap_or_default();
    let reclaimed = if run.reclaimed { ", by an earlier run of Beatkeeper" } else { "" };
    format!("{pid}{started}{reclaimed}")
}

fn starts(run: &RunThen, clock: &Clock<'_>) -> String {
    let most = match run.max_restarts {
        0 => String::new(),
        most => format!(" of {most}"),
    };
    let next = run.next_start_at.map(|at| format!("; the next one at {}", clock.at(at))).unwrap_or_default();
    format!("{}{most}{next}", run.restarts)
}

fn exit(exit: &ExitThen, clock: &Clock<'_>) -> String {
    let number = match (exit.code, exit.signal) {
        (Some(code), _) => format!(" (exit code {code})"),
        (None, Some(signal)) => format!(" (signal {signal})"),
        (None, None) => String::new(),
    };
    format!("{}{number}, at {}", text(&exit.sentence), clock.at(exit.at))
}

fn usage(usage: &UsageThen, clock: &Clock<'_>) -> String {
    let files = usage.open_files.map(|files| format!(", {files} open files")).unwrap_or_default();
    format!(
        "{:.1} % of a core, {:.1} MiB, {} threads{files}, {} processes, at {}",
        f64::from(usage.cpu_permille) / 10.0,
        usage.memory_bytes as f64 / f64::from(1 << 20),
        usage.threads,
        usage.processes,
        clock.at(usage.at)
    )
}

fn ladder(ladder: &LadderThen, clock: &Clock<'_>) -> String {
    let stands = match ladder.sentence.as_str() {
        "" => "nothing was to be tried".to_owned(),
        _ => text(&ladder.sentence),
    };
    let until = ladder.acts_at.map(|at| format!(", until {}", clock.at(at))).unwrap_or_default();
    let held = if ladder.held { "; held by a person" } else { "" };
    format!("{stands}{until}{held}")
}

fn rung(rung: &RungThen) -> String {
    let came = match rung.state {
        RungState::Waiting => "not tried",
        RungState::Counting => "next",
        RungState::Trying => "tried; a confirmed beat was awaited",
        RungState::Worked => "worked: a beat was confirmed after it",
        RungState::Failed => "failed: no beat was confirmed after it",
        RungState::Skipped => "passed over by a person",
    };
    format!("{}: {came}", text(&rung.label))
}
