//! A black box for people, to be pasted into an issue or a chat.
//!
//! Names and sentences come from servers and files. In here they are inert: no link, no HTML, no mention, and no way out
//! of a table or of the log's fence.

mod process;

use std::fmt::Write as _;
use std::time::Duration;

use beatkeeper_core::alert::Fault;
use beatkeeper_core::notice::duration;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::BeatsBy;
use beatkeeper_runner::log::Stream;
use jiff::tz::TimeZone;

use super::{Clean, ConnectionThen, Frozen, LogThen, OutputLine, OutputThen, TransitionThen};

const NONE: &str = "—";

/// The whole of it, with times as the clocks of `zone` show them.
#[must_use]
pub fn markdown(frozen: &Frozen, zone: &TimeZone) -> String {
    let clock = Clock { zone };
    let agent = &frozen.agent;
    let mut parts = vec![
        format!("# {} is {}", text(&agent.name), agent.liveness),
        summary(frozen, &clock),
        format!("## Checks\n\n{}", checks(frozen)),
    ];
    if let Some(run) = &agent.process.run {
        parts.push(format!("## Process\n\n{}", process::table(&agent.process, run, &clock)));
    }
    if let Some(said) = &frozen.output {
        parts.push(format!("## Agent's output\n\n{}", output(said, &clock)));
    }
    parts.extend([
        format!("## Connections, newest first\n\n{}", connections(&frozen.connections, &clock)),
        format!("## Changes of state, newest first\n\n{}", transitions(&frozen.transitions, &clock)),
        format!("## Log of Beatkeeper\n\n{}", log(&frozen.log)),
    ]);
    if !frozen.problems.is_empty() {
        let problems = frozen.problems.iter().map(|problem| format!("- {}", text(problem)));
        parts.push(format!("## What could not be read\n\n{}", problems.collect::<Vec<_>>().join("\n")));
    }
    parts.push(format!(
        "Frozen at {} by Beatkeeper {}. Times are {}.",
        clock.at(frozen.frozen_at),
        text(&frozen.program),
        clock.name(frozen.frozen_at)
    ));
    let mut whole = parts.join("\n\n");
    whole.push('\n');
    whole
}

/// Who, what, since when, whose fault, and what to do.
fn summary(frozen: &Frozen, clock: &Clock<'_>) -> String {
    let (agent, incident) = (&frozen.agent, &frozen.incident);
    let mut said = format!("**{}** (`{}`)", text(&agent.name), incident.agent);
    if let Some(registry) = &frozen.registry {
        let _ = write!(said, " at the registry {} ({})", text(&registry.name), text(&registry.url));
    }
    let _ = write!(said, " is {} since {}", agent.liveness, clock.at(agent.liveness_since));
    let _ = match agent.last_confirmed_at {
        Some(beat) => {
            let before = duration(frozen.frozen_at.since(beat));
            write!(said, "; its last confirmed beat was at {}, {before} before this was frozen.", clock.at(beat))
        }
        None => write!(said, "; no beat of it was ever confirmed."),
    };
    let _ = write!(said, " The incident was opened at {}.", clock.at(incident.opened_at));
    if incident.drill {
        said.push_str(" This is a drill: the silence was asked for.");
    }
    if incident.flapping {
        said.push_str(" It comes and goes.");
    }
    let _ = write!(said, " Whose fault: {}.", fault(incident.fault));
    let _ = write!(said, " Verdict: {} ({}).", sentence(&agent.verdict.sentence), code(agent.verdict.code.as_str()));
    if !agent.verdict.remedy.as_str().is_empty() {
        let _ = write!(said, " What to do: {}", text(&agent.verdict.remedy));
    }
    said
}

const fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Process => "the agent's process",
        Fault::Link => "the way to the registry",
        Fault::Registry => "the registry",
        Fault::Key => "the key",
        Fault::Clock => "a clock",
        Fault::OwnNetwork => "this computer's network",
        Fault::Asleep => "this computer, which slept",
        Fault::NotRunning => "nobody's, it was not meant to beat",
        Fault::Unknown => "not known",
    }
}

fn checks(frozen: &Frozen) -> String {
    let mut rows = vec!["| Check | Result | Evidence |".to_owned(), "|---|---|---|".to_owned()];
    for check in &frozen.checks {
        let result = check.result.as_str();
        let result = if result == "bad" { format!("**{result}**") } else { result.to_owned() };
        rows.push(format!("| {} | {result} | {} |", check.check.title(), text(&check.evidence)));
    }
    let ahead = |millis: Option<i64>| millis.map_or_else(|| NONE.to_owned(), seconds);
    rows.push(format!(
        "\nClocks ahead of this computer's: registry {}, process {}. This computer's clock is {} ahead of the time since \
         Beatkeeper started. Beats are sent by {}: {} sent, {} confirmed, {} unconfirmed, {} not ours.",
        ahead(frozen.clocks.registry_ahead_ms),
        ahead(frozen.clocks.process_ahead_ms),
        seconds(frozen.clocks.wall_ahead_ms),
        match frozen.agent.beats_by {
            BeatsBy::App => "Beatkeeper",
            BeatsBy::Auto => "Beatkeeper or the agent itself",
            BeatsBy::Agent => "the agent itself",
        },
        frozen.agent.beats.sent,
        frozen.agent.beats.confirmed,
        frozen.agent.beats.unconfirmed,
        frozen.agent.beats.foreign,
    ));
    rows.join("\n")
}

fn connections(connections: &[ConnectionThen], clock: &Clock<'_>) -> String {
    if connections.is_empty() {
        return "None are known.".into();
    }
    let mut rows = vec![
        "| Dialled | Opened | Closed | Length | Beats | Confirmed | Close code | Why | Attempts and waits |".to_owned(),
        "|---|---|---|--:|--:|--:|--:|---|---|".to_owned(),
    ];
    for row in connections {
        let length = row.opened_at.zip(row.closed_at).map(|(opened, closed)| duration(closed.since(opened)));
        let why = row.sentence.as_ref().or(row.cause.as_ref()).map(text);
        rows.push(format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            clock.at(row.dialled_at),
            clock.if_any(row.opened_at),
            clock.if_any(row.closed_at),
            length.unwrap_or_else(|| NONE.into()),
            row.beats,
            row.confirmed,
            row.close_code.map_or_else(|| NONE.to_owned(), |code| code.to_string()),
            why.unwrap_or_else(|| NONE.into()),
            attempts(row),
        ));
    }
    rows.join("\n")
}

/// `3, waited 1.0 + 1.7 + 3.4 s`; of many waits their sum.
fn attempts(row: &ConnectionThen) -> String {
    const SHOWN: usize = 5;
    match row.waits_ms.len() {
        0 => row.attempts.to_string(),
        1..=SHOWN => {
            let waits: Vec<String> = row.waits_ms.iter().map(|wait| format!("{:.1}", *wait as f64 / 1000.0)).collect();
            format!("{}, waited {} s", row.attempts, waits.join(" + "))
        }
        _ => format!("{}, waited {}", row.attempts, duration(Duration::from_millis(row.waited_ms))),
    }
}

fn transitions(transitions: &[TransitionThen], clock: &Clock<'_>) -> String {
    if transitions.is_empty() {
        return "None are known.".into();
    }
    let mut rows = vec!["| At | From | To | Verdict |".to_owned(), "|---|---|---|---|".to_owned()];
    for row in transitions {
        rows.push(format!("| {} | {} | {} | {} |", clock.at(row.at), row.from, row.to, text(&row.sentence)));
    }
    rows.join("\n")
}

fn log(log: &LogThen) -> String {
    let mut parts = Vec::new();
    if let Some(note) = &log.note {
        parts.push(text(note));
    }
    if log.left_out > 0 {
        parts.push(format!("Older lines left out: {}.", log.left_out));
    }
    if log.lines.is_empty() {
        parts.push("No line is about this agent.".into());
    } else {
        let lines: Vec<&str> = log.lines.iter().map(Clean::as_str).collect();
        parts.push(fenced(&lines.join("\n")));
    }
    parts.join("\n\n")
}

fn output(output: &OutputThen, clock: &Clock<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(note) = &output.note {
        parts.push(text(note));
    }
    if output.lines.is_empty() {
        parts.push("It wrote nothing that is kept.".into());
    } else {
        if output.more {
            parts.push("Older lines are in its log, as long as that keeps them.".into());
        }
        let line = |line: &OutputLine| {
            let stream = match line.stream {
                Stream::Out => "out",
                Stream::Err => "err",
                Stream::Note => "---",
            };
            format!("{} {stream} {}", clock.at(line.at), line.text)
        };
        parts.push(fenced(&output.lines.iter().map(line).collect::<Vec<_>>().join("\n")));
    }
    parts.join("\n\n")
}

fn fenced(lines: &str) -> String {
    let fence = "`".repeat(longest_run(lines).max(2) + 1);
    format!("{fence}text\n{lines}\n{fence}")
}

fn seconds(millis: i64) -> String {
    // Less than can be told is nothing, and not less than nothing.
    let millis = if millis.unsigned_abs() < 50 { 0 } else { millis };
    format!("{:+.1} s", millis as f64 / 1000.0)
}

/// Without the full stop that the sentence around it has.
fn sentence(clean: &Clean) -> String {
    text(&Clean::new(clean.as_str().trim_end_matches('.')))
}

/// The text as nothing but text, in a paragraph and in a table.
///
/// What renderers make links or mentions of by themselves can only be told as code; everything else is escaped.
fn text(clean: &Clean) -> String {
    let text = clean.as_str().trim();
    if text.is_empty() {
        return NONE.into();
    }
    let lower = text.to_ascii_lowercase();
    let becomes_a_link =
        text.contains('@') || ["://", "www.", "mailto:", "xmpp:"].iter().any(|sign| lower.contains(sign));
    if becomes_a_link { code(text) } else { escaped(text) }
}

pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A backslash before it would depend on who counts backslashes, the table or the text.
            '|' => out.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '!' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn code(text: &str) -> String {
    if text.is_empty() {
        return NONE.into();
    }
    // A table ends a cell there even within code, and has no escape that holds after a backslash.
    let text = text.replace('|', "¦");
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

struct Clock<'a> {
    zone: &'a TimeZone,
}

impl Clock<'_> {
    fn at(&self, at: Time) -> String {
        at.to_timestamp().to_zoned(self.zone.clone()).strftime("%F %H:%M:%S").to_string()
    }

    fn if_any(&self, at: Option<Time>) -> String {
        at.map_or_else(|| NONE.into(), |at| self.at(at))
    }

    /// How far it is from UTC, as it was then.
    fn name(&self, at: Time) -> String {
        format!("UTC{}", at.to_timestamp().to_zoned(self.zone.clone()).strftime("%:z"))
    }
}
