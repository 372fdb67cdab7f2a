//! `beatkeeper status`: the fleet as a table.

use beatkeeper_core::time::Time;
use beatkeeper_core::view::{BusHealth, Severity};
use beatkeeper_engine::Paths;
use beatkeeper_engine::command::{Command, EngineStatus};
use jiff::tz::TimeZone;

use crate::failure::Failure;
use crate::fleet::{Fleet, Row};
use crate::out::{self, plain};
use crate::process;
use crate::remote::Remote;
use crate::shape;
use crate::style::{Screen, Tone};
use crate::table::{Cell, Column, cut, lay_out};
use crate::time::{NONE, ago, clock, countdown, offset};

const PROCESS: usize = 4;
const COLUMNS: [Column; 9] = [
    Column::left(""),
    Column::left("NAME").cut_to(12),
    Column::left("STATE"),
    Column::left("VERDICT").cut_to(28),
    Column::left("PROCESS").leave_out(2),
    Column::left("REGISTRY").leave_out(3),
    Column::right("LAST BEAT"),
    Column::right("FLIPS IN").leave_out(1),
    Column::right("RECONN.").leave_out(4),
];

pub(crate) fn print(paths: &Paths, json: bool) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    if json {
        return Ok(out::json(&remote.status()?)?);
    }
    let fleet = remote.fleet()?;
    let engine: EngineStatus = remote.ask(&Command::EngineStatus)?;
    Ok(out::lines(&lines(&fleet, &engine, fleet.now, Screen::of_stdout(), &TimeZone::system()))?)
}

/// The fleet in a sentence, the table, and what is wrong besides.
pub(crate) fn lines(fleet: &Fleet, engine: &EngineStatus, now: Time, screen: Screen, zone: &TimeZone) -> Vec<String> {
    let mut lines = vec![headline(fleet, now, screen)];
    if fleet.len() == 0 {
        lines.push("Add one: beatkeeper agent import FILE --registry URL".into());
    } else {
        let rows = fleet.worst_first();
        let mut columns = COLUMNS.to_vec();
        let mut cells: Vec<Vec<Cell>> = rows.iter().map(|row| cells(row, now)).collect();
        // Who starts nothing here is spared an empty column.
        if rows.iter().all(|row| row.process.run.is_none()) {
            columns.remove(PROCESS);
            for row in &mut cells {
                row.remove(PROCESS);
            }
        }
        lines.push(String::new());
        lines.extend(lay_out(&columns, &cells, screen));
    }
    let footer = footer(fleet, engine, now, zone);
    if !footer.is_empty() {
        lines.push(String::new());
        lines.extend(footer.iter().map(|(text, tone)| tone.paint(&fitting(text, screen), screen.colour)));
    }
    lines
}

fn headline(fleet: &Fleet, now: Time, screen: Screen) -> String {
    let (glyph, tone) = shape::of_fleet(fleet.summary.glyph);
    let sentence = plain(&fleet.summary.sentence);
    let next = fleet.summary.next_flip.as_ref().map_or_else(String::new, |next| {
        format!("   next to flip: {} in {}", plain(&next.name), countdown(Some(next.at), now))
    });
    format!(
        "{} {}{}",
        tone.paint(glyph, screen.colour),
        Tone::Strong.paint(&sentence, screen.colour),
        Tone::Quiet.paint(&next, screen.colour)
    )
}

fn cells(row: &Row, now: Time) -> Vec<Cell> {
    let (glyph, tone) = shape::of(row.liveness);
    let verdict = match row.verdict.severity {
        Severity::Good | Severity::Neutral => Tone::Plain,
        Severity::Warning => Tone::Warning,
        Severity::Bad => Tone::Bad,
    };
    let (reconnects, emphasis) = match row.reconnects_24h {
        0 => ("0".to_owned(), Tone::Quiet),
        many => (many.to_string(), Tone::Plain),
    };
    let flips = countdown(row.flips_at.filter(|_| !row.paused), now);
    let flips_tone = if flips == "passed" { Tone::Bad } else { Tone::Quiet };
    vec![
        Cell::new(glyph, tone),
        Cell::new(plain(&row.name), Tone::Strong),
        Cell::new(row.liveness.as_str(), tone),
        Cell::new(plain(&row.verdict.sentence), verdict),
        Cell::new(process::short(row), process::tone(row.process.state)),
        Cell::new(row.registry.status.as_deref().map_or_else(|| NONE.into(), plain), Tone::Quiet),
        Cell::from(ago(row.last_confirmed_at, now)),
        Cell::new(flips, flips_tone),
        Cell::new(reconnects, emphasis),
    ]
}

fn footer(fleet: &Fleet, engine: &EngineStatus, now: Time, zone: &TimeZone) -> Vec<(String, Tone)> {
    let mut lines = Vec::new();
    for registry in &fleet.registries {
        let name = plain(&registry.name);
        match &registry.problem {
            Some(problem) => lines.push((format!("{name}: {}", plain(problem)), Tone::Warning)),
            None => {
                let clock = registry.clock_ahead_ms.map(|ahead| format!("clock {}", offset(ahead)));
                let stream = registry.stream_live.then(|| "stream live".to_owned());
                let facts: Vec<String> = [clock, stream].into_iter().flatten().collect();
                if !facts.is_empty() {
                    lines.push((format!("{name}: {}", facts.join(", ")), Tone::Quiet));
                }
            }
        }
        let lost = registry.bus.as_ref().map(not_shown).unwrap_or_default();
        if !lost.is_empty() {
            lines.push((format!("{name}: {}", lost.join(", ")), Tone::Warning));
        }
    }
    for row in fleet.worst_first() {
        let ladder = row.process.run.as_ref().and_then(|run| run.ladder.as_ref());
        if let Some(ladder) = ladder.filter(|ladder| !ladder.sentence.is_empty()) {
            lines.push((format!("{}: {}", plain(&row.name), process::recovery(ladder, now)), Tone::Warning));
        }
    }
    if let Some(problem) = &engine.config_problem {
        lines.push((format!("The configuration is refused, the last good one stays: {}", plain(problem)), Tone::Bad));
    }
    if let Some(problem) = &engine.problem {
        lines.push((plain(problem), Tone::Bad));
    }
    if let Some(until) = engine.alerts_paused_until {
        lines.push((format!("Alerts are paused until {}", clock(Time::from_millis(until), now, zone)), Tone::Quiet));
    }
    lines
}

/// What came by a bus and is in no row.
fn not_shown(bus: &BusHealth) -> Vec<String> {
    let why = bus.last_unusable.as_deref().map_or_else(String::new, |why| format!(" (the last one: {})", plain(why)));
    let facts = [
        (bus.turned_away, format!("{} beats of more agents than are shown", bus.turned_away)),
        (bus.unusable, format!("{} unusable messages{why}", bus.unusable)),
        (bus.dropped, format!("{} let go of in a flood", bus.dropped)),
    ];
    facts.into_iter().filter(|(count, _)| *count > 0).map(|(_, fact)| fact).collect()
}

fn fitting(text: &str, screen: Screen) -> String {
    screen.width.map_or_else(|| text.to_owned(), |width| cut(text, width))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fleet::tests::{NOON, delta, row};

    const FILE: Screen = Screen { terminal: false, colour: false, width: None, height: None };

    fn shown(screen: Screen, engine: &EngineStatus) -> Vec<String> {
        let mut fleet = Fleet::default();
        let rows = [
            row(1, "research-planner", "active", &json!({})),
            row(
                2,
                "weather\u{1b}[31m",
                "offline",
                &json!({"flips_at": NOON - 1, "last_confirmed_at": NOON - 1_080_000, "reconnects_24h": 9}),
            ),
            row(3, "tmp", "inactive", &json!({"flips_at": null, "last_confirmed_at": null})),
        ];
        fleet.fold(delta(1, true, &rows, &[]));
        lines(&fleet, engine, Time::from_millis(NOON), screen, &TimeZone::UTC)
    }

    #[test]
    fn the_table_says_who_how_and_since_when_worst_first() {
        let lines = shown(FILE, &EngineStatus::default());
        assert_eq!(
            lines,
            [
                "● 1 active",
                "",
                "   NAME              STATE     VERDICT                                                    REGISTRY   LAST BEAT  FLIPS IN  RECONN.",
                "■  weather�[31m      offline   Reconnecting: the registry refuses connections, attempt 4  active    18 min ago    passed        9",
                "●  research-planner  active    Beating, confirmed                                         active       4 s ago      4:56        0",
                "○  tmp               inactive  Waiting for the first beat                                 active         never         —        0",
                "",
                "devnet: clock +0.1 s, stream live",
            ]
        );
    }

    #[test]
    fn processes_that_are_started_here_have_a_column_and_their_recovery_a_line() {
        let mut fleet = Fleet::default();
        let process = json!({"state": "running", "clock_ahead_ms": null, "detail": "", "run": {"pid": 7,
            "started_at": NOON, "reclaimed": false, "exit": null, "restarts": 0, "max_restarts": 5, "next_start_at": null,
            "usage": null, "drift": null,
            "ladder": {"rungs": [], "acts_at": null, "held": true, "sentence": "restart was tried"}}});
        let rows = [row(1, "one", "active", &json!({"process": process})), row(2, "two", "active", &json!({}))];
        fleet.fold(delta(1, true, &rows, &[]));
        let lines = lines(&fleet, &EngineStatus::default(), Time::from_millis(NOON), FILE, &TimeZone::UTC);
        assert_eq!(
            lines[2..],
            [
                "   NAME  STATE   VERDICT             PROCESS  REGISTRY  LAST BEAT  FLIPS IN  RECONN.",
                "●  one   active  Beating, confirmed  running  active      4 s ago      4:56        0",
                "●  two   active  Beating, confirmed           active      4 s ago      4:56        0",
                "",
                "devnet: clock +0.1 s, stream live",
                "one: restart was tried, held",
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_loses_the_least_important_first() {
        let narrow = Screen { width: Some(80), ..FILE };
        let lines = shown(narrow, &EngineStatus::default());
        assert!(lines.iter().all(|line| unicode_width::UnicodeWidthStr::width(line.as_str()) <= 80), "{lines:#?}");
        assert!(lines[2].contains("FLIPS IN") && !lines[2].contains("RECONN."), "{lines:#?}");
        assert!(lines[3].contains('…'), "{lines:#?}");
    }

    #[test]
    fn what_is_wrong_with_the_engine_itself_is_below_the_table() {
        let engine = EngineStatus {
            config_problem: Some("b.toml, line 3, column 1: unknown field".into()),
            alerts_paused_until: Some(NOON + 60_000),
            ..EngineStatus::default()
        };
        let text = shown(FILE, &engine).join("\n");
        assert!(text.contains("the last good one stays: b.toml, line 3"), "{text}");
        assert!(text.contains("Alerts are paused until 12:01:00"), "{text}");
    }

    #[test]
    fn what_came_by_a_bus_and_is_in_no_row_is_counted() {
        let bus = |turned_away, unusable, dropped| BusHealth {
            turned_away,
            unusable,
            last_unusable: (unusable > 0).then(|| "no JSON".into()),
            dropped,
            ..BusHealth::default()
        };
        assert!(not_shown(&bus(0, 0, 0)).is_empty());
        assert_eq!(
            not_shown(&bus(5, 3, 7)),
            [
                "5 beats of more agents than are shown",
                "3 unusable messages (the last one: no JSON)",
                "7 let go of in a flood"
            ]
        );
        let mut fleet = Fleet::default();
        fleet.fold(delta(1, true, &[], &[]));
        fleet.registries[0].bus = Some(bus(0, 0, 7));
        let shown = lines(&fleet, &EngineStatus::default(), Time::from_millis(NOON), FILE, &TimeZone::UTC);
        assert_eq!(shown.last().map(String::as_str), Some("devnet: 7 let go of in a flood"));
    }

    #[test]
    fn colours_are_for_terminals() {
        let screen = Screen { colour: true, ..FILE };
        assert!(shown(screen, &EngineStatus::default())[3].contains("\u{1b}[31m■"));
        assert!(!shown(FILE, &EngineStatus::default()).join("").contains('\u{1b}'));
    }
}
