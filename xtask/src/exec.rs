//! Running a program and caring how it ended.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::paths;

/// How long a program may take whose answer is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// The cargo that runs us, in the repository's root.
#[must_use]
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(paths::root()).args(arguments);
    command
}

/// npm, in the window's folder.
#[must_use]
pub fn npm(arguments: &[&str]) -> Command {
    // On Windows npm is a batch file, which is only found by its full name.
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(paths::ui()).args(arguments);
    command
}

/// Runs a program with its output shown as it comes; an error unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// Runs a program silently; whether it succeeded. A program that cannot be started did not succeed.
#[must_use]
pub fn succeeds(command: &mut Command) -> bool {
    output(command).is_ok()
}

/// Runs a program and returns what it printed; an error, with its complaint, unless it succeeds within two minutes.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| format!("cannot start `{shown}`"))?;
    let pid = child.id();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(child.wait_with_output()));
    let Ok(ended) = receive.recv_timeout(PATIENCE) else {
        // Not reaped before it has ended, so the number is still its own.
        Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status()?;
        bail!("`{shown}` had not ended after {} s", PATIENCE.as_secs());
    };
    let output = ended?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed: {}: {}", output.status, complaint.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it.
#[must_use]
pub fn show(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
