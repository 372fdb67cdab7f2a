//! `beatkeeper history`: an agent's connections and changes of state.

use beatkeeper_core::history::{Connection, Transition};
use beatkeeper_core::notice::duration;
use beatkeeper_core::time::Time;
use beatkeeper_engine::Paths;
use beatkeeper_engine::command::Command;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::lookup::{self, Candidate};
use crate::out::{self, plain};
use crate::remote::Remote;
use crate::shape;
use crate::style::{Screen, Tone};
use crate::table::{Cell, Column, lay_out};
use crate::time::{NONE, clock, rfc3339};

#[derive(Debug, Deserialize)]
struct History {
    connections: Vec<Connection>,
    transitions: Vec<Transition>,
}

pub(crate) fn print(paths: &Paths, wanted: &str, json: bool, limit: u32) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    let (agent, history) = ask(&mut remote, wanted, limit)?;
    if json {
        return Ok(out::json(&for_programs(&agent, &history))?);
    }
    let now = Time::from_timestamp(Timestamp::now());
    Ok(out::lines(&lines(&agent, &history, now, Screen::of_stdout(), &TimeZone::system()))?)
}

fn ask(remote: &mut Remote, wanted: &str, limit: u32) -> Result<(Candidate, History), Failure> {
    let fleet = remote.fleet()?;
    let candidates = super::agent::candidates(&fleet);
    let found = lookup::find(wanted, &candidates);
    // An entry that only left the file still has its history, and only its whole id leads there.
    let (agent, unknown) = match (found, wanted.parse()) {
        (Ok(agent), _) => (agent, None),
        (Err(unknown), Ok(id)) => (Candidate { id, name: "removed".into() }, Some(unknown)),
        (Err(unknown), Err(_)) => return Err(unknown),
    };
    let history: History = remote.ask(&Command::AgentHistory { id: agent.id.clone(), limit })?;
    match unknown {
        Some(unknown) if history.connections.is_empty() && history.transitions.is_empty() => Err(unknown),
        _ => Ok((agent, history)),
    }
}

fn for_programs(agent: &Candidate, history: &History) -> Value {
    let connections = history.connections.iter().map(|connection| {
        json!({
            "dialled_at": rfc3339(Some(connection.dialled_at)),
            "opened_at": rfc3339(connection.opened_at),
            "closed_at": rfc3339(connection.closed_at),
            "beats": connection.beats,
            "confirmed": connection.confirmed,
            "close_code": connection.close_code,
            "cause": connection.cause,
            "cause_sentence": connection.cause_sentence,
            "attempts": connection.attempts,
            "waits_ms": connection.waits_ms,
        })
    });
    let transitions = history.transitions.iter().map(|transition| {
        json!({
            "at": rfc3339(Some(transition.at)),
            "from": transition.from,
            "to": transition.to,
            "cause": transition.cause,
            "sentence": transition.sentence,
        })
    });
    json!({
        "id": agent.id,
        "name": agent.name,
        "connections": connections.collect::<Vec<_>>(),
        "transitions": transitions.collect::<Vec<_>>(),
    })
}

const CONNECTIONS: [Column; 7] = [
    Column::left("OPENED"),
    Column::left("CLOSED"),
    Column::right("LENGTH"),
    Column::right("BEATS"),
    Column::right("CONFIRMED"),
    Column::left("CLOSE"),
    Column::left("CAUSE AND RECONNECTS").cut_to(20),
];

const TRANSITIONS: [Column; 3] = [Column::left("AT"), Column::left("STATE"), Column::left("VERDICT").cut_to(20)];

fn lines(agent: &Candidate, history: &History, now: Time, screen: Screen, zone: &TimeZone) -> Vec<String> {
    let strong = |text: &str| Tone::Strong.paint(text, screen.colour);
    let mut lines = vec![format!("{}  {}", strong(&plain(&agent.name)), agent.id), String::new()];
    if history.connections.is_empty() {
        lines.push("No connections are known.".into());
    } else {
        lines.push(strong("Connections, newest first"));
        let rows: Vec<Vec<Cell>> = history.connections.iter().map(|row| connection(row, now, zone)).collect();
        lines.extend(lay_out(&CONNECTIONS, &rows, screen));
    }
    lines.push(String::new());
    if history.transitions.is_empty() {
        lines.push("No changes of state are known.".into());
    } else {
        lines.push(strong("Changes of state, newest first"));
        let rows: Vec<Vec<Cell>> = history.transitions.iter().map(|row| transition(row, now, zone)).collect();
        lines.extend(lay_out(&TRANSITIONS, &rows, screen));
    }
    lines
}

fn connection(row: &Connection, now: Time, zone: &TimeZone) -> Vec<Cell> {
    let at = |time: Option<Time>| time.map_or_else(|| NONE.to_owned(), |time| clock(time, now, zone));
    let length = row.opened_at.map(|opened| duration(row.closed_at.unwrap_or(now).since(opened)));
    let cause = [row.cause_sentence.as_deref().map(plain), reconnects(row)];
    vec![
        Cell::from(at(row.opened_at)),
        Cell::from(if row.closed_at.is_none() && row.opened_at.is_some() { "now".into() } else { at(row.closed_at) }),
        Cell::from(length.unwrap_or_else(|| NONE.into())),
        Cell::from(row.beats.to_string()),
        Cell::from(row.confirmed.to_string()),
        Cell::from(close(row)),
        Cell::from(cause.into_iter().flatten().collect::<Vec<_>>().join("; ")),
    ]
}

/// `open`, `1006, no close frame`, `1000, by us`, `never opened`.
fn close(row: &Connection) -> String {
    match (row.opened_at, row.closed_at, row.close_code) {
        (None, None, _) => "not open yet".into(),
        (Some(_), None, _) => "open".into(),
        (None, Some(_), _) => "never opened".into(),
        (_, _, Some(1006)) => "1006, no close frame".into(),
        (_, _, Some(1000)) => "1000, by us".into(),
        (_, _, Some(code)) => code.to_string(),
        (_, _, None) => NONE.into(),
    }
}

const SHOWN_WAITS: usize = 5;

/// What it took to open it: `3 attempts, 1.0 + 1.7 + 3.4 s`. One attempt at once is nothing to speak of.
fn reconnects(row: &Connection) -> Option<String> {
    if row.attempts <= 1 && row.waits_ms.is_empty() {
        return None;
    }
    let attempts = format!("{} {}", row.attempts, if row.attempts == 1 { "attempt" } else { "attempts" });
    if row.waits_ms.is_empty() {
        return Some(attempts);
    }
    if row.waits_ms.len() > SHOWN_WAITS {
        let all = std::time::Duration::from_millis(row.waits_ms.iter().sum());
        return Some(format!("{attempts} over {}", duration(all)));
    }
    let waits: Vec<String> = row.waits_ms.iter().map(|wait| format!("{:.1}", *wait as f64 / 1000.0)).collect();
    Some(format!("{attempts}, {} s", waits.join(" + ")))
}

fn transition(row: &Transition, now: Time, zone: &TimeZone) -> Vec<Cell> {
    let (glyph, tone) = shape::of(row.to);
    vec![
        Cell::from(clock(row.at, now, zone)),
        Cell::new(format!("{glyph} {} → {}", row.from, row.to), tone),
        Cell::from(plain(&row.sentence)),
    ]
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::liveness::Liveness;

    use super::*;
    use crate::fleet::tests::{NOON, id};

    fn history() -> History {
        let at = |before: u64| Time::from_millis(NOON - before);
        let agent: beatkeeper_core::identity::EntityId = id(1).parse().unwrap();
        let open = Connection {
            agent: agent.clone(),
            dialled_at: at(60_000),
            opened_at: Some(at(50_000)),
            closed_at: None,
            beats: 3,
            confirmed: 2,
            close_code: None,
            cause: None,
            cause_sentence: None,
            attempts: 3,
            waits_ms: vec![1000, 1700, 3400],
        };
        let lost = Connection {
            dialled_at: at(90_000),
            opened_at: Some(at(89_000)),
            closed_at: Some(at(61_000)),
            close_code: Some(1006),
            cause: Some("link.dropped".into()),
            cause_sentence: Some("the connection was lost".into()),
            attempts: 1,
            waits_ms: vec![],
            ..open.clone()
        };
        let stale = Transition {
            agent,
            at: at(70_000),
            from: Liveness::Late,
            to: Liveness::Stale,
            cause: "link.dropped".into(),
            sentence: "Reconnecting".into(),
            counts: false,
        };
        History { connections: vec![open, lost], transitions: vec![stale] }
    }

    fn agent() -> Candidate {
        Candidate { id: id(1).parse().unwrap(), name: "one".into() }
    }

    #[test]
    fn connections_and_changes_read_well() {
        let screen = Screen { terminal: false, colour: false, width: None, height: None };
        assert_eq!(
            lines(&agent(), &history(), Time::from_millis(NOON), screen, &TimeZone::UTC),
            [
                "one  zns:00000000000000000000000000000001",
                "",
                "Connections, newest first",
                "OPENED    CLOSED    LENGTH  BEATS  CONFIRMED  CLOSE                 CAUSE AND RECONNECTS",
                "11:59:10  now         50 s      3          2  open                  3 attempts, 1.0 + 1.7 + 3.4 s",
                "11:58:31  11:58:59    28 s      3          2  1006, no close frame  the connection was lost",
                "",
                "Changes of state, newest first",
                "AT        STATE           VERDICT",
                "11:58:50  ▲ late → stale  Reconnecting",
            ]
        );
    }

    #[test]
    fn programs_get_times_as_status_writes_them() {
        let value = for_programs(&agent(), &history());
        assert_eq!(value["connections"][0]["opened_at"], "2026-01-01T11:59:10Z");
        assert_eq!(value["connections"][0]["closed_at"], Value::Null);
        assert_eq!(value["transitions"][0]["to"], "stale");
    }
}
