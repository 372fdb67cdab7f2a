//! The small process beside each agent.
//!
//! It starts the agent, holds its outputs and its exit, and ends when nothing that descends from the agent is left. It
//! outlives the app, and its own end changes nothing for the agent but that nobody reads its output any more.

use std::fs::File;
use std::io::{self, Write as _};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::log::note;
use crate::os::{self, Process};
use crate::place::{self, Place, Record};
use crate::wire::{self, Ask, Launch, Launched, NotStarted, Said, Secrets, Status};
use desk::Errand;
use output::Output;
use tree::{Event, Tree};

mod desk;
mod inherited;
mod output;
mod tree;

/// The argument that makes a program a shim.
pub(crate) const ARGUMENT: &str = "__shim";

/// How long the end waits for what is still to be read and written.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long an exit waits for the output that came before it.
const OUTPUT_BEFORE_EXIT: Duration = Duration::from_millis(200);

/// Becomes a shim, and never returns, when this program was started as one. To be called first of all in `main`.
pub fn run_if_asked() {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == ARGUMENT) {
        std::process::exit(run());
    }
}

fn run() -> i32 {
    inherited::close();
    let begun = stand_alone().and_then(|()| {
        let order = wire::decode(order_pipe()?)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok((order, runtime))
    });
    match begun {
        Ok(((launch, secrets), runtime)) => {
            let code = match runtime.block_on(watch_over(launch, secrets)) {
                Ok(()) => 0,
                Err(launched) => refuse(launched),
            };
            // A disk that hangs holds no process.
            runtime.shutdown_background();
            code
        }
        Err(error) => refuse(NotStarted::Shim(error.to_string())),
    }
}

fn refuse(why: NotStarted) -> i32 {
    // Who asked may be gone.
    let _ = say(&Err(why));
    1
}

fn say(launched: &Launched) -> io::Result<()> {
    let mut line = serde_json::to_vec(launched)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// Stdin without the buffer that the standard library puts before it, where secrets would stay.
#[cfg(unix)]
fn order_pipe() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn order_pipe() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// A session of its own, that no terminal ends, and the parent of all orphans below.
#[cfg(unix)]
fn stand_alone() -> io::Result<()> {
    rustix::process::setsid()?;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, getpid, set_child_subreaper, set_dumpable_behavior};
        set_child_subreaper(Some(getpid()))?;
        // It holds secrets for a moment: no image of its memory, and no look into it.
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

/// The job object does all of it.
#[cfg(windows)]
fn stand_alone() -> io::Result<()> {
    Ok(())
}

async fn watch_over(launch: Launch, secrets: Secrets) -> Result<(), NotStarted> {
    let trouble = |error: io::Error| NotStarted::Shim(error.to_string());
    let place = Place::of(&launch.run_dir, &launch.agent);
    place.make().map_err(trouble)?;
    let Some(held) = place.lock().map_err(trouble)? else { return Err(NotStarted::Occupied) };
    let socket = place.socket();
    let listener = desk::listen(&socket).map_err(|error| trouble(place::at(&socket, &error)))?;

    let this = std::process::id();
    let shim = Process { pid: this, start: os::birth(this).unwrap_or_default() };
    let (mut tree, pipes) = Tree::spawn(&launch, &secrets, shim)?;
    drop(secrets);
    let record = Record::new(launch.agent, launch.marker.clone(), shim, tree.main(), socket);
    // Without it nobody would find the agent again.
    if let Err(error) = place.write(&record) {
        let _ = tree.kill().await;
        return Err(trouble(error));
    }
    let output = match Output::begin(launch.log, pipes) {
        Ok(output) => output,
        Err(error) => {
            let _ = tree.kill().await;
            return Err(trouble(error));
        }
    };
    output.note(format!("{} process {}", note::START, record.child.pid));
    // Whoever ordered it may have been killed meanwhile; the next one finds it.
    let _ = say(&Ok(record.clone()));

    let status = Status { marker: launch.marker, exit: None, gone: false, left: Vec::new() };
    let (status, seen) = watch::channel(status);
    let (errands, waiting) = mpsc::channel(16);
    let (close, closed) = oneshot::channel();
    let desk = tokio::spawn(desk::serve(listener, errands, seen, closed));
    let mut watch = Watch { place, record, tree, output, status, stop: launch.stop };
    watch.until_gone(waiting).await;
    watch.last_words().await;

    // Whoever hears that all is gone may start the next one at once: it finds no socket and no lock.
    drop(close);
    let clients = desk.await;
    drop(held);
    watch.tell_gone();
    if let Ok(clients) = clients {
        let _ = tokio::time::timeout(LAST_WORDS, clients.join_all()).await;
    }
    Ok(())
}

/// A run, and who is told of it.
struct Watch {
    place: Place,
    record: Record,
    tree: Tree,
    output: Output,
    status: watch::Sender<Status>,
    stop: crate::StopSignal,
}

impl Watch {
    async fn until_gone(&mut self, mut errands: mpsc::Receiver<Errand>) {
        let mut asked_to_end = asked_to_end();
        loop {
            tokio::select! {
                event = self.tree.next() => match event {
                    Event::MainEnded => self.main_ended().await,
                    Event::Gone => return,
                },
                Some(errand) = errands.recv() => self.run(errand).await,
                // At the end of a session or of the machine everybody is asked; the agent in its own way.
                Some(()) = asked_to_end.recv() => {
                    let _ = self.tree.signal(self.stop);
                }
            }
        }
    }

    /// What came before the exit is in the log when the exit is told.
    async fn main_ended(&mut self) {
        let Some(exit) = self.tree.exit() else { return };
        let _ = tokio::time::timeout(OUTPUT_BEFORE_EXIT, self.output.read_up()).await;
        let _ = tokio::time::timeout(OUTPUT_BEFORE_EXIT, self.output.flush()).await;
        self.output.note(format!("{} {exit}", note::EXIT));
        let _ = tokio::time::timeout(OUTPUT_BEFORE_EXIT, self.output.flush()).await;
        self.record.exit = Some(exit);
        self.write().await;
        let left = self.tree.left();
        self.status.send_modify(|status| (status.exit, status.left) = (Some(exit), left));
    }

    async fn run(&mut self, errand: Errand) {
        let done = match errand.ask {
            Ask::Signal(signal) => self.tree.signal(signal),
            Ask::Kill => self.tree.kill().await,
            Ask::State => {
                if self.record.exit.is_some() {
                    let left = self.tree.left();
                    self.status.send_modify(|status| status.left = left);
                }
                Ok(())
            }
            Ask::Mark(text) => written(self.output.mark(text)).await,
            Ask::ClearLog => written(self.output.clear()).await,
        };
        let error = done.err().map(|error| error.to_string());
        // The client may be gone.
        let _ = errand.answers.send(Said::Answer { id: errand.id, error });
    }

    async fn last_words(&mut self) {
        let _ = tokio::time::timeout(LAST_WORDS, self.output.end()).await;
        self.record.gone = true;
        self.write().await;
    }

    fn tell_gone(&self) {
        self.status.send_modify(|status| {
            status.gone = true;
            status.left.clear();
        });
    }

    /// Beside the loop, so that a disk that hangs holds up nobody.
    async fn write(&self) {
        let (place, record) = (self.place.clone(), self.record.clone());
        let written = tokio::task::spawn_blocking(move || place.write(&record));
        if !matches!(tokio::time::timeout(LAST_WORDS, written).await, Ok(Ok(Ok(())))) {
            self.output.note(format!("{} the record of how it ended", note::LOST));
        }
    }
}

/// What the one who writes the log says of a task, in good time.
async fn written(task: oneshot::Receiver<io::Result<()>>) -> io::Result<()> {
    let done = tokio::time::timeout(LAST_WORDS, task).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
    done.unwrap_or_else(|ended| Err(io::Error::other(ended)))
}

/// What asks the shim itself to end; what a terminal sends is not meant for it.
#[cfg(unix)]
fn asked_to_end() -> mpsc::Receiver<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (heard, asked) = mpsc::channel(1);
    for (kind, ends) in
        [(SignalKind::terminate(), true), (SignalKind::interrupt(), false), (SignalKind::hangup(), false)]
    {
        let Ok(mut signals) = signal(kind) else { continue };
        let heard = heard.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if ends && heard.send(()).await.is_err() {
                    return;
                }
            }
        });
    }
    asked
}

/// Windows asks nobody without a window.
#[cfg(windows)]
fn asked_to_end() -> mpsc::Receiver<()> {
    mpsc::channel(1).1
}
