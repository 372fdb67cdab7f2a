//! Moves commits from the write-ahead log into the file and onto the disk.
//!
//! It waits for the disk, on a slow one for longer than a batch may wait to be written. So it has its own thread and
//! connection, and works while the writer goes on.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::store::BUSY_TIMEOUT;

/// A checkpoint follows a commit by no longer than this: what power loss can take.
const LATEST: Duration = Duration::from_secs(60);

/// Pages in the log that call for one at once: about 4 MB.
const MANY: i64 = 1_000;

/// Pages in the log at which the writer must do it itself, since the thread cannot keep up: about 64 MB.
const TOO_MANY: i64 = 16_000;

/// The thread that does it. Dropping this ends it.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    /// Nothing after it could not be started: the writer then does it itself.
    commits: Option<Sender<Urgency>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Urgency {
    InTime,
    Now,
}

impl Checkpoints {
    pub(crate) fn start(path: &Path) -> Self {
        let (commits, received) = mpsc::channel();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "wal_autocheckpoint", 0)?;
            Ok(connection)
        });
        let thread = match opened {
            Ok(connection) => std::thread::Builder::new()
                .name("history-checkpoint".into())
                .spawn(move || run(&connection, &received))
                .map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match thread {
            Ok(thread) => Self { commits: Some(commits), thread: Some(thread) },
            Err(error) => {
                tracing::warn!(%error, "history checkpoints have no thread of their own; the writer does them");
                Self { commits: None, thread: None }
            }
        }
    }

    /// Tells of a commit on `connection`.
    pub(crate) fn committed(&self, connection: &Connection) {
        let pages = pages_in_log(connection);
        let urgency = if pages >= MANY { Urgency::Now } else { Urgency::InTime };
        let has_thread = self.commits.as_ref().is_some_and(|commits| commits.send(urgency).is_ok());
        if pages >= TOO_MANY || (!has_thread && urgency == Urgency::Now) {
            checkpoint(connection);
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.commits = None;
        if let Some(thread) = self.thread.take() {
            // Its panic was printed already, and nothing is left to do about it.
            drop(thread.join());
        }
    }
}

fn run(connection: &Connection, commits: &mpsc::Receiver<Urgency>) {
    while let Ok(first) = commits.recv() {
        let latest = Instant::now() + LATEST;
        let mut urgency = first;
        while urgency != Urgency::Now {
            match commits.recv_timeout(latest.saturating_duration_since(Instant::now())) {
                Ok(next) => urgency = next,
                Err(RecvTimeoutError::Timeout) => break,
                // The writer is closing, and its connection does the last one.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        // Those that came while it was full are all in the log by now.
        while commits.try_recv().is_ok() {}
        checkpoint(connection);
    }
}

fn checkpoint(connection: &Connection) {
    let started = Instant::now();
    // Passive: never waits for a reader or for the writer, does what it can.
    match connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?))) {
        Ok::<(i64, i64), _>((pages, moved)) => {
            tracing::debug!(pages, moved, took = ?started.elapsed(), "history checkpoint");
        }
        // Commits are safe in the log; the next commit asks again.
        Err(error) => tracing::warn!(%error, "history checkpoint failed"),
    }
}

/// Pages in the log that are not in the file yet; 0 when that cannot be told now.
fn pages_in_log(connection: &Connection) -> i64 {
    connection
        .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
        .unwrap_or(0)
}
