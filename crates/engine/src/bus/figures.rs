//! What agents' processes were last measured to cost, for their beats.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::UsageView;
use beatkeeper_core::wire::redis_bus::SentMetrics;

/// What is older was measured of a process that is gone.
const FRESH: Duration = Duration::from_secs(60);
const BYTES_IN_MIB: f64 = 1024.0 * 1024.0;

/// An agent's process.
#[derive(Clone, Copy, Debug, Default)]
struct Process {
    pid: Option<u32>,
    usage: Option<UsageView>,
}

/// The newest of each agent that runs here.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    processes: Mutex<HashMap<EntityId, Process>>,
}

impl Figures {
    /// Its process was started.
    pub(crate) fn started(&self, id: &EntityId, pid: u32) {
        self.with(|all| all.insert(id.clone(), Process { pid: Some(pid), usage: None }));
    }

    /// Its process was measured.
    pub(crate) fn measured(&self, id: &EntityId, usage: UsageView) {
        self.with(|all| all.entry(id.clone()).or_default().usage = Some(usage));
    }

    /// It has no process here any more.
    pub(crate) fn ended(&self, id: &EntityId) {
        self.with(|all| all.remove(id));
    }

    /// Its process, and what that costs as a beat says it; nothing of a process that is not ours.
    pub(super) fn of(&self, id: &EntityId, now: Time) -> (Option<u32>, SentMetrics) {
        let Some(process) = self.with(|all| all.get(id).copied()) else { return Default::default() };
        let usage = process.usage.filter(|usage| now.since(usage.at) <= FRESH);
        let metrics = usage.map(|usage| SentMetrics {
            cpu_percent: Some((f64::from(usage.cpu_percent) * 10.0).round() / 10.0),
            memory_mb: Some((usage.memory_bytes as f64 / BYTES_IN_MIB).round()),
            ..SentMetrics::default()
        });
        (process.pid, metrics.unwrap_or_default())
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<EntityId, Process>) -> T) -> T {
        act(&mut self.processes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_is_sent_while_it_is_fresh() {
        let id = EntityId::on_bus("team", "a").unwrap();
        let figures = Figures::default();
        assert_eq!(figures.of(&id, Time::ZERO), (None, SentMetrics::default()));
        figures.started(&id, 7);
        let at = Time::from_millis(1000);
        let usage =
            UsageView { cpu_percent: 12.34, memory_bytes: 3 << 20, threads: 1, open_files: None, processes: 1, at };
        figures.measured(&id, usage);
        let (pid, metrics) = figures.of(&id, at + FRESH);
        assert_eq!((pid, metrics.cpu_percent, metrics.memory_mb), (Some(7), Some(12.3), Some(3.0)));
        let late = at + FRESH + Duration::from_secs(1);
        assert_eq!(figures.of(&id, late), (Some(7), SentMetrics::default()));
        figures.ended(&id);
        assert_eq!(figures.of(&id, at), (None, SentMetrics::default()));
    }
}
