//! The child and everything that descends from it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::os::MARKER;
use crate::wire::{Launch, NotStarted, Secrets};

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(super) use unix::Tree;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(super) use windows::Tree;

/// What happens to a tree.
pub(super) enum Event {
    /// The main process has ended.
    MainEnded,
    /// Nothing is left.
    Gone,
}

/// The child's command, but for what the system needs.
fn command(launch: &Launch, secrets: &Secrets) -> Result<std::process::Command, NotStarted> {
    if !launch.folder.is_dir() {
        return Err(NotStarted::NoFolder);
    }
    let mut command = std::process::Command::new(program(&launch.program, &launch.folder));
    command.args(&launch.args).current_dir(&launch.folder);
    for name in &launch.env_remove {
        command.env_remove(name);
    }
    command.envs(launch.env.iter().map(|(name, value)| (name, value)));
    for (name, value) in launch.secrets.iter().zip(secrets) {
        command.env(name, value.as_str());
    }
    command.env(MARKER, &launch.marker);
    command.stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Ok(command)
}

/// A path is meant from the agent's folder; systems differ on that.
fn program(program: &OsString, folder: &Path) -> PathBuf {
    let path = Path::new(program);
    if path.components().count() > 1 { folder.join(path) } else { path.to_owned() }
}

/// Why it could not be started.
#[expect(clippy::wildcard_enum_match_arm, reason = "the system has dozens of kinds, and only these are told apart")]
fn failure(launch: &Launch, error: &io::Error) -> NotStarted {
    match error.kind() {
        io::ErrorKind::NotFound => NotStarted::NotFound,
        // A closed folder in the path answers so for every name.
        io::ErrorKind::PermissionDenied if is_nowhere(launch) => NotStarted::NotFound,
        io::ErrorKind::PermissionDenied => NotStarted::NotPermitted,
        _ => NotStarted::Other(error.raw_os_error(), error.to_string()),
    }
}

/// Whether the program is a name that is in no folder of the child's path.
fn is_nowhere(launch: &Launch) -> bool {
    let name = Path::new(&launch.program);
    let own = launch.env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone());
    let path = own.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    name.components().count() == 1 && !std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
