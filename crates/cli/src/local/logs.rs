//! `beatkeeper logs`: what agents wrote, and what they write.

use std::fmt::Write as _;
use std::time::Duration;

use beatkeeper_core::time::Time;
use beatkeeper_engine::Paths;
use beatkeeper_engine::command::Command;
use beatkeeper_runner::log::{Cursor, LogLine, Page, Stream};
use jiff::{Span, SpanRelativeTo, Timestamp};
use serde_json::json;

use super::engine::Engine;
use super::merge::merge;
use super::{Local, ansi, whom};
use crate::args::LogsOptions;
use crate::failure::Failure;
use crate::out::{self, note, plain};
use crate::remote::{Connection, runtime};
use crate::style::{Screen, Tone};
use crate::time::rfc3339;

/// How often a log is looked at again whose end was reached.
const LOOK: Duration = Duration::from_millis(200);
/// Lines of one answer.
const PAGE: u32 = 1000;
/// Lines that are shown when nobody says how many.
const USUAL: usize = 100;
/// Names that stand beside each other are told apart by these.
const COLOURS: [&str; 6] = ["36", "33", "35", "32", "34", "91"];

pub(crate) fn print(paths: &Paths, options: &LogsOptions) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let connection = Connection::open(&paths.data).await?;
        let mut engine = Engine::Elsewhere(connection);
        let agents = whom::known(&mut engine, paths, &options.agents).await?;
        let screen = Screen::of_stdout();
        let writer = Writer { agents: &agents, json: options.json, colour: screen.colour };
        let mut reader = Reader { engine, grep: options.grep.clone() };
        let mut logs = Vec::new();
        let mut places = Vec::new();
        for agent in &agents {
            let (lines, end) = reader.past(agent, options).await?;
            logs.push(lines);
            places.push(end);
        }
        writer.write(logs)?;
        if options.follow { follow(&mut reader, &writer, places).await } else { Ok(()) }
    })
}

async fn follow(reader: &mut Reader, writer: &Writer<'_>, mut places: Vec<Cursor>) -> Result<(), Failure> {
    loop {
        let (mut logs, mut all_at_end) = (Vec::new(), true);
        for (agent, place) in writer.agents.iter().zip(&mut places) {
            let page = reader.after(agent, *place).await?;
            if page.skipped > 0 {
                note(&format!("{}: {} bytes were gone before they were read", plain(&agent.name), page.skipped));
            }
            *place = page.to;
            all_at_end &= page.at_end;
            logs.push(page.lines);
        }
        writer.write(logs)?;
        if all_at_end {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Asks for pages, of all lines or of those that fit a pattern.
struct Reader {
    engine: Engine,
    grep: Option<String>,
}

impl Reader {
    /// The lines that are wanted of what was written, and where that ends.
    async fn past(&mut self, agent: &Local, options: &LogsOptions) -> Result<(Vec<LogLine>, Cursor), Failure> {
        let usual = if options.since.is_some() { usize::MAX } else { USUAL };
        let wanted = options.lines.unwrap_or(usual);
        // Where it ends now: what comes meanwhile is not shown twice.
        let end = self.page(agent, None, Some(Cursor::END), 1).await?.to;
        let mut newest_first: Vec<LogLine> = Vec::new();
        let mut place = end;
        while newest_first.len() < wanted {
            let page = self.before(agent, place).await?;
            let is_old = |line: &LogLine| options.since.is_some_and(|since| line.at < since);
            let reaches_back = page.lines.first().is_some_and(is_old);
            newest_first.extend(page.lines.into_iter().rev().filter(|line| !is_old(line)));
            if reaches_back || page.at_begin || page.from >= place {
                break;
            }
            place = page.from;
        }
        newest_first.truncate(wanted);
        newest_first.reverse();
        Ok((newest_first, end))
    }

    async fn before(&mut self, agent: &Local, place: Cursor) -> Result<Page, Failure> {
        match self.grep.clone() {
            Some(pattern) => self.search(agent, pattern, place, true).await,
            None => self.page(agent, Some(place), None, PAGE).await,
        }
    }

    async fn after(&mut self, agent: &Local, place: Cursor) -> Result<Page, Failure> {
        match self.grep.clone() {
            Some(pattern) => self.search(agent, pattern, place, false).await,
            None => self.page(agent, None, Some(place), PAGE).await,
        }
    }

    async fn page(
        &mut self,
        agent: &Local,
        before: Option<Cursor>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page, Failure> {
        let text = |cursor: Option<Cursor>| cursor.map(|cursor| cursor.to_string());
        let (before, after) = (text(before), text(after));
        self.engine.ask(Command::AgentLog { id: agent.id.clone(), after, before, limit }).await
    }

    async fn search(&mut self, agent: &Local, pattern: String, from: Cursor, back: bool) -> Result<Page, Failure> {
        let (id, from) = (agent.id.clone(), Some(from.to_string()));
        self.engine.ask(Command::AgentLogSearch { id, pattern, from, back, limit: PAGE }).await
    }
}

/// Writes lines for people or for programs.
struct Writer<'a> {
    agents: &'a [Local],
    json: bool,
    colour: bool,
}

impl Writer<'_> {
    fn write(&self, logs: Vec<Vec<LogLine>>) -> Result<(), Failure> {
        let mut text = String::new();
        for (agent, line) in merge(logs) {
            if self.json {
                text.push_str(&self.object(agent, &line));
            } else {
                text.push_str(&self.prefix(agent));
                text.push_str(&self.line(&line));
            }
            text.push('\n');
        }
        if text.is_empty() { Ok(()) } else { Ok(out::raw(&text)?) }
    }

    /// Whose line it is, where that can be asked.
    fn prefix(&self, agent: usize) -> String {
        if self.agents.len() == 1 {
            return String::new();
        }
        let width = super::wait::width(self.agents);
        let name = super::wait::line(&self.agents[agent].name, width, "");
        let name = format!("{}|", name.strip_suffix(' ').unwrap_or(&name));
        if !self.colour {
            return format!("{name} ");
        }
        format!("\u{1b}[{}m{name}\u{1b}[0m ", COLOURS[agent % COLOURS.len()])
    }

    fn line(&self, line: &LogLine) -> String {
        let mut text = ansi::shown(&line.text, self.colour);
        if let Some(cut) = line.cut {
            let _ = write!(text, "{}", Tone::Quiet.paint(&format!(" [{cut} bytes more]"), self.colour));
        }
        match line.stream {
            Stream::Out | Stream::Err => text,
            Stream::Note => {
                let at = line.at.to_timestamp();
                Tone::Quiet.paint(&format!("-- {at:.0} {text}"), self.colour)
            }
        }
    }

    fn object(&self, agent: usize, line: &LogLine) -> String {
        let agent = &self.agents[agent];
        let mut object = json!({
            "id": agent.id,
            "name": agent.name,
            "at": rfc3339(Some(line.at)),
            "stream": line.stream,
            "text": line.text,
        });
        if let Some(cut) = line.cut {
            object["cut"] = cut.into();
        }
        object.to_string()
    }
}

/// A time, or how long ago that was: `2026-11-01T00:00:00Z`, `10m`, `2h`.
pub(crate) fn since(text: &str) -> Result<Time, String> {
    since_at(text, Timestamp::now())
}

fn since_at(text: &str, now: Timestamp) -> Result<Time, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Time::from_timestamp(at));
    }
    let length = text.parse::<Span>().ok().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    length
        .filter(jiff::SignedDuration::is_positive)
        .and_then(|length| now.checked_sub(length).ok())
        .map(Time::from_timestamp)
        .ok_or_else(|| "give a time such as 2026-11-01T00:00:00Z, or how long ago, such as 10m or 2h".to_owned())
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::identity::EntityId;

    use super::*;

    fn line(stream: Stream, text: &str, cut: Option<u64>) -> LogLine {
        let at = Time::from_millis(1_767_268_800_000);
        LogLine { cursor: Cursor::BEGIN, at, stream, text: text.into(), cut, level: None }
    }

    fn agents(names: &[&str]) -> Vec<Local> {
        let id: EntityId = crate::fleet::tests::id(1).parse().unwrap();
        names.iter().map(|name| Local { id: id.clone(), name: (*name).to_owned() }).collect()
    }

    #[test]
    fn one_agents_lines_stand_alone_and_several_ones_have_names() {
        let one = agents(&["weather"]);
        let writer = Writer { agents: &one, json: false, colour: false };
        assert_eq!(writer.prefix(0), "");
        assert_eq!(writer.line(&line(Stream::Out, "\u{1b}[31mred", None)), "red");
        assert_eq!(writer.line(&line(Stream::Err, "long", Some(7))), "long [7 bytes more]");
        assert_eq!(writer.line(&line(Stream::Note, "start pid 7", None)), "-- 2026-01-01T12:00:00Z start pid 7");
        let two = agents(&["weather", "db\u{1b}"]);
        let writer = Writer { agents: &two, json: false, colour: false };
        assert_eq!([writer.prefix(0), writer.prefix(1)], ["weather | ", "db\u{fffd}     | "]);
        let writer = Writer { colour: true, ..writer };
        assert_eq!(writer.prefix(0), "\u{1b}[36mweather |\u{1b}[0m ");
        assert_eq!(writer.line(&line(Stream::Out, "\u{1b}[31mred", None)), "\u{1b}[31mred\u{1b}[0m");
    }

    #[test]
    fn a_program_gets_one_object_a_line_with_the_text_as_it_was() {
        let one = agents(&["weather"]);
        let writer = Writer { agents: &one, json: true, colour: false };
        let object: serde_json::Value =
            serde_json::from_str(&writer.object(0, &line(Stream::Err, "\u{1b}[31mred\n", Some(3)))).unwrap();
        let wanted = json!({"id": crate::fleet::tests::id(1), "name": "weather", "at": "2026-01-01T12:00:00Z",
            "stream": "err", "text": "\u{1b}[31mred\n", "cut": 3});
        assert_eq!(object, wanted);
    }

    #[test]
    fn since_is_a_time_or_how_long_ago() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let at = |text: &str| since_at(text, now).map(|at| at.to_timestamp().to_string());
        assert_eq!(at("2025-12-31T23:00:00+01:00").unwrap(), "2025-12-31T22:00:00Z");
        assert_eq!([at("10m").unwrap(), at("1d").unwrap()], ["2026-01-01T11:50:00Z", "2025-12-31T12:00:00Z"]);
        for wrong in ["", "yesterday", "-10m", "0s", "1 month", "99999999d"] {
            assert!(at(wrong).unwrap_err().contains("10m"), "{wrong}");
        }
    }
}
