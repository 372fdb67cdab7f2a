//! An agent's history of some time, for other programs: spreadsheets take the CSV, everything else the JSON.
//!
//! Times are RFC 3339 in UTC, lengths are seconds. In the CSV every line is one happening, told apart by `what`:
//! a `connection`, a `change` of state, or a `span` of equal beats.

use beatkeeper_core::history::{Connection, Span, Transition};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_store::{Reader, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::refusal::Refusal;

/// Read at once.
const PAGE: u32 = 1000;
/// More than this many lines of one kind are no export any more; years of a healthy agent are fewer.
const MOST: usize = 100_000;

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// RFC 4180, with a header.
    Csv,
    /// One object with three lists.
    Json,
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The file's content.
    pub text: String,
    /// How many happenings it has.
    pub rows: usize,
}

/// One line of the CSV. JSON has the same, sorted by what they are.
#[derive(Debug, Default, Serialize)]
struct Line {
    #[serde(skip_serializing_if = "str::is_empty")]
    what: &'static str,
    started: String,
    ended: Option<String>,
    seconds: Option<f64>,
    kind: Option<String>,
    beats: Option<u32>,
    confirmed: Option<u32>,
    attempts: Option<u32>,
    waited_seconds: Option<f64>,
    close_code: Option<u16>,
    from_state: Option<&'static str>,
    to_state: Option<&'static str>,
    cause: Option<String>,
    sentence: Option<String>,
}

/// Everything that touches `from..=to`.
///
/// # Errors
/// The store's; `export.range` for an empty range, `export.too_long` for one that holds too much.
pub(crate) fn export(
    reader: &Reader,
    agent: &EntityId,
    from: Time,
    to: Time,
    format: ExportFormat,
) -> Result<Exported, Refusal> {
    if to < from {
        return Err(Refusal::new("export.range", "The range ends before it begins", "Exchange its two times."));
    }
    let connections = connections(reader, agent, from, to)?;
    let changes = changes(reader, agent, from, to)?;
    let spans = reader.spans(agent, from, to)?;
    if [connections.len(), changes.len(), spans.len()].into_iter().any(|count| count >= MOST) {
        return Err(Refusal::new(
            "export.too_long",
            format!("The range holds more than {MOST} lines"),
            "Export a shorter one, then the next.",
        ));
    }
    let rows = connections.len() + changes.len() + spans.len();
    let text = match format {
        ExportFormat::Csv => {
            let lines = connections.iter().map(of_connection);
            let lines = lines.chain(changes.iter().map(of_change)).chain(spans.iter().map(of_span));
            csv(lines)
                .map_err(|error| Refusal::new("export.csv", error.to_string(), "This is a defect; please report it."))?
        }
        ExportFormat::Json => {
            let without_what = |line: Line| Line { what: "", ..line };
            let list = |lines: Vec<Line>| lines.into_iter().map(without_what).collect::<Vec<_>>();
            let whole = json!({
                "agent": agent,
                "from": rfc3339(from),
                "to": rfc3339(to),
                "connections": list(connections.iter().map(of_connection).collect()),
                "changes": list(changes.iter().map(of_change).collect()),
                "spans": list(spans.iter().map(of_span).collect()),
            });
            format!("{whole:#}\n")
        }
    };
    Ok(Exported { text, rows })
}

/// Oldest first.
fn connections(reader: &Reader, agent: &EntityId, from: Time, to: Time) -> Result<Vec<Connection>, StoreError> {
    let mut all: Vec<Connection> = Vec::new();
    let mut before = after(to);
    loop {
        let page = reader.connections(agent, PAGE, Some(before))?;
        let full = page.len() == PAGE as usize;
        let touches = |connection: &Connection| connection.closed_at.is_none_or(|closed| closed >= from);
        let older = page.iter().position(|connection| !touches(connection));
        before = page.last().map_or(before, |last| last.dialled_at);
        all.extend(page.into_iter().take(older.unwrap_or(PAGE as usize)));
        if !full || older.is_some() || all.len() >= MOST {
            all.reverse();
            return Ok(all);
        }
    }
}

/// Oldest first.
fn changes(reader: &Reader, agent: &EntityId, from: Time, to: Time) -> Result<Vec<Transition>, StoreError> {
    let mut all: Vec<Transition> = Vec::new();
    let mut before = after(to);
    loop {
        let page = reader.transitions(agent, PAGE, Some(before))?;
        let full = page.len() >= PAGE as usize;
        let older = page.iter().position(|change| change.at < from);
        before = page.last().map_or(before, |last| last.at);
        let count = page.len();
        all.extend(page.into_iter().take(older.unwrap_or(count)));
        if !full || older.is_some() || all.len() >= MOST {
            all.reverse();
            return Ok(all);
        }
    }
}

fn after(time: Time) -> Time {
    time.offset_millis(1)
}

fn of_connection(connection: &Connection) -> Line {
    let started = connection.opened_at.unwrap_or(connection.dialled_at);
    Line {
        what: "connection",
        started: rfc3339(started),
        ended: connection.closed_at.map(rfc3339),
        seconds: connection.closed_at.map(|closed| closed.since(started).as_secs_f64()),
        kind: Some(if connection.opened_at.is_some() { "opened" } else { "not_opened" }.to_owned()),
        beats: Some(connection.beats),
        confirmed: Some(connection.confirmed),
        attempts: Some(connection.attempts),
        waited_seconds: Some(connection.waits_ms.iter().sum::<u64>() as f64 / 1000.0),
        close_code: connection.close_code,
        cause: connection.cause.clone(),
        sentence: connection.cause_sentence.as_deref().map(harmless),
        ..Line::default()
    }
}

fn of_change(change: &Transition) -> Line {
    Line {
        what: "change",
        started: rfc3339(change.at),
        from_state: Some(change.from.as_str()),
        to_state: Some(change.to.as_str()),
        cause: Some(change.cause.clone()),
        sentence: Some(harmless(&change.sentence)),
        ..Line::default()
    }
}

fn of_span(span: &Span) -> Line {
    Line {
        what: "span",
        started: rfc3339(span.from),
        ended: Some(rfc3339(span.to)),
        seconds: Some(span.to.since(span.from).as_secs_f64()),
        kind: Some(span.kind.as_str().to_owned()),
        beats: Some(span.beats),
        cause: Some(span.cause.clone()).filter(|cause| !cause.is_empty()),
        ..Line::default()
    }
}

fn csv(lines: impl Iterator<Item = Line>) -> Result<String, csv::Error> {
    // The header is written by hand, so that an empty range has one, too.
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record([
        "what",
        "started",
        "ended",
        "seconds",
        "kind",
        "beats",
        "confirmed",
        "attempts",
        "waited_seconds",
        "close_code",
        "from_state",
        "to_state",
        "cause",
        "sentence",
    ])?;
    for line in lines {
        writer.serialize(line)?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Sentences hold words of servers, and a spreadsheet would run what begins like a formula.
pub(crate) fn harmless(sentence: &str) -> String {
    if sentence.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{sentence}") } else { sentence.to_owned() }
}

pub(crate) fn rfc3339(at: Time) -> String {
    at.to_timestamp().to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use beatkeeper_core::history::{HistoryRow, SpanKind};
    use beatkeeper_core::liveness::Liveness;
    use beatkeeper_store::{Store, Writer};
    use tempfile::TempDir;

    use super::*;

    fn at(second: u64) -> Time {
        Time::from_millis(1_800_000_000_000 + second * 1000)
    }

    fn id() -> EntityId {
        "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap()
    }

    fn connection(from: u64, to: Option<u64>) -> HistoryRow {
        HistoryRow::Connection(Connection {
            agent: id(),
            dialled_at: at(from),
            opened_at: Some(at(from + 1)),
            closed_at: to.map(at),
            beats: 4,
            confirmed: 3,
            close_code: to.map(|_| 1006),
            cause: to.map(|_| "link.broken".into()),
            cause_sentence: to.map(|_| "=HYPERLINK(\"http://evil\"), dropped".into()),
            attempts: 2,
            waits_ms: vec![1000, 2500],
        })
    }

    fn change(second: u64) -> HistoryRow {
        HistoryRow::Transition(Transition {
            agent: id(),
            at: at(second),
            from: Liveness::Active,
            to: Liveness::Late,
            cause: "link.broken".into(),
            sentence: "Reconnecting, \"soon\"".into(),
            counts: true,
        })
    }

    fn history(rows: impl IntoIterator<Item = HistoryRow>) -> (TempDir, Reader) {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::start(Store::open(folder.path().join("h.sqlite3")).unwrap(), at(0)).unwrap();
        rows.into_iter().for_each(|row| writer.send(row));
        writer.flush().unwrap();
        let reader = writer.reader().unwrap();
        writer.close().unwrap();
        (folder, reader)
    }

    fn some_rows() -> Vec<HistoryRow> {
        let span =
            Span { agent: id(), kind: SpanKind::Confirmed, cause: String::new(), from: at(1), to: at(91), beats: 4 };
        vec![
            connection(0, Some(100)),
            connection(200, Some(300)),
            connection(400, None),
            change(150),
            change(450),
            HistoryRow::Span(span),
        ]
    }

    #[test]
    fn a_csv_has_what_touches_the_range_and_reads_back() {
        let (_folder, reader) = history(some_rows());
        let exported = export(&reader, &id(), at(90), at(160), ExportFormat::Csv).unwrap();
        assert_eq!(exported.rows, 3, "{}", exported.text);
        let mut read = csv::Reader::from_reader(exported.text.as_bytes());
        let header = read.headers().unwrap().clone();
        let lines: Vec<csv::StringRecord> = read.records().map(Result::unwrap).collect();
        let field = |line: &csv::StringRecord, name: &str| {
            line[header.iter().position(|each| each == name).unwrap()].to_owned()
        };
        assert_eq!(lines.iter().map(|line| line[0].to_owned()).collect::<Vec<_>>(), ["connection", "change", "span"]);
        assert_eq!(field(&lines[0], "seconds"), "99.0");
        assert_eq!(field(&lines[0], "waited_seconds"), "3.5");
        assert_eq!(field(&lines[0], "close_code"), "1006");
        assert!(field(&lines[0], "sentence").starts_with("'=HYPERLINK"), "a spreadsheet runs no formula of a server");
        assert_eq!((field(&lines[1], "from_state"), field(&lines[1], "to_state")), ("active".into(), "late".into()));
        assert_eq!(field(&lines[1], "sentence"), "Reconnecting, \"soon\"");
        assert_eq!((field(&lines[2], "kind"), field(&lines[2], "beats")), ("confirmed".into(), "4".into()));
    }

    #[test]
    fn json_has_the_same_in_three_lists_oldest_first() {
        let (_folder, reader) = history(some_rows());
        let exported = export(&reader, &id(), at(0), at(1000), ExportFormat::Json).unwrap();
        let whole: serde_json::Value = serde_json::from_str(&exported.text).unwrap();
        assert_eq!(whole["connections"].as_array().unwrap().len(), 3);
        assert_eq!(whole["connections"][0]["started"], rfc3339(at(1)));
        assert_eq!(whole["connections"][2]["ended"], serde_json::Value::Null);
        assert_eq!((whole["changes"].as_array().unwrap().len(), whole["spans"].as_array().unwrap().len()), (2, 1));
        assert!(whole["connections"][0].get("what").is_none());
    }

    #[test]
    fn an_empty_range_has_a_header_and_a_reversed_one_is_refused() {
        let (_folder, reader) = history([]);
        let exported = export(&reader, &id(), at(0), at(1), ExportFormat::Csv).unwrap();
        assert_eq!((exported.rows, exported.text.lines().count()), (0, 1));
        let refusal = export(&reader, &id(), at(1), at(0), ExportFormat::Csv).unwrap_err();
        assert_eq!(refusal.code, "export.range");
    }

    #[test]
    fn more_connections_than_a_page_are_all_there() {
        let many = (0..2500).map(|number| connection(number * 10, Some(number * 10 + 9)));
        let (_folder, reader) = history(many);
        let end = at(25_000) + Duration::from_secs(1);
        assert_eq!(export(&reader, &id(), at(0), end, ExportFormat::Csv).unwrap().rows, 2500);
        assert_eq!(export(&reader, &id(), at(12_000), end, ExportFormat::Csv).unwrap().rows, 1300);
    }
}
