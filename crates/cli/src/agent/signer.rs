//! What was signed for an agent that does not hold its key.

use beatkeeper_core::signing::{PayloadKind, SigningDesk, SigningEntry};
use beatkeeper_core::time::Time;
use beatkeeper_engine::Paths;
use beatkeeper_engine::command::{Command, SignerAudit};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::failure::Failure;
use crate::out::{self, note, plain};
use crate::remote::Remote;
use crate::style::{Screen, Tone};
use crate::table::{Cell, Column, lay_out};
use crate::time::{NONE, clock};

const COLUMNS: [Column; 5] = [
    Column::left("TIME"),
    Column::left("OUTCOME"),
    Column::right("TIMES"),
    Column::left("WHAT"),
    Column::right("PROCESS"),
];

pub(super) fn print(paths: &Paths, wanted: &str, json: bool) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    let agent = super::meant(paths, Some(&mut remote), wanted)?;
    let SignerAudit { address, entries } = remote.ask(&Command::SignerAudit { id: agent.id.clone() })?;
    if json {
        return Ok(out::json(&json!({ "id": agent.id, "address": address, "entries": entries }))?);
    }
    if entries.is_empty() {
        note(&format!("{} has asked for no signature since Beatkeeper runs", plain(&agent.name)));
        return Ok(());
    }
    let now = Time::from_timestamp(jiff::Timestamp::now());
    let zone = TimeZone::system();
    let rows: Vec<Vec<Cell>> = entries.iter().map(|entry| cells(entry, now, &zone)).collect();
    Ok(out::lines(&lay_out(&COLUMNS, &rows, Screen::of_stdout()))?)
}

fn cells(entry: &SigningEntry, now: Time, zone: &TimeZone) -> Vec<Cell> {
    let tone = if entry.outcome == SigningDesk::SIGNED { Tone::Good } else { Tone::Bad };
    let what = match entry.kind {
        Some(PayloadKind::Timestamp) => "a timestamp",
        Some(PayloadKind::IdAndSeconds) => "its id and seconds",
        None => NONE,
    };
    vec![
        clock(entry.at, now, zone).into(),
        Cell::new(plain(&entry.outcome), tone),
        entry.count.to_string().into(),
        what.to_owned().into(),
        entry.pid.map_or_else(|| NONE.to_owned(), |pid| pid.to_string()).into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_line_that_says_what_came_of_it() {
        let at = Time::from_millis(1_767_323_045_000);
        let entry = |outcome: &str, kind, pid| SigningEntry {
            at,
            outcome: outcome.into(),
            refusal: None,
            kind,
            pid,
            count: 1,
            first_at: None,
        };
        let texts = |entry: &SigningEntry| -> Vec<String> {
            cells(entry, at, &TimeZone::UTC).into_iter().map(|cell| cell.text).collect()
        };
        let signed = entry("signed", Some(PayloadKind::Timestamp), Some(4711));
        assert_eq!(texts(&signed), ["03:04:05", "signed", "1", "a timestamp", "4711"]);
        let refused = SigningEntry { count: 300, ..entry("signer.not_of_the_run", None, None) };
        assert_eq!(texts(&refused), ["03:04:05", "signer.not_of_the_run", "300", NONE, NONE]);
    }
}
