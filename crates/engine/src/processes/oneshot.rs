//! A program that does one thing and ends: no shell, nothing of it survives.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

/// Of what it says so much is quoted, in characters.
const SAID: usize = 200;
/// So much is read of it.
const READ: u64 = 64 * 1024;

/// Runs it.
///
/// # Errors
/// A sentence when it cannot be started, does not end in time, or does not end with 0; with its own last words.
pub(super) async fn run(argv: &[String], folder: &Path, within: Duration, stdin: Stdio) -> Result<(), String> {
    let Some((program, arguments)) = argv.split_first() else { return Err("there is no command".to_owned()) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_remove("BEATKEEPER_PASSPHRASE");
    command.stdin(stdin).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut command = CommandWrap::from(command);
    grouped(&mut command);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the system has dozens of kinds, and only these have words")]
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no program {program}"),
        std::io::ErrorKind::PermissionDenied => format!("{program} may not be run"),
        _ => format!("{program} could not be started: {error}"),
    })?;
    match tokio::time::timeout(within, finish(child.as_mut())).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("{program} did not end within {} s", within.as_secs())),
    }
}

async fn finish(child: &mut dyn ChildWrapper) -> Result<(), String> {
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr().take() {
        // What it says is only quoted; that it cannot be read is no reason to fail.
        let _ = stderr.take(READ).read_to_end(&mut said).await;
    }
    let status = child.wait().await.map_err(|error| format!("its end could not be waited for: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let how = status.code().map_or_else(|| "by a signal".to_owned(), |code| format!("with {code}"));
    let text = String::from_utf8_lossy(&said);
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let words: String = last.chars().filter(|c| !c.is_control()).take(SAID).collect();
    Err(if words.is_empty() { format!("it ended {how}") } else { format!("it ended {how}: {words}") })
}

#[cfg(unix)]
fn grouped(command: &mut CommandWrap) {
    command.wrap(KillOnDrop).wrap(process_wrap::tokio::ProcessGroup::leader());
}

#[cfg(windows)]
fn grouped(command: &mut CommandWrap) {
    let mut flags = process_wrap::tokio::CreationFlags(Default::default());
    flags.0.0 = 0x0800_0000; // CREATE_NO_WINDOW
    command.wrap(flags).wrap(KillOnDrop).wrap(process_wrap::tokio::JobObject);
}
