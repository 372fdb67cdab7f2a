//! What is left of a run whose shim was killed.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use super::{LOOK_AGAIN, Tree};
use crate::order::StopSignal;
use crate::os::{self, Process, survivors};
use crate::place::Record;
use crate::usage::{Meter, Usage};

/// How long the processes are given to end after they were killed.
const KILL_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN_SOON: Duration = Duration::from_millis(20);

/// Processes of a run whose shim was killed: known by the run's marker in their environment, their group, and their
/// parents. They can be watched and ended; their output goes nowhere, and their exit will not be known.
#[derive(Debug)]
pub struct Orphans {
    shim: Process,
    child: Process,
    marker: String,
    started_at: SystemTime,
    meter: Meter,
}

impl Orphans {
    pub(super) fn new(record: &Record) -> Self {
        let (shim, child, marker) = (record.shim, record.child, record.marker.clone());
        Self { shim, child, marker, started_at: record.started_at, meter: Meter::new() }
    }

    /// The main process's number, while it lives.
    pub fn pid(&self) -> Option<u32> {
        self.child.lives().then_some(self.child.pid)
    }

    /// Who is left.
    pub fn pids(&self) -> Vec<u32> {
        self.processes().iter().map(|process| process.pid).collect()
    }

    /// When the run was started, by the wall clock.
    pub fn started_at(&self) -> SystemTime {
        self.started_at
    }

    /// The value of `BEATKEEPER_RUN` in the environment of each of its processes.
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// Tells who belongs to the run.
    pub fn tree(&self) -> Tree {
        Tree::new(self.shim, self.child, &self.marker)
    }

    fn processes(&self) -> Vec<Process> {
        os::orphans(self.child, &self.marker)
    }

    /// Sends a signal to each of them.
    ///
    /// # Errors
    /// The system's, of the first one that refuses.
    pub fn signal(&self, signal: StopSignal) -> io::Result<()> {
        let mut sent = Ok(());
        for process in self.processes() {
            sent = sent.and(os::signal(process, signal));
        }
        sent
    }

    /// Ends all of them, and whoever is born meanwhile.
    ///
    /// # Errors
    /// Who is left after five seconds.
    pub async fn kill(&self) -> io::Result<()> {
        let until = Instant::now() + KILL_WITHIN;
        loop {
            // Whom we may not end is among those who are left.
            let _ = self.signal(StopSignal::Kill);
            let left = self.pids();
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(survivors(&left));
            }
            tokio::time::sleep(LOOK_AGAIN_SOON).await;
        }
    }

    /// Waits until none is left.
    pub async fn gone(&self) {
        while !self.processes().is_empty() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What they use together; `None` when none is left.
    pub fn usage(&mut self) -> Option<Usage> {
        self.meter.sample(self.shim, self.child, &self.marker, self.started_at)
    }
}
