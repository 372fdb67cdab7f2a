//! `beatkeeper status --watch`: in place on a terminal, line by line into a file or a pipe.

use std::io;
use std::time::Duration;

use beatkeeper_engine::Paths;
use beatkeeper_engine::command::{Command, EngineStatus};
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::time::MissedTickBehavior;

use crate::changes::Changes;
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::remote::{self, Connection};
use crate::signals::Signals;
use crate::style::Screen;
use crate::{out, status};

const EVERY: Duration = Duration::from_secs(1);

/// How it is shown.
enum View {
    /// One object a line whenever something changed.
    Json,
    /// The table once, then a line for each change.
    Lines,
    /// The table, drawn over the one before.
    Canvas(Canvas),
}

/// Shows the fleet until Ctrl+C.
pub(crate) fn watch(paths: &Paths, json: bool) -> Result<(), Failure> {
    remote::runtime()?.block_on(async {
        let mut signals = Signals::listen().map_err(|error| remote::no_runtime(&error))?;
        let connection = Connection::open(&paths.data).await?;
        let view = match (json, Screen::of_stdout().terminal) {
            (true, _) => View::Json,
            (false, false) => View::Lines,
            (false, true) => View::Canvas(Canvas::start()?),
        };
        tokio::select! {
            () = signals.next() => Ok(()),
            ended = Box::pin(follow(connection, view)) => ended,
        }
    })
}

async fn follow(mut connection: Connection, mut view: View) -> Result<(), Failure> {
    let mut fleet = Fleet::default();
    let mut changes = Changes::default();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut first = true;
    loop {
        ticks.tick().await;
        let before = fleet.revision;
        let delta = connection.delta(before).await?;
        let lines = changes.fold(&mut fleet, delta, &TimeZone::system());
        match &mut view {
            View::Json if first || fleet.revision != before => {
                out::json_line(&connection.ask::<Value>(&Command::Status).await?)?;
            }
            View::Json => {}
            View::Lines if first => out::lines(&table(&mut connection, &fleet).await?)?,
            View::Lines if lines.is_empty() => {}
            View::Lines => out::lines(&lines)?,
            // Ages and countdowns move although nothing else does.
            View::Canvas(canvas) => canvas.draw(&table(&mut connection, &fleet).await?)?,
        }
        first = false;
    }
}

async fn table(connection: &mut Connection, fleet: &Fleet) -> Result<Vec<String>, Failure> {
    let engine: EngineStatus = connection.ask(&Command::EngineStatus).await?;
    Ok(status::lines(fleet, &engine, fleet.now, Screen::of_stdout(), &TimeZone::system()))
}

/// A second screen of the terminal, as an editor takes one. When it goes, the first is back as it was, and the last
/// table is printed there.
struct Canvas {
    last: Vec<String>,
}

impl Canvas {
    fn start() -> io::Result<Self> {
        out::raw("\u{1b}[?1049h\u{1b}[?25l")?;
        Ok(Self { last: Vec::new() })
    }

    fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        out::raw(&frame(lines, Screen::of_stdout().height))?;
        self.last = lines.to_vec();
        Ok(())
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        // Without a terminal there is nothing to restore.
        let _ = out::raw("\u{1b}[?25h\u{1b}[?1049l");
        if !self.last.is_empty() {
            let _ = out::lines(&self.last);
        }
    }
}

/// One frame: from the top, each line over the old one, and nothing below. Written at once, so that it does not flicker.
fn frame(lines: &[String], height: Option<usize>) -> String {
    let room = height.unwrap_or(usize::MAX).max(2);
    let mut shown: Vec<&str> = lines.iter().map(String::as_str).collect();
    let more = if shown.len() > room {
        let hidden = shown.len() - (room - 1);
        shown.truncate(room - 1);
        format!("… {hidden} more lines")
    } else {
        String::new()
    };
    if !more.is_empty() {
        shown.push(&more);
    }
    format!("\u{1b}[H{}\u{1b}[K\u{1b}[J", shown.join("\u{1b}[K\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_fills_the_screen_and_no_more() {
        let lines: Vec<String> = (0..5).map(|number| format!("line {number}")).collect();
        assert_eq!(frame(&lines[..2], Some(24)), "\u{1b}[Hline 0\u{1b}[K\r\nline 1\u{1b}[K\u{1b}[J");
        let cut = frame(&lines, Some(3));
        assert!(cut.contains("line 1") && !cut.contains("line 2") && cut.contains("… 3 more lines"), "{cut:?}");
    }
}
