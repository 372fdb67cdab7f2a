//! Other processes, as this system shows them.
//!
//! A process number alone proves nothing, since numbers are used again: a process is its number and the moment of its
//! start.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
use other as system;

pub(crate) use system::{birth, boot, family, find, member, name, orphans, sample, signal};

/// The variable that every process of a run inherits.
pub(crate) const MARKER: &str = "BEATKEEPER_RUN";

/// One process, told from all others since the machine started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// In units of the system's own, since a beginning of its own.
    pub(crate) start: u64,
}

impl Process {
    /// Whether it still runs.
    pub(crate) fn lives(&self) -> bool {
        find(self.pid).is_some_and(|found| found == *self)
    }
}

/// The error that a tree could not be ended, with the names of who is left.
pub(crate) fn survivors(left: &[u32]) -> io::Error {
    let names: Vec<String> =
        left.iter().map(|pid| name(*pid).map_or_else(|| pid.to_string(), |name| format!("{pid} ({name})"))).collect();
    io::Error::other(format!("these processes do not end: {}", names.join(", ")))
}

/// What some processes use at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// Processor time since they began, with that of their ended children.
    pub(crate) cpu: Duration,
    pub(crate) memory_bytes: u64,
    pub(crate) threads: u32,
    pub(crate) open_files: Option<u32>,
    pub(crate) processes: u32,
}
