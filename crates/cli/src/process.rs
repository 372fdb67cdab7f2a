//! An agent's process in words.

use beatkeeper_core::notice::duration;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{ProcessState, UsageView};
use jiff::tz::TimeZone;

use crate::fleet::{Row, Run};
use crate::out::plain;
use crate::style::Tone;
use crate::time::{clock, countdown, offset};

/// Its state in a word or a few.
pub(crate) const fn state(state: ProcessState) -> &'static str {
    match state {
        ProcessState::NotOurs => "not watched (no health address is configured)",
        ProcessState::Unknown => "not known yet",
        ProcessState::Stopped => "not started",
        ProcessState::Starting => "starting",
        ProcessState::Stopping => "asked to end",
        ProcessState::Waiting => "ended, and is started again",
        ProcessState::Exited => "ended",
        ProcessState::GaveUp => "given up",
        ProcessState::Running => "running",
        ProcessState::Unhealthy => "runs, and is not well",
        ProcessState::NotRunning => "does not answer",
        ProcessState::WrongAgent => "another agent answers at its address",
    }
}

/// What a state means for whoever waits for the process to be up.
pub(crate) const fn tone(state: ProcessState) -> Tone {
    match state {
        ProcessState::Running => Tone::Good,
        ProcessState::Unhealthy | ProcessState::Waiting => Tone::Warning,
        ProcessState::WrongAgent | ProcessState::NotRunning | ProcessState::GaveUp => Tone::Bad,
        ProcessState::NotOurs
        | ProcessState::Unknown
        | ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::Stopping
        | ProcessState::Exited => Tone::Quiet,
    }
}

/// `running (pid 4711)`, `given up: there is no program x`.
pub(crate) fn outcome(row: &Row, now: Time) -> String {
    let process = &row.process;
    let run = process.run.as_deref();
    let words = state(process.state);
    let more = match (process.state, run) {
        (ProcessState::Running, Some(Run { pid: Some(pid), .. })) => return format!("{words} (pid {pid})"),
        (ProcessState::Waiting, Some(run)) => again(run, now),
        _ => None,
    };
    let detail = Some(plain(&process.detail)).filter(|detail| !detail.is_empty()).or_else(|| {
        let exit = run?.exit.as_ref().filter(|_| process.state == ProcessState::Exited)?;
        Some(plain(&exit.sentence))
    });
    let reason: Vec<String> = [more, detail].into_iter().flatten().collect();
    if reason.is_empty() { words.to_owned() } else { format!("{words}: {}", reason.join(", ")) }
}

/// `restart 3 of 5 in 0:12`.
fn again(run: &Run, now: Time) -> Option<String> {
    let next = run.next_start_at?;
    let of = if run.max_restarts == 0 { String::new() } else { format!(" of {}", run.max_restarts) };
    Some(format!("restart {}{of} in {}", run.restarts, countdown(Some(next), now)))
}

/// For a column: `running 3 % 48 MiB`.
pub(crate) fn short(row: &Row) -> String {
    let Some(run) = row.process.run.as_deref() else { return String::new() };
    let word = match row.process.state {
        ProcessState::Unhealthy => "not well",
        ProcessState::WrongAgent => "another agent",
        ProcessState::Waiting => "waits",
        ProcessState::NotOurs => "elsewhere",
        ProcessState::Stopping => "stopping",
        ProcessState::Unknown
        | ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::Running
        | ProcessState::NotRunning
        | ProcessState::Exited
        | ProcessState::GaveUp => state(row.process.state),
    };
    let cost = run.usage.as_ref().map(|usage| format!("{:.0} % {}", usage.cpu_percent, size(usage.memory_bytes)));
    std::iter::once(word.to_owned()).chain(cost).collect::<Vec<_>>().join(" ")
}

/// The facts of its page: the state, and where it is started here, more.
pub(crate) fn facts(row: &Row, now: Time, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let process = &row.process;
    let ahead = process.clock_ahead_ms.map(|ahead| format!("clock {}", offset(ahead)));
    let Some(run) = process.run.as_deref() else {
        let detail = Some(plain(&process.detail)).filter(|detail| !detail.is_empty());
        let words = [Some(state(process.state).to_owned()), detail, ahead];
        return vec![("Process", words.into_iter().flatten().collect::<Vec<_>>().join(", "))];
    };
    let since = run.started_at.filter(|_| run.pid.is_some()).map(|at| {
        let taken_over = if run.reclaimed { ", taken over from an earlier run of Beatkeeper" } else { "" };
        format!("since {} ({}){taken_over}", clock(at, now, zone), duration(now.since(at)))
    });
    let words = [Some(outcome(row, now)), since, ahead];
    let mut facts = vec![("Process", words.into_iter().flatten().collect::<Vec<_>>().join(", "))];
    if let Some(usage) = &run.usage {
        facts.push(("", costs(usage)));
    }
    if let Some(exit) = run.exit.as_ref().filter(|_| run.pid.is_some() || run.restarts > 0) {
        facts.push(("", format!("last time: {}, {}", plain(&exit.sentence), clock(exit.at, now, zone))));
    }
    if run.restarts > 0 {
        let of = if run.max_restarts == 0 { String::new() } else { format!(" of {}", run.max_restarts) };
        facts.push(("", format!("restart {}{of}", run.restarts)));
    }
    if let Some(drift) = &run.drift {
        facts.push(("Code", plain(&drift.sentence)));
    }
    if let Some(ladder) = run.ladder.as_ref().filter(|ladder| !ladder.sentence.is_empty()) {
        facts.push(("Recovery", recovery(ladder, now)));
    }
    facts
}

/// Where its recovery stands.
pub(crate) fn recovery(ladder: &crate::fleet::Ladder, now: Time) -> String {
    let when = match (ladder.held, ladder.acts_at) {
        (true, _) => ", held".to_owned(),
        (false, Some(at)) => format!(", {} left", countdown(Some(at), now)),
        (false, None) => String::new(),
    };
    format!("{}{when}", plain(&ladder.sentence))
}

fn costs(usage: &UsageView) -> String {
    let files = usage.open_files.map(|files| format!(", {files} open files"));
    format!(
        "{:.1} % of a core, {}, {} processes, {} threads{}",
        usage.cpu_percent,
        size(usage.memory_bytes),
        usage.processes,
        usage.threads,
        files.unwrap_or_default()
    )
}

/// `48 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..0x10_0000 => format!("{} KiB", bytes / KIB),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes / 0x10_0000),
        _ => format!("{:.1} GiB", bytes as f64 / 0x4000_0000 as f64),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fleet::tests::{NOON, row};

    fn agent(process: &Value) -> Row {
        serde_json::from_value(row(1, "weather", "active", &json!({"process": process}))).unwrap()
    }

    fn run(state: &str, detail: &str, more: &Value) -> Row {
        let mut run = json!({"pid": null, "started_at": null, "reclaimed": false, "exit": null, "restarts": 0,
            "max_restarts": 5, "next_start_at": null, "usage": null, "drift": null, "ladder": null,
            "starts_with_app": true});
        run.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        agent(&json!({"state": state, "since": NOON - 1, "clock_ahead_ms": null, "detail": detail, "run": run}))
    }

    const NOW: Time = Time::from_millis(NOON);

    #[test]
    fn what_became_of_a_start_is_a_few_words() {
        let exit = json!({"code": 1, "signal": null, "at": NOON - 5_000, "sentence": "it ended with 1"});
        for (row, words) in [
            (run("running", "", &json!({"pid": 4711})), "running (pid 4711)"),
            (run("gave_up", "there is no program x", &json!({})), "given up: there is no program x"),
            (run("exited", "", &json!({"exit": exit})), "ended: it ended with 1"),
            (
                run("unhealthy", "/health answers \u{1b}[31m503", &json!({"pid": 1})),
                "runs, and is not well: /health answers \u{fffd}[31m503",
            ),
            (
                run("waiting", "it ended with 1", &json!({"restarts": 3, "next_start_at": NOON + 12_000})),
                "ended, and is started again: restart 3 of 5 in 0:12, it ended with 1",
            ),
            (run("stopped", "", &json!({})), "not started"),
        ] {
            assert_eq!(outcome(&row, NOW), words);
        }
    }

    #[test]
    fn the_page_has_what_it_costs_and_where_its_recovery_stands() {
        let row = run(
            "running",
            "",
            &json!({"pid": 7, "started_at": NOON - 60_000, "reclaimed": true, "restarts": 1,
                "exit": {"code": 1, "signal": null, "at": NOON - 61_000, "sentence": "it ended with 1"},
                "usage": {"cpu_percent": 3.25, "memory_bytes": 50_331_648, "threads": 9, "open_files": 12, "processes": 2, "at": NOON},
                "drift": {"sentence": "started 3 commits ago", "commits": 3, "dirty": false},
                "ladder": {"rungs": [], "acts_at": NOON + 9_000, "held": false, "sentence": "restart comes next"}}),
        );
        let facts: Vec<String> =
            facts(&row, NOW, &TimeZone::UTC).into_iter().map(|(name, words)| format!("{name}|{words}")).collect();
        assert_eq!(
            facts,
            [
                "Process|running (pid 7), since 11:59:00 (60 s), taken over from an earlier run of Beatkeeper",
                "|3.2 % of a core, 48 MiB, 2 processes, 9 threads, 12 open files",
                "|last time: it ended with 1, 11:58:59",
                "|restart 1 of 5",
                "Code|started 3 commits ago",
                "Recovery|restart comes next, 0:09 left",
            ]
        );
        assert_eq!(short(&row), "running 3 % 48 MiB");
        let others = agent(&json!({"state": "unhealthy", "clock_ahead_ms": 90, "detail": "503"}));
        assert_eq!(
            super::facts(&others, NOW, &TimeZone::UTC),
            [("Process", "runs, and is not well, 503, clock +0.1 s".into())]
        );
        assert_eq!(short(&others), "");
    }

    #[test]
    fn sizes_are_said_in_the_unit_that_fits() {
        assert_eq!([0, 1023, 1024, 0x10_0000, 0x4000_0000].map(size), ["0 B", "1023 B", "1 KiB", "1 MiB", "1.0 GiB"]);
    }
}
