//! A process group, and on Linux all orphans of it, which come to the shim.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Child;
use std::time::{Duration, Instant, SystemTime};

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, getpgid, kill_process_group, wait};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Event, Launch, NotStarted, Secrets, command, failure};
use crate::order::{Exit, StopSignal};
use crate::os::{self, Process, survivors};
use crate::shim::output::Pipes;

/// How long a tree is given to end after it was killed: a process that waits for a dead disk may need for ever.
const KILL_WITHIN: Duration = Duration::from_secs(5);
/// How often it is looked again whether somebody was born meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How often orphans are looked for where they do not come to the shim.
#[cfg(not(target_os = "linux"))]
const LOOK_FOR_ORPHANS: Duration = Duration::from_millis(500);

pub(in crate::shim) struct Tree {
    shim: Process,
    main: Process,
    marker: String,
    exit: Option<Exit>,
    exit_told: bool,
    /// Nobody is left to wait for.
    childless: bool,
    ends: Signal,
}

impl Tree {
    pub(in crate::shim) fn spawn(
        launch: &Launch,
        secrets: &Secrets,
        shim: Process,
    ) -> Result<(Self, Pipes), NotStarted> {
        let trouble = |error: io::Error| NotStarted::Shim(error.to_string());
        // Before the child, or its end might be missed.
        let ends = signal(SignalKind::child()).map_err(trouble)?;
        let mut command = command(launch, secrets)?;
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| failure(launch, &error))?;
        let pid = child.id();
        let main = Process { pid, start: os::birth(pid).unwrap_or_default() };
        let marker = launch.marker.clone();
        let tree = Self { shim, main, marker, exit: None, exit_told: false, childless: false, ends };
        match pipes(&mut child) {
            Ok(pipes) => Ok((tree, pipes)),
            Err(error) => {
                let _ = tree.signal(StopSignal::Kill);
                Err(trouble(error))
            }
        }
    }

    pub(in crate::shim) fn main(&self) -> Process {
        self.main
    }

    pub(in crate::shim) fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// What happens next; may be dropped and asked again.
    pub(in crate::shim) async fn next(&mut self) -> Event {
        loop {
            self.await_ended();
            if self.exit.is_some() && !self.exit_told {
                self.exit_told = true;
                return Event::MainEnded;
            }
            if self.gone() {
                return Event::Gone;
            }
            self.something_ended().await;
        }
    }

    #[cfg(target_os = "linux")]
    async fn something_ended(&mut self) {
        self.ends.recv().await;
    }

    #[cfg(not(target_os = "linux"))]
    async fn something_ended(&mut self) {
        if self.exit.is_none() {
            self.ends.recv().await;
        } else {
            let _ = tokio::time::timeout(LOOK_FOR_ORPHANS, self.ends.recv()).await;
        }
    }

    /// The kernel's word on Linux: whoever has no children has no descendants when all orphans come to it.
    #[cfg(target_os = "linux")]
    fn gone(&self) -> bool {
        self.childless
    }

    #[cfg(not(target_os = "linux"))]
    fn gone(&self) -> bool {
        self.childless && self.left().is_empty()
    }

    fn await_ended(&mut self) {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if pid.as_raw_nonzero().get().unsigned_abs() == self.main.pid {
                        self.exit = Some(exit(status));
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::CHILD) => {
                    self.childless = true;
                    return;
                }
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Who is left of the run.
    pub(in crate::shim) fn left(&self) -> Vec<u32> {
        self.family().iter().map(|process| process.pid).collect()
    }

    fn family(&self) -> Vec<Process> {
        os::family(self.shim, self.main, &self.marker)
    }

    /// Its group's number is ours as long as the main process was not awaited.
    fn group(&self) -> Option<Pid> {
        if self.exit.is_some() {
            return None;
        }
        i32::try_from(self.main.pid).ok().and_then(Pid::from_raw)
    }

    /// Sends a signal to the group at once, and to each process outside of it.
    pub(in crate::shim) fn signal(&self, signal: StopSignal) -> io::Result<()> {
        // Before the group hears of it: it may end, and its children with their parent.
        let family = self.family();
        let group = self.group().filter(|group| kill_process_group(*group, signal.into()).is_ok());
        let outside = |process: &&Process| {
            let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
            group.is_none() || getpgid(pid).ok() != group
        };
        let mut sent = Ok(());
        for process in family.iter().filter(outside) {
            sent = sent.and(os::signal(*process, signal));
        }
        sent
    }

    /// Ends every process, and whoever is born meanwhile.
    pub(in crate::shim) async fn kill(&mut self) -> io::Result<()> {
        let until = Instant::now() + KILL_WITHIN;
        loop {
            // Whom we may not end is among those who are left.
            let _ = self.signal(StopSignal::Kill);
            self.await_ended();
            if self.gone() {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(survivors(&self.left()));
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, self.ends.recv()).await;
        }
    }
}

fn pipes(child: &mut Child) -> io::Result<Pipes> {
    let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
    let out = ChildStdout::from_std(child.stdout.take().ok_or_else(missing)?)?;
    let err = ChildStderr::from_std(child.stderr.take().ok_or_else(missing)?)?;
    Ok(Pipes { out, err })
}

fn exit(status: WaitStatus) -> Exit {
    Exit { code: status.exit_status(), signal: status.terminating_signal(), at: SystemTime::now(), known: true }
}
