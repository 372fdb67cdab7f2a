//! What a run uses.

use std::time::{Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::os::{self, Process};

/// What all processes of a run use together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Percent of one core, since the last sample; at the first one, since the start. Two busy cores are 200.
    pub cpu_percent: f32,
    /// Bytes of memory. On Linux what is private: resident and anonymous; elsewhere what is resident.
    pub memory_bytes: u64,
    /// Threads.
    pub threads: u32,
    /// Open files and sockets, where the system shows them.
    pub open_files: Option<u32>,
    /// Processes.
    pub processes: u32,
}

/// Takes samples of one run.
#[derive(Debug)]
pub(crate) struct Meter {
    last: Option<(Instant, std::time::Duration)>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { last: None }
    }

    pub(crate) fn sample(
        &mut self,
        shim: Process,
        child: Process,
        marker: &str,
        started_at: SystemTime,
    ) -> Option<Usage> {
        let sample = os::sample(shim, child, marker)?;
        let now = Instant::now();
        let (passed, used) = match self.last.replace((now, sample.cpu)) {
            // Children that nobody waited for take their time with them.
            Some((then, cpu)) => (now - then, sample.cpu.saturating_sub(cpu)),
            None => (started_at.elapsed().unwrap_or_default(), sample.cpu),
        };
        let cpu_percent =
            if passed.is_zero() { 0.0 } else { (used.as_secs_f64() / passed.as_secs_f64() * 100.0) as f32 };
        Some(Usage {
            cpu_percent,
            memory_bytes: sample.memory_bytes,
            threads: sample.threads,
            open_files: sample.open_files,
            processes: sample.processes,
        })
    }
}
