//! The app's handle on an agent's process.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::order::{Exit, StopSignal};
use crate::place::{Place, Record};
use crate::usage::{Meter, Usage};
use crate::wire::{Ask, Status};
use link::Link;
pub use orphans::Orphans;
pub use tree::{Member, Tree};

mod link;
mod orphans;
mod reclaim;
mod start;
mod tree;

/// How often a process is looked at that no shim watches any more.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// An agent's process, with its shim beside it. Cheap to drop: that never ends the agent.
pub struct Run {
    record: Record,
    place: Place,
    link: Link,
    status: watch::Receiver<Status>,
    meter: Meter,
}

/// What an agent's last run came to.
#[derive(Debug)]
pub enum Reclaimed {
    /// It is watched by its shim. The main process may have ended while others of the run go on: [`Run::ended`] is then
    /// answered at once.
    Running(Run),
    /// Every process of it has ended.
    Ended(Exit),
    /// Its shim was killed, and processes of it go on, without anybody who reads their output.
    Orphans(Orphans),
    /// There was none.
    Nothing,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("record", &self.record).finish_non_exhaustive()
    }
}

impl Run {
    fn new(place: Place, record: Record, link: Link, status: watch::Receiver<Status>) -> Self {
        Self { record, place, link, status, meter: Meter::new() }
    }

    /// A run that ended before anybody had connected.
    fn of_ended(place: Place, record: Record) -> Self {
        let last = Status { marker: record.marker.clone(), exit: None, gone: false, left: Vec::new() };
        let (link, status) = Link::closed(last);
        Self::new(place, record, link, status)
    }

    /// Forgets an agent's last run, so that [`Run::reclaim`] finds nothing. Without effect while its shim lives.
    ///
    /// # Errors
    /// The system's.
    pub fn forget(run_dir: &Path, agent: &str) -> io::Result<()> {
        Place::of(run_dir, agent).forget()
    }

    /// The main process's number.
    pub fn pid(&self) -> u32 {
        self.record.child.pid
    }

    /// The shim's own number.
    pub fn shim_pid(&self) -> u32 {
        self.record.shim.pid
    }

    /// When it was started, by the wall clock.
    pub fn started_at(&self) -> SystemTime {
        self.record.started_at
    }

    /// The value of `BEATKEEPER_RUN` in the environment of each of its processes.
    pub fn marker(&self) -> &str {
        &self.record.marker
    }

    /// Tells who belongs to it.
    pub fn tree(&self) -> Tree {
        Tree::of(&self.record)
    }

    /// How the main process ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.status.borrow().exit
    }

    /// Who went on when the main process had ended: process numbers at that moment, or at the last signal since.
    pub fn left(&self) -> Vec<u32> {
        self.status.borrow().left.clone()
    }

    /// Waits for the end of the main process; its output up to there is in the log by then. When its shim is killed
    /// meanwhile, the process is still waited for, and the exit is not known. May be dropped and asked again.
    pub async fn ended(&mut self) -> Exit {
        let told = self.status.wait_for(|status| status.exit.is_some()).await.map(|status| status.exit);
        if let Ok(Some(exit)) = told {
            return exit;
        }
        loop {
            if let Some(exit) = self.written_exit() {
                return exit;
            }
            if !self.record.child.lives() {
                return self.written_exit().unwrap_or_else(Exit::unknown);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn written_exit(&self) -> Option<Exit> {
        let record = self.place.read(&self.record.agent).ok()??;
        record.exit.filter(|_| record.marker == self.record.marker)
    }

    /// Sends a signal to every process of the run. On Windows only [`StopSignal::Kill`] is known.
    ///
    /// # Errors
    /// The system's; `Unsupported` on Windows.
    pub async fn signal(&self, signal: StopSignal) -> io::Result<()> {
        match self.link.ask(Ask::Signal(signal)).await {
            Some(done) => {
                if self.exit().is_some() {
                    self.link.ask(Ask::State).await;
                }
                done
            }
            None => self.orphans().signal(signal),
        }
    }

    /// Puts a person's line into the log: its writer is the shim while there is one.
    ///
    /// # Errors
    /// `NotConnected` when there is none.
    pub async fn mark(&self, text: &str) -> io::Result<()> {
        self.link.ask(Ask::Mark(text.to_owned())).await.unwrap_or(Err(io::ErrorKind::NotConnected.into()))
    }

    /// Removes what is in the log.
    ///
    /// # Errors
    /// `NotConnected` when there is no shim, and the disk's.
    pub async fn clear_log(&self) -> io::Result<()> {
        self.link.ask(Ask::ClearLog).await.unwrap_or(Err(io::ErrorKind::NotConnected.into()))
    }

    /// Ends every process of the run, until none is left.
    ///
    /// # Errors
    /// Who is left after five seconds.
    pub async fn kill(&self) -> io::Result<()> {
        match self.link.ask(Ask::Kill).await {
            Some(done) => done,
            None => self.orphans().kill().await,
        }
    }

    /// Waits until no process of the run is left. May be dropped and asked again.
    pub async fn tree_is_gone(&mut self) {
        if self.status.wait_for(|status| status.gone).await.is_err() {
            self.orphans().gone().await;
        }
    }

    /// What all processes of the run use together; `None` when none is left.
    pub fn usage(&mut self) -> Option<Usage> {
        let record = &self.record;
        self.meter.sample(record.shim, record.child, &record.marker, record.started_at)
    }

    /// The run as it is without its shim.
    fn orphans(&self) -> Orphans {
        Orphans::new(&self.record)
    }
}
