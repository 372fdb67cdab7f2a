//! `beatkeeper quit`: ends the running app or engine, and waits until it has ended.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use beatkeeper_engine::Paths;
use beatkeeper_engine::command::Command;
use serde_json::Value;

use crate::failure::Failure;
use crate::remote::Remote;

/// Links say goodbye and the history is written; twice what that may take.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) fn quit(paths: &Paths) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    match remote.ask::<Value>(&Command::Quit) {
        // It may be gone before its answer is.
        Ok(_) | Err(Failure::NobodyRuns(_)) => {}
        Err(failure) => return Err(failure),
    }
    drop(remote);
    let deadline = Instant::now() + PATIENCE;
    while is_held(paths) {
        if Instant::now() > deadline {
            return Err(Failure::refused(
                "engine.still_running",
                format!("Beatkeeper was asked to end, and still runs after {} s", PATIENCE.as_secs()),
                "Wait, or end its process yourself; the history survives that.",
            ));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// An engine holds its lock until its process has ended or all is written.
fn is_held(paths: &Paths) -> bool {
    File::open(paths.lock()).is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
