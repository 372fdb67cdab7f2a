//! The writer's thread.

use std::mem;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{BATCH_ROWS, Shared, State};
use crate::StoreError;
use crate::checkpoint::Checkpoints;
use crate::housekeeping::{self, Names, Sweep};
use crate::pending::Pending;

/// How long a batch's first row waits. A row must be committed 250 ms after it was sent: the rest is for a busy machine
/// to wake this thread and for the commit. Waiting longer would save little, since rows of one batch are rarely of one
/// agent and so rarely share a page.
const BATCH_AGE: Duration = Duration::from_millis(100);

/// The wait after a batch failed for the first time, doubled each time up to the last.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(30);

pub(super) struct WriteLoop {
    path: PathBuf,
    connection: Connection,
    checkpoints: Checkpoints,
    names: Names,
    shared: Arc<Shared>,
    sweep: Option<Sweep>,
    retry: Duration,
}

/// What there is to do.
enum Work {
    Write(Batch),
    Sweep,
}

struct Batch {
    rows: Box<Pending>,
    flushes: Vec<SyncSender<Result<(), StoreError>>>,
    /// The writer was closed: nothing comes after this.
    last: bool,
}

impl WriteLoop {
    pub(super) fn new(path: PathBuf, connection: Connection, names: Names, shared: Arc<Shared>) -> Self {
        let checkpoints = Checkpoints::start(&path);
        Self { path, connection, checkpoints, names, shared, sweep: None, retry: FIRST_RETRY }
    }

    /// Until the writer is closed. The last connection to close folds the log into the file.
    pub(super) fn run(mut self) {
        let _ended = Ended(Arc::clone(&self.shared));
        let (result, flushes) = loop {
            match self.next() {
                Work::Write(Batch { rows, flushes, last }) => {
                    let result = self.write(*rows);
                    if last {
                        break (result, flushes);
                    }
                    answer(flushes, &result);
                }
                Work::Sweep => self.sweep(),
            }
        };
        if result.is_err() {
            let mut state = self.shared.lock();
            state.dropped += state.pending.len() as u64;
        }
        drop(self.checkpoints);
        drop(self.connection);
        answer(flushes, &result);
    }

    /// Waits for something to do.
    fn next(&mut self) -> Work {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        loop {
            let now = Instant::now();
            let due = due(&state);
            if !state.flushes.is_empty() || due.is_some_and(|due| due <= now) {
                let rows = Box::new(mem::take(&mut state.pending));
                state.in_flight = rows.len();
                state.oldest = None;
                return Work::Write(Batch { rows, flushes: mem::take(&mut state.flushes), last: state.closed });
            }
            // A sweep waits until what it may delete is on the disk, and until the disk takes anything at all.
            if state.retry_at.is_none() && (state.pending.forget.is_empty() || self.sweep.is_some()) {
                if let (None, Some(before)) = (&self.sweep, state.prune) {
                    state.prune = None;
                    self.sweep = Some(Sweep::begin(&mut self.names, before));
                }
                if self.sweep.is_some() {
                    return Work::Sweep;
                }
            }
            state = match due {
                Some(due) => shared.wake.wait_timeout(state, due - now).unwrap_or_else(PoisonError::into_inner).0,
                None => shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn write(&mut self, batch: Pending) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        match housekeeping::write(&mut self.connection, &mut self.names, &batch) {
            Ok(()) => {
                tracing::trace!(rows = batch.len(), took = ?started.elapsed(), "history batch written");
                self.worked();
                self.checkpoints.committed(&self.connection);
                Ok(())
            }
            Err(error) => {
                let error = StoreError::sort(&self.path, error);
                self.failed(batch, &error);
                Err(error)
            }
        }
    }

    fn worked(&mut self) {
        self.retry = FIRST_RETRY;
        let mut state = self.shared.lock();
        state.in_flight = 0;
        state.retry_at = None;
        if state.problem.take().is_some() {
            tracing::info!("history is written again");
        }
    }

    /// Puts the batch back in front of what came meanwhile.
    fn failed(&mut self, mut batch: Pending, error: &StoreError) {
        let mut state = self.shared.lock();
        batch.absorb(mem::take(&mut state.pending));
        state.pending = batch;
        state.in_flight = 0;
        state.failures += 1;
        state.retry_at = Some(Instant::now() + self.retry);
        if state.problem.is_none() {
            tracing::warn!(%error, code = error.code(), "history cannot be written; rows are kept and tried again");
        }
        state.problem = Some(error.clone());
        self.retry = (self.retry * 2).min(LAST_RETRY);
    }

    fn sweep(&mut self) {
        let Some(mut sweep) = self.sweep.take() else { return };
        match sweep.step(&mut self.connection, &mut self.names) {
            Ok(done) => {
                self.checkpoints.committed(&self.connection);
                self.sweep = (!done).then_some(sweep);
            }
            // What is old stays until the next time; nothing is lost by that.
            Err(error) => tracing::warn!(%error, "old history could not be deleted"),
        }
    }
}

fn answer(flushes: Vec<SyncSender<Result<(), StoreError>>>, result: &Result<(), StoreError>) {
    for flush in flushes {
        // Who gave up waiting needs no answer.
        drop(flush.try_send(result.clone()));
    }
}

/// However the thread ends, nobody may wait for it any more.
pub(super) struct Ended(pub(super) Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.flushes.clear();
        if std::thread::panicking() {
            state.problem = Some(StoreError::Closed);
        }
    }
}

/// When the pending rows must be written.
fn due(state: &State) -> Option<Instant> {
    if state.pending.is_empty() {
        return None;
    }
    if let Some(retry_at) = state.retry_at {
        return Some(retry_at);
    }
    let oldest = state.oldest?;
    Some(if state.pending.len() >= BATCH_ROWS { oldest } else { oldest + BATCH_AGE })
}
