//! Writing: rows are handed over at once and written in batches by one thread.

mod thread;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;

use crate::housekeeping::{Names, in_transaction};
use crate::pending::{Pending, is_alert};
use crate::{Reader, Store, StoreError, connections};

/// Rows with keys of their own that wait at most; further ones are dropped and counted.
const CAPACITY: usize = 65_536;

/// As many rows of alerts wait beyond that: incidents, notices, deliveries and what belongs to them. So beats are dropped
/// long before any alert is.
const CAPACITY_OF_ALERTS: usize = 2 * CAPACITY;

/// A batch is written at once when it has this many rows.
const BATCH_ROWS: usize = 500;

/// The history's only writer: one thread, one connection. Share it behind an [`Arc`].
///
/// A batch is committed within 250 ms of its first row, sooner when it has 500 rows, in one transaction. A batch that fails is
/// kept and tried again, after waits from 250 ms doubling to 30 s; [`Writer::problem`] says so meanwhile. Dropping the
/// writer closes it.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the thread. Nothing wakes it while there is nothing to write.
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    pending: Pending,
    /// When the oldest pending row came.
    oldest: Option<Instant>,
    /// Rows that the thread is writing now.
    in_flight: usize,
    /// When a failed batch is tried again.
    retry_at: Option<Instant>,
    /// Who waits for everything up to now to be written.
    flushes: Vec<SyncSender<Result<(), StoreError>>>,
    /// Delete what ended before this.
    prune: Option<Time>,
    closed: bool,
    problem: Option<StoreError>,
    failures: u64,
    dropped: u64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements that hold the lock, so a panic elsewhere cannot have torn it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Takes over the store. Connections that a killed run left open are closed first, with the cause
    /// [`crate::APP_ENDED`], at the last moment that is known of them and not after `now`.
    ///
    /// # Errors
    ///
    /// `store.busy`, `store.full`, `store.failed` when that cannot be written; `store.no_thread`.
    pub fn start(store: Store, now: Time) -> Result<Self, StoreError> {
        let Store { path, mut connection } = store;
        let mut names = Names::default();
        let closed = in_transaction(&mut connection, &mut names, |transaction, names| {
            connections::close_open(transaction, &mut names.texts, now)
        })
        .map_err(|e| StoreError::sort(&path, e))?;
        if closed > 0 {
            tracing::info!(closed, "closed connections that the last run left open");
        }
        let shared = Arc::new(Shared { state: Mutex::default(), wake: Condvar::new() });
        let write_loop = thread::WriteLoop::new(path.clone(), connection, names, Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("history".into())
            .spawn(move || write_loop.run())
            .map_err(|e| StoreError::NoThread { source: Arc::new(e) })?;
        Ok(Self { path, shared, thread: Mutex::new(Some(thread)) })
    }

    /// Hands a row over. Never waits for the disk. Of rows with the same key only the last one is written.
    ///
    /// When 65,536 rows wait already, because the disk does not take them, a row with a new key is dropped and counted
    /// ([`Writer::dropped`]); a row of an alert only when 131,072 wait. A black box is also dropped and counted when it is
    /// larger than [`crate::LARGEST_BLACK_BOX`], or when 16 MB of them wait. After [`Writer::close`] every row is.
    pub fn send(&self, row: HistoryRow) {
        let mut state = self.shared.lock();
        let waiting = state.pending.len();
        let room = waiting + state.in_flight < if is_alert(&row) { CAPACITY_OF_ALERTS } else { CAPACITY };
        if state.closed || !state.pending.push(row, room) {
            state.dropped += 1;
            return;
        }
        self.changed(state, waiting);
    }

    /// Deletes the agent's history: what is on the disk, and rows sent before this. Does not wait.
    pub fn forget(&self, agent: &EntityId) {
        let mut state = self.shared.lock();
        let waiting = state.pending.len();
        state.pending.forget(agent.clone());
        // Its sentences may name it; they go when nothing else says them.
        state.prune = state.prune.or(Some(Time::ZERO));
        self.changed(state, waiting);
    }

    /// Has the deliveries of a channel go by its new name: those sent before this, and no later ones. They take the place
    /// of what an earlier channel of that name left of the same notices. Does not wait.
    pub fn rename_channel(&self, from: &str, to: &str) {
        let mut state = self.shared.lock();
        let waiting = state.pending.len();
        state.pending.rename_channel(from, to);
        self.changed(state, waiting);
    }

    /// Deletes what ended before `before`, in small steps between batches. Does not wait. Newest wins when called twice.
    pub fn prune(&self, before: Time) {
        let mut state = self.shared.lock();
        state.prune = state.prune.max(Some(before));
        drop(state);
        self.shared.wake.notify_one();
    }

    /// Blocks until everything sent, and asked to be forgotten, before this is committed.
    ///
    /// # Errors
    ///
    /// Why it could not be written, after one try; the rows are kept and tried again. `store.closed` after a close.
    pub fn flush(&self) -> Result<(), StoreError> {
        let (done, written) = mpsc::sync_channel(1);
        {
            let mut state = self.shared.lock();
            if state.closed {
                return Err(StoreError::Closed);
            }
            state.flushes.push(done);
        }
        self.shared.wake.notify_one();
        written.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Writes what waits and closes the file. Blocks. Further calls do nothing.
    ///
    /// # Errors
    ///
    /// Why the last rows could not be written, after one try; those are lost.
    pub fn close(&self) -> Result<(), StoreError> {
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        let (done, written) = mpsc::sync_channel(1);
        {
            let mut state = self.shared.lock();
            state.flushes.push(done);
            state.closed = true;
        }
        self.shared.wake.notify_one();
        let result = written.recv().unwrap_or(Err(StoreError::Closed));
        thread.join().map_err(|_| StoreError::Closed)?;
        result
    }

    /// What keeps rows from being written, for people; nothing when all is well.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let state = self.shared.lock();
        let problem = state.problem.as_ref()?;
        let rows = state.pending.len() + state.in_flight;
        Some(format!("{problem}. {rows} rows wait to be written. {}", problem.remedy()))
    }

    /// The code of [`Writer::problem`].
    #[must_use]
    pub fn problem_code(&self) -> Option<&'static str> {
        self.shared.lock().problem.as_ref().map(StoreError::code)
    }

    /// Transactions that failed since the start.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.shared.lock().failures
    }

    /// Rows that were dropped since the start, because too many waited or the writer was closed.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.lock().dropped
    }

    /// Where the history is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A reader of the same file.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`].
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.path)
    }

    /// Wakes the thread only when that changes when it has to act: at the first row, and when a batch is full.
    fn changed(&self, mut state: MutexGuard<'_, State>, before: usize) {
        let waiting = state.pending.len();
        if before == 0 {
            state.oldest = Some(Instant::now());
        }
        drop(state);
        if before == 0 || (before < BATCH_ROWS && waiting >= BATCH_ROWS) {
            self.shared.wake.notify_one();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, code = error.code(), "the last rows of the history could not be written");
        }
    }
}
