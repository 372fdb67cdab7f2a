//! A program of the user's: no shell, the notice as JSON on its standard input and in its environment.

use std::fmt::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio_util::task::AbortOnDropHandle;

use super::environment::environment;
use super::means::Means;
use super::message::Message;
use super::payload::Payload;
use super::redact::Redactor;
use super::setback::{Setback, quote};
use crate::settings::ChannelEntry;

/// What is kept of what it writes: the end, where programs say what went wrong.
const TAIL: usize = 2048;
/// Of that, so many characters are quoted.
const SAID: usize = 200;
/// How long its output is waited for after its end: whatever it left running may hold the pipe for ever.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// What opens the keys is nobody's business who tells a person of an alert.
const OURS_ALONE: &str = "BEATKEEPER_PASSPHRASE";

pub(super) async fn deliver(means: &Means, entry: &ChannelEntry, message: &Message<'_>) -> Result<(), Setback> {
    let mut child = start(entry, message)?;
    let (stdin, tail) = (child.stdin().take(), Tail::default());
    let listeners = [tail.listen(child.stdout().take()), tail.listen(child.stderr().take())];
    let json = Payload::of(message, &entry.name).json();
    // Beside the waiting: neither a program that does not read nor one that writes much holds anything up.
    let _telling = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Some(mut stdin) = stdin {
            // It may not care to read.
            let _ = stdin.write_all(json.as_bytes()).await;
        }
    }));
    let mut running = Running(Some(child));
    let Some(child) = &mut running.0 else { return Ok(()) };
    let within = means.pace.command;
    // For the program itself: of a job, the wrapper would wait for all that is in it.
    let ending = child.inner_mut().wait();
    let status = match tokio::time::timeout(within, ending).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return Err(Setback::not_now(format!("its end could not be waited for: {error}"))),
        Err(_) => {
            let seconds = within.as_secs();
            let problem = format!("it did not end within {seconds} s, and was ended with all that it started");
            return Err(Setback::not_now(with_words(problem, &tail)));
        }
    };
    running.spare();
    if status.success() {
        return Ok(());
    }
    let _ = tokio::time::timeout(LAST_WORDS, join_all(listeners)).await;
    let problem = match status.code() {
        Some(code) => format!("it ended with {code}"),
        None => "it was ended by a signal".to_owned(),
    };
    Err(Setback::not_now(with_words(problem, &tail)))
}

fn with_words(problem: String, tail: &Tail) -> String {
    let text = tail.text();
    let end = text.chars().rev().take(SAID).collect::<Vec<_>>().into_iter().rev().collect::<String>();
    let words = quote(&end, &Redactor::default());
    if words.is_empty() { problem } else { format!("{problem}: {words}") }
}

fn start(entry: &ChannelEntry, message: &Message<'_>) -> Result<Box<dyn ChildWrapper>, Setback> {
    let program = entry.program.clone().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(&entry.args).envs(environment(entry, message)).env_remove(OURS_ALONE);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = CommandWrap::from(command);
    grouped(&mut command);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the system has dozens of kinds, and only these are for good")]
    command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Setback::Refused(format!("there is no program {}", program.display())),
        std::io::ErrorKind::PermissionDenied => Setback::Refused(format!("{} may not be run", program.display())),
        _ => Setback::not_now(format!("{} could not be started: {error}", program.display())),
    })
}

/// A group of its own, so that what it started ends with it.
#[cfg(unix)]
fn grouped(command: &mut CommandWrap) {
    command.wrap(process_wrap::tokio::KillOnDrop).wrap(process_wrap::tokio::ProcessGroup::leader());
}

/// The same on Windows, and no console window that flashes up. Without `KillOnDrop`, which has the system end all of a job
/// when its handle is closed: also what a program that ended well left running. [`Running`] ends what must end.
#[cfg(windows)]
fn grouped(command: &mut CommandWrap) {
    let mut flags = process_wrap::tokio::CreationFlags(Default::default());
    flags.0.0 = 0x0800_0000; // CREATE_NO_WINDOW
    command.wrap(flags).wrap(process_wrap::tokio::JobObject);
}

/// What the person sees who sets it up.
pub(super) fn preview(entry: &ChannelEntry, message: &Message<'_>) -> String {
    let mut shown = entry.program.clone().unwrap_or_default().display().to_string();
    for argument in &entry.args {
        let _ = write!(shown, " {argument:?}");
    }
    for (name, value) in environment(entry, message) {
        let _ = write!(shown, "\n{name}={value}");
    }
    format!("{shown}\n\n{}", Payload::of(message, &entry.name).json())
}

/// A program that is ended with all that it started when nobody waits for it any more.
struct Running(Option<Box<dyn ChildWrapper>>);

impl Running {
    /// It ended by itself. Whatever it left running is meant to run on.
    fn spare(&mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended this very moment.
            let _ = child.start_kill();
        }
    }
}

/// The end of what a program writes.
#[derive(Clone, Default)]
struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    /// Keeps what comes, in a task that ends with the guard.
    fn listen(&self, pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> AbortOnDropHandle<()> {
        let kept = Arc::clone(&self.0);
        AbortOnDropHandle::new(tokio::spawn(async move {
            let Some(mut pipe) = pipe else { return };
            let mut chunk = [0; 1024];
            while let Ok(length @ 1..) = pipe.read(&mut chunk).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..length]);
                let excess = kept.len().saturating_sub(TAIL);
                kept.drain(..excess);
            }
        }))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}
