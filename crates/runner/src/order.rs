//! What is to be run, and how it went.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fmt, io};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::log::LogPlace;

/// One agent's process, to be started. Neither copied nor shown: it holds secrets.
pub struct Order {
    /// The agent's id: a run is found again under it.
    pub agent: String,
    /// The program: a path, absolute or from `folder`, or a name that is looked up in the child's `PATH`.
    pub program: OsString,
    /// Its arguments, as they are.
    pub args: Vec<OsString>,
    /// Where it runs.
    pub folder: PathBuf,
    /// What is added to the app's own environment.
    pub env: Vec<(OsString, OsString)>,
    /// What is left out of the app's own environment.
    pub env_remove: Vec<OsString>,
    /// What is added for the child alone, and kept nowhere.
    pub secret_env: Vec<(String, SecretString)>,
    /// How the agent is asked to end when the shim itself is.
    pub stop: StopSignal,
    /// Where its output goes.
    pub log: LogPlace,
    /// The folder of sockets and state files, for the owner alone. One for all agents of an app.
    pub run_dir: PathBuf,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("agent", &self.agent).field("program", &self.program).finish_non_exhaustive()
    }
}

/// How a process is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopSignal {
    /// `SIGTERM`.
    #[default]
    Term,
    /// `SIGINT`, as Ctrl-C does.
    Int,
    /// `SIGQUIT`.
    Quit,
    /// `SIGHUP`.
    Hup,
    /// `SIGUSR1`.
    Usr1,
    /// `SIGUSR2`.
    Usr2,
    /// `SIGKILL`, that cannot be refused. The only one that Windows has.
    Kill,
}

/// How a main process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Its exit code, when it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// When it ended, by the wall clock; when that is not known, when it was found to have ended.
    pub at: SystemTime,
    /// Whether code and signal could be learnt: not when the shim was killed before the agent ended.
    pub known: bool,
}

impl Exit {
    /// Of a process that nobody could wait for.
    pub(crate) fn unknown() -> Self {
        Self { code: None, signal: None, at: SystemTime::now(), known: false }
    }
}

/// To be read after "ended".
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "with code {code}"),
            (None, Some(signal)) => write!(f, "by signal {signal}"),
            (None, None) => f.write_str("in a way that is not known"),
        }
    }
}

/// The program that becomes a shim.
#[derive(Debug, Clone)]
pub struct ShimProgram {
    pub(crate) path: PathBuf,
}

impl ShimProgram {
    /// This program: its `main` begins with [`crate::shim::run_if_asked`].
    ///
    /// # Errors
    /// When its own path cannot be told.
    pub fn this() -> io::Result<Self> {
        Ok(Self { path: this_program()? })
    }

    /// The program of this name in this program's own folder, when it is there, else this program. A small one makes a
    /// small shim: a window's libraries cost each shim ten megabytes that it never uses.
    ///
    /// # Errors
    /// When this program's own path cannot be told.
    pub fn beside(name: &str) -> io::Result<Self> {
        let this = std::env::current_exe()?;
        let other = this.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        // What lies in an AppImage's mount goes with it.
        if other.is_file() && std::env::var_os("APPIMAGE").is_none() { Ok(Self::at(other)) } else { Self::this() }
    }

    /// Another program whose `main` begins with [`crate::shim::run_if_asked`].
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned() }
    }

    /// The command, without its argument.
    pub(crate) fn command(&self) -> tokio::process::Command {
        named(tokio::process::Command::new(&self.path))
    }
}

/// What a list of processes shows is the program's own path, and not the kernel's link.
#[cfg(target_os = "linux")]
fn named(mut command: tokio::process::Command) -> tokio::process::Command {
    if command.as_std().get_program() == OURSELVES
        && let Ok(this) = std::env::current_exe()
    {
        command.arg0(this);
    }
    command
}

#[cfg(not(target_os = "linux"))]
fn named(command: tokio::process::Command) -> tokio::process::Command {
    command
}

/// The kernel's link to the running program.
#[cfg(target_os = "linux")]
const OURSELVES: &str = "/proc/self/exe";

/// The kernel's own link works on while an update has replaced the file. An AppImage's program lies in a mount that ends
/// with the app, so that the shim mounts it again for itself.
#[cfg(target_os = "linux")]
fn this_program() -> io::Result<PathBuf> {
    match std::env::var_os("APPIMAGE") {
        Some(image) if Path::new(&image).is_file() => Ok(image.into()),
        _ => Ok(OURSELVES.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn this_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Why an agent could not be started. Each is a sentence.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No such program, or no such interpreter.
    #[error("There is no program {}, or what its first line asks to run it with is missing", .0.display())]
    NotFound(PathBuf),
    /// The file is not executable, or the folder is closed.
    #[error("{} may not be run: it is not executable, or its folder is closed to you", .0.display())]
    NotPermitted(PathBuf),
    /// The folder does not exist, or is no folder.
    #[error("The folder {} is not there", .0.display())]
    NoFolder(PathBuf),
    /// The system's own reason.
    #[error("The program could not be started: {0}")]
    Other(io::Error),
    /// The agent runs already, with a shim of its own.
    #[error("The agent has a process already: end it first, or take it over")]
    Running,
    /// The process beside the agent could not be started, and so the agent was not.
    #[error("The process that watches the agent could not be started: {0}")]
    Shim(io::Error),
}

#[cfg(unix)]
impl From<StopSignal> for rustix::process::Signal {
    fn from(signal: StopSignal) -> Self {
        match signal {
            StopSignal::Term => Self::TERM,
            StopSignal::Int => Self::INT,
            StopSignal::Quit => Self::QUIT,
            StopSignal::Hup => Self::HUP,
            StopSignal::Usr1 => Self::USR1,
            StopSignal::Usr2 => Self::USR2,
            StopSignal::Kill => Self::KILL,
        }
    }
}
