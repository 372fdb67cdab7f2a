//! `beatkeeper downtime`: whose fault it was that agents were down, and for how long.

use std::time::Duration;

use beatkeeper_core::alert::Fault;
use beatkeeper_core::notice::duration;
use beatkeeper_core::reckon;
use beatkeeper_core::time::Time;
use beatkeeper_engine::Paths;
use beatkeeper_engine::command::Command;
use beatkeeper_engine::downtime::{Downtime, FaultTime, Shares};
use beatkeeper_engine::export::{ExportFormat, Exported};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::args::DowntimeOptions;
use crate::failure::Failure;
use crate::lookup;
use crate::out::{self, note, plain};
use crate::remote::Remote;
use crate::style::{Screen, Tone};
use crate::table::{Cell, Column, lay_out};
use crate::time::{NONE, clock};

/// Characters of the longest bar.
const BAR: u64 = 20;

pub(crate) fn print(paths: &Paths, options: &DowntimeOptions) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    let id = match &options.agent {
        Some(wanted) => Some(lookup::find(wanted, &super::agent::candidates(&remote.fleet()?))?.id),
        None => None,
    };
    let now = Time::from_timestamp(Timestamp::now());
    let to = options.to.map_or(now, Time::from_timestamp);
    let from = options.from.map_or(to - options.last, Time::from_timestamp);
    if options.csv || options.json {
        let format = if options.json { ExportFormat::Json } else { ExportFormat::Csv };
        let exported: Exported = remote.ask(&Command::DowntimeExport { id, from, to, format })?;
        out::raw(&exported.text)?;
        if options.csv {
            note(&format!("{} lines", exported.rows));
        }
        return Ok(());
    }
    let downtime: Downtime = remote.ask(&Command::Downtime { id, from, to })?;
    Ok(out::lines(&lines(&downtime, now, Screen::of_stdout(), &TimeZone::system()))?)
}

const FAULTS: [Column; 4] =
    [Column::left("WHOSE FAULT"), Column::right("TIME"), Column::right("SHARE"), Column::left("").leave_out(1)];

const AGENTS: [Column; 4] = [
    Column::left("AGENT").cut_to(8),
    Column::right("UPTIME"),
    Column::right("DOWN"),
    Column::left("MOST OF IT").cut_to(12),
];

fn lines(downtime: &Downtime, now: Time, screen: Screen, zone: &TimeZone) -> Vec<String> {
    let strong = |text: &str| Tone::Strong.paint(text, screen.colour);
    let who = match downtime.agents.as_slice() {
        [one] => plain(&one.name),
        all => format!("{} agents", all.len()),
    };
    let total = &downtime.total;
    let mut lines =
        vec![format!("{}  {} to {}", strong(&who), clock(downtime.from, now, zone), clock(downtime.to, now, zone))];
    if total.up_ms == 0 && total.by_fault.is_empty() {
        lines.push("Nothing is known of this time.".into());
        return lines;
    }
    let down = duration(Duration::from_millis(total.down_ms));
    lines.push(format!("{} up, {down} down", uptime(total)));
    if !total.by_fault.is_empty() {
        lines.push(String::new());
        lines.extend(lay_out(&FAULTS, &faults(total), screen));
    }
    let were_down: Vec<Vec<Cell>> = downtime
        .agents
        .iter()
        .filter(|agent| agent.shares.down_ms > 0)
        .map(|one| agent(&one.name, &one.shares))
        .collect();
    if downtime.agents.len() > 1 && !were_down.is_empty() {
        lines.push(String::new());
        lines.extend(lay_out(&AGENTS, &were_down, screen));
    }
    lines
}

/// What counts as down, with its share of that; then what is excused.
fn faults(total: &Shares) -> Vec<Vec<Cell>> {
    let (excused, blamed): (Vec<&FaultTime>, Vec<&FaultTime>) =
        total.by_fault.iter().partition(|one| reckon::Downtime::is_excused(one.fault));
    let row = |fault: Fault, ms: u64, tone: Tone| {
        let time = duration(Duration::from_millis(ms));
        if reckon::Downtime::is_excused(fault) {
            return vec![
                Cell::new(words(fault), tone),
                Cell::new(time, tone),
                NONE.to_owned().into(),
                "excused".to_owned().into(),
            ];
        }
        let bar = "█".repeat(usize::try_from((ms * BAR).div_ceil(total.down_ms.max(1))).unwrap_or_default());
        vec![Cell::new(words(fault), tone), time.into(), percent(ms, total.down_ms).into(), Cell::new(bar, Tone::Bad)]
    };
    let blamed = blamed.into_iter().map(|one| row(one.fault, one.ms, Tone::Plain));
    blamed.chain(excused.into_iter().map(|one| row(one.fault, one.ms, Tone::Quiet))).collect()
}

fn agent(name: &str, shares: &Shares) -> Vec<Cell> {
    let most = shares.by_fault.iter().find(|one| !reckon::Downtime::is_excused(one.fault));
    vec![
        plain(name).into(),
        uptime(shares).into(),
        duration(Duration::from_millis(shares.down_ms)).into(),
        most.map_or_else(String::new, |one| format!("{} {}", words(one.fault), percent(one.ms, shares.down_ms))).into(),
    ]
}

/// Of the time in which beats were due and could be sent.
fn uptime(shares: &Shares) -> String {
    match shares.up_ms + shares.down_ms {
        0 => NONE.into(),
        // What was down for a moment is not up for all of the time.
        due => format!("{:.2} %", (shares.up_ms as f64 / due as f64 * 10_000.0).floor() / 100.0),
    }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.0} %", part as f64 / whole.max(1) as f64 * 100.0)
}

const fn words(fault: Fault) -> &'static str {
    match fault {
        Fault::Process => "the agent's process",
        Fault::Link => "the way to the registry",
        Fault::Registry => "the registry",
        Fault::Key => "the key",
        Fault::Clock => "a clock",
        Fault::OwnNetwork => "no network here",
        Fault::Asleep => "this computer slept",
        Fault::NotRunning => "not meant to beat",
        Fault::Unknown => "not known",
    }
}

#[cfg(test)]
mod tests {
    use beatkeeper_engine::downtime::AgentDowntime;

    use super::*;

    const FILE: Screen = Screen { terminal: false, colour: false, width: None, height: None };
    const NOON: Time = Time::from_millis(1_767_268_800_000); // 2026-01-01T12:00:00Z
    const HOUR: u64 = 3_600_000;

    fn shares(up: u64, by_fault: &[(Fault, u64)]) -> Shares {
        let counts = by_fault.iter().filter(|(fault, _)| !reckon::Downtime::is_excused(*fault));
        Shares {
            up_ms: up,
            down_ms: counts.map(|(_, ms)| ms).sum(),
            by_fault: by_fault.iter().map(|(fault, ms)| FaultTime { fault: *fault, ms: *ms }).collect(),
        }
    }

    fn shown(agents: &[(&str, Shares)], total: Shares) -> Vec<String> {
        let agents = agents.iter().enumerate().map(|(number, (name, shares))| AgentDowntime {
            id: format!("zns:{number:032x}").parse().unwrap(),
            name: (*name).into(),
            shares: shares.clone(),
        });
        let downtime = Downtime { from: NOON - Duration::from_secs(7200), to: NOON, agents: agents.collect(), total };
        lines(&downtime, NOON, FILE, &TimeZone::UTC)
    }

    #[test]
    fn a_fleet_is_told_by_fault_and_by_agent() {
        let one = shares(HOUR, &[(Fault::Asleep, 2 * HOUR), (Fault::Registry, HOUR / 2), (Fault::Link, HOUR / 6)]);
        let two = shares(2 * HOUR, &[]);
        let total =
            shares(3 * HOUR, &[(Fault::Asleep, 2 * HOUR), (Fault::Registry, HOUR / 2), (Fault::Link, HOUR / 6)]);
        assert_eq!(
            shown(&[("weather\u{1b}", one), ("steady", two)], total),
            [
                "2 agents  10:00:00 to 12:00:00",
                "81.81 % up, 40 min down",
                "",
                "WHOSE FAULT                   TIME  SHARE",
                "the registry                30 min   75 %  ███████████████",
                "the way to the registry     10 min   25 %  █████",
                "this computer slept      2 h 0 min      —  excused",
                "",
                "AGENT      UPTIME    DOWN  MOST OF IT",
                "weather\u{fffd}  60.00 %  40 min  the registry 75 %",
            ]
        );
    }

    #[test]
    fn one_agent_has_no_second_table_and_a_moment_counts() {
        let moment = shares(1000 * HOUR, &[(Fault::Key, 1000)]);
        let told = shown(&[("weather", moment.clone())], moment);
        assert_eq!(told[..2], ["weather  10:00:00 to 12:00:00", "99.99 % up, 1 s down"]);
        assert_eq!(told.len(), 5, "{told:#?}");
        let well = shares(HOUR, &[]);
        assert_eq!(shown(&[("weather", well.clone())], well)[1..], ["100.00 % up, 0 s down"]);
    }

    #[test]
    fn what_is_not_known_is_not_counted() {
        assert_eq!(shown(&[("new", Shares::default())], Shares::default())[1..], ["Nothing is known of this time."]);
        let asleep = shares(0, &[(Fault::Asleep, HOUR)]);
        assert_eq!(shown(&[("new", asleep.clone())], asleep)[1], "— up, 0 s down");
    }
}
