//! A job object, which every descendant belongs to.
//!
//! Windows has no signal for a process without a window: only the end can be ordered. A polite stop is refused as
//! unsupported, and whoever stops an agent waits for the grace and then ends the job.

use std::io;
use std::time::SystemTime;

use process_wrap::tokio::{ChildWrapper, CommandWrap, CreationFlags, JobObject};

use super::{Event, Launch, NotStarted, Secrets, command, failure};
use crate::order::{Exit, StopSignal};
use crate::os::{self, Process, survivors};
use crate::shim::output::Pipes;

/// `CREATE_NO_WINDOW`: no console that flashes up. `CREATE_NEW_PROCESS_GROUP`: nobody's Ctrl-C reaches it.
const FLAGS: u32 = 0x0800_0000 | 0x0000_0200;
/// How long a job is given to end after it was ended.
const KILL_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

pub(in crate::shim) struct Tree {
    shim: Process,
    main: Process,
    marker: String,
    exit: Option<Exit>,
    exit_told: bool,
    job: Box<dyn ChildWrapper>,
    ended: bool,
}

impl Tree {
    pub(in crate::shim) fn spawn(
        launch: &Launch,
        secrets: &Secrets,
        shim: Process,
    ) -> Result<(Self, Pipes), NotStarted> {
        let mut command = CommandWrap::from(tokio::process::Command::from(command(launch, secrets)?));
        let mut flags = CreationFlags(Default::default());
        flags.0.0 = FLAGS;
        command.wrap(flags).wrap(JobObject);
        let mut job = command.spawn().map_err(|error| failure(launch, &error))?;
        let pid = job.id().unwrap_or_default();
        let main = Process { pid, start: os::birth(pid).unwrap_or_default() };
        let (Some(out), Some(err)) = (job.stdout().take(), job.stderr().take()) else {
            let _ = job.start_kill();
            return Err(NotStarted::Shim(io::Error::from(io::ErrorKind::BrokenPipe).to_string()));
        };
        let marker = launch.marker.clone();
        Ok((Self { shim, main, marker, exit: None, exit_told: false, job, ended: false }, Pipes { out, err }))
    }

    pub(in crate::shim) fn main(&self) -> Process {
        self.main
    }

    pub(in crate::shim) fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// What happens next; may be dropped and asked again.
    pub(in crate::shim) async fn next(&mut self) -> Event {
        if self.exit.is_none() {
            // The main process alone: the job's own wait is for all of them, and cannot be begun twice.
            let status = self.job.inner_mut().wait().await;
            let code = status.ok().and_then(|status| status.code());
            self.exit = Some(Exit { code, signal: None, at: SystemTime::now(), known: code.is_some() });
        }
        if !self.exit_told {
            self.exit_told = true;
            return Event::MainEnded;
        }
        while !self.ended && !self.left().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        Event::Gone
    }

    /// Who is left of the run.
    pub(in crate::shim) fn left(&self) -> Vec<u32> {
        os::family(self.shim, self.main, &self.marker).iter().map(|process| process.pid).collect()
    }

    /// The end can be ordered, and nothing else.
    pub(in crate::shim) fn signal(&mut self, signal: StopSignal) -> io::Result<()> {
        if signal == StopSignal::Kill {
            return self.job.start_kill();
        }
        Err(io::Error::new(io::ErrorKind::Unsupported, "Windows cannot ask a process without a window to end"))
    }

    /// Ends every process of the job.
    pub(in crate::shim) async fn kill(&mut self) -> io::Result<()> {
        self.job.start_kill()?;
        let until = std::time::Instant::now() + KILL_WITHIN;
        while !self.left().is_empty() {
            if std::time::Instant::now() > until {
                return Err(survivors(&self.left()));
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        self.ended = true;
        Ok(())
    }
}
