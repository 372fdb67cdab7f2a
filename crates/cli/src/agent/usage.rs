//! What an agent's process cost over time.

use std::time::Duration;

use beatkeeper_core::history::usage::UsagePoint;
use beatkeeper_core::notice::duration;
use beatkeeper_core::time::Time;
use beatkeeper_engine::Paths;
use beatkeeper_engine::command::Command;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::args::UsageOptions;
use crate::failure::Failure;
use crate::out::{self, note, plain};
use crate::process::size;
use crate::remote::Remote;
use crate::style::{Screen, Tone};
use crate::table::{Cell, Column, lay_out};
use crate::time::{NONE, clock};

const COLUMNS: [Column; 8] = [
    Column::left("FROM"),
    Column::right("FOR").leave_out(2),
    Column::right("CPU"),
    Column::right("HIGHEST"),
    Column::right("MEMORY"),
    Column::right("MOST"),
    Column::right("THREADS").leave_out(3),
    Column::right("FILES").leave_out(4),
];

pub(super) fn print(paths: &Paths, options: &UsageOptions) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    let agent = super::meant(paths, Some(&mut remote), &options.agent)?;
    let to = Time::from_timestamp(jiff::Timestamp::now());
    let from = to - options.last;
    let points: Vec<UsagePoint> = remote.ask(&Command::AgentUsage { id: agent.id.clone(), from, to })?;
    if options.json {
        return Ok(out::json(&json!({ "id": agent.id, "from": from, "to": to, "points": points }))?);
    }
    let zone = TimeZone::system();
    let Some(said) = summary(&points, to, &zone) else {
        note(&format!("{} has not run here in the last {}", plain(&agent.name), duration(options.last)));
        return Ok(());
    };
    let screen = Screen::of_stdout();
    let mut lines = vec![format!("{}  {said}", Tone::Strong.paint(&plain(&agent.name), screen.colour)), String::new()];
    let rows: Vec<Vec<Cell>> = points.iter().map(|point| cells(point, to, &zone)).collect();
    lines.extend(lay_out(&COLUMNS, &rows, screen));
    Ok(out::lines(&lines)?)
}

/// All of it in a sentence; nothing when nothing ran.
fn summary(points: &[UsagePoint], now: Time, zone: &TimeZone) -> Option<String> {
    let busiest = points.iter().max_by(|a, b| a.cpu_max.total_cmp(&b.cpu_max))?;
    let least = points.iter().map(|point| point.memory_min).min()?;
    let most = points.iter().map(|point| point.memory_max).max()?;
    let time: u64 = points.iter().map(|point| point.span_ms).sum();
    let cpu: f64 = points.iter().map(|point| f64::from(point.cpu_mean) * point.span_ms as f64).sum();
    let starts: u32 = points.iter().map(|point| point.starts).sum();
    let started = match starts {
        0 => String::new(),
        1 => ", started once".to_owned(),
        _ => format!(", started {starts} times"),
    };
    Some(format!(
        "memory {} to {}, CPU {:.1} % on the mean, {:.0} % at most (from {}){started}",
        size(least),
        size(most),
        cpu / time.max(1) as f64,
        busiest.cpu_max,
        clock(busiest.at, now, zone),
    ))
}

fn cells(point: &UsagePoint, now: Time, zone: &TimeZone) -> Vec<Cell> {
    let texts = [
        clock(point.at, now, zone),
        duration(Duration::from_millis(point.span_ms)),
        format!("{:.1} %", point.cpu_mean),
        format!("{:.0} %", point.cpu_max),
        size(point.memory_mean),
        size(point.memory_max),
        point.threads.to_string(),
        point.open_files.map_or_else(|| NONE.to_owned(), |files| files.to_string()),
    ];
    texts.into_iter().map(Cell::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time::from_millis(1_767_268_800_000); // 2026-01-01T12:00:00Z

    fn point(minutes: u64, cpu_mean: f32, cpu_max: f32, starts: u32) -> UsagePoint {
        UsagePoint {
            at: NOON + Duration::from_secs(minutes * 60),
            span_ms: 900_000,
            cpu_mean,
            cpu_max,
            memory_min: 85 << 20,
            memory_mean: 90 << 20,
            memory_max: (100 + minutes) << 20,
            threads: 9,
            open_files: None,
            starts,
        }
    }

    #[test]
    fn a_time_is_a_sentence_and_its_points_are_lines() {
        let points = [point(0, 1.0, 12.0, 1), point(15, 3.0, 40.4, 0)];
        assert_eq!(
            summary(&points, NOON, &TimeZone::UTC).as_deref(),
            Some("memory 85 MiB to 115 MiB, CPU 2.0 % on the mean, 40 % at most (from 12:15:00), started once")
        );
        assert_eq!(summary(&[], NOON, &TimeZone::UTC), None);
        let line: Vec<String> = cells(&points[1], NOON, &TimeZone::UTC).into_iter().map(|cell| cell.text).collect();
        assert_eq!(line, ["12:15:00", "15 min", "3.0 %", "40 %", "90 MiB", "115 MiB", "9", NONE]);
    }
}
