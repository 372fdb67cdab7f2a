//! Agents' logs: read by whoever asks, written by the shim of a run, or here while there is none.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use beatkeeper_core::identity::EntityId;
use beatkeeper_runner::log::{Case, Cursor, Direction, LogPlace, LogReader, LogWriter, Page, Pattern, Start};
use serde_json::Value;
use tokio::sync::oneshot as reply;

use super::log_place;
use crate::refusal::{Refusal, json_of};

/// Lines of one answer, at most.
const MOST: usize = 5_000;
/// A mark is a line.
const LONGEST_MARK: usize = 500;

/// What is asked of the one who writes a log.
pub(crate) enum LogTask {
    /// A person's line.
    Mark(String),
    /// Remove what is in it.
    Clear,
}

/// Readers of all agents' logs.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    data: PathBuf,
}

impl Logs {
    pub(crate) const fn new(data: PathBuf) -> Self {
        Self { data }
    }

    /// A page of an agent's log. Answers a [`Page`].
    pub(crate) async fn page(
        &self,
        id: &EntityId,
        after: Option<&str>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Value, Refusal> {
        let limit = most(limit);
        let (after, before) = (place(after)?, place(before)?);
        self.read(id, move |reader| match (after, before) {
            (Some(after), _) => reader.after(after, limit),
            (None, Some(before)) => reader.before(before, limit),
            (None, None) => reader.last(limit),
        })
        .await
        .and_then(|page: Page| json_of(&page))
    }

    /// Lines that match, from `from` on. Answers a [`Page`] whose `to` (or `from`, backwards) is where to go on.
    pub(crate) async fn search(
        &self,
        id: &EntityId,
        pattern: &str,
        from: Option<&str>,
        back: bool,
        limit: u32,
    ) -> Result<Value, Refusal> {
        let pattern = Pattern::regex(pattern, Case::Ignore)
            .map_err(|error| Refusal::new(error.code, error.sentence, error.remedy))?;
        let (limit, from) = (most(limit), place(from)?);
        self.read(id, move |reader| {
            let (from, direction) = match (from, back) {
                (Some(from), false) => (from, Direction::Forward),
                (Some(from), true) => (from, Direction::Back),
                (None, false) => (Cursor::BEGIN, Direction::Forward),
                (None, true) => (Cursor::END, Direction::Back),
            };
            reader.search(&pattern, from, direction, limit)
        })
        .await
        .and_then(|page: Page| json_of(&page))
    }

    /// Where its runs begin. Answers a list of [`Start`]s.
    pub(crate) async fn starts(&self, id: &EntityId) -> Result<Value, Refusal> {
        self.read(id, LogReader::starts).await.and_then(|starts: Vec<Start>| json_of(&starts))
    }

    async fn read<T: Send + 'static>(
        &self,
        id: &EntityId,
        read: impl FnOnce(&LogReader) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = log_place(&self.data, id);
        let done = tokio::task::spawn_blocking(move || read(&LogReader::open(&place))).await;
        let problem = match done {
            Ok(Ok(read)) => return Ok(read),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "its reader ended unexpectedly".to_owned(),
        };
        let sentence = format!("The log of {id} cannot be read: {problem}");
        Err(Refusal::new("log.unreadable", sentence, "Look at the folder `logs` in Beatkeeper's data folder."))
    }
}

/// What a person may write as a mark.
pub(crate) fn mark_text(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_MARK).collect()
}

/// While no process runs, nobody else writes its log.
pub(super) fn without_a_run(place: LogPlace, task: LogTask, done: reply::Sender<io::Result<()>>) {
    tokio::task::spawn_blocking(move || {
        let result = LogWriter::open(&place).and_then(|mut writer| match task {
            LogTask::Mark(text) => {
                writer.mark(&text, SystemTime::now());
                writer.end(SystemTime::now());
                Ok(())
            }
            LogTask::Clear => writer.clear(),
        });
        let _ = done.send(result);
    });
}

fn place(cursor: Option<&str>) -> Result<Option<Cursor>, Refusal> {
    let parse = |text: &str| {
        let sentence = format!("\"{}\" is no place in a log", text.chars().take(40).collect::<String>().escape_debug());
        text.parse().map_err(|_| Refusal::new("log.cursor", sentence, "Use one that a page of the log gave."))
    };
    cursor.map(parse).transpose()
}

fn most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(MOST).clamp(1, MOST)
}
