//! What agents' processes were last measured to cost, and what they say of their own work, for their beats.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::UsageView;
use beatkeeper_core::wire::redis_bus::{OwnWord, SentMetrics};

/// What is older was measured of a process that is gone, or said by one that no longer answers.
const FRESH: Duration = Duration::from_secs(60);
const BYTES_IN_MIB: f64 = 1024.0 * 1024.0;

/// What is known of an agent for a beat.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figure {
    /// Its process, when that is ours.
    pub(crate) pid: Option<u32>,
    /// Measured, and as it says.
    pub(crate) metrics: SentMetrics,
    /// What it works on.
    pub(crate) task: Option<String>,
    /// A fraction of 1.
    pub(crate) progress: Option<f64>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    pid: Option<u32>,
    usage: Option<UsageView>,
    said: Option<(Time, OwnWord)>,
}

/// The newest of each agent.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    known: Mutex<HashMap<EntityId, Known>>,
}

impl Figures {
    /// Its process was started.
    pub(crate) fn started(&self, id: &EntityId, pid: u32) {
        self.with(|all| all.insert(id.clone(), Known { pid: Some(pid), ..Known::default() }));
    }

    /// Its process was measured.
    pub(crate) fn measured(&self, id: &EntityId, usage: UsageView) {
        self.with(|all| all.entry(id.clone()).or_default().usage = Some(usage));
    }

    /// Its process was asked how it is, and answered; it may have said nothing of its work.
    pub(crate) fn said(&self, id: &EntityId, word: Option<OwnWord>, now: Time) {
        self.with(|all| match word {
            Some(word) => all.entry(id.clone()).or_default().said = Some((now, word)),
            None => {
                if let Some(known) = all.get_mut(id) {
                    known.said = None;
                }
            }
        });
    }

    /// It has no process here any more, or is no longer here at all.
    pub(crate) fn ended(&self, id: &EntityId) {
        self.with(|all| all.remove(id));
    }

    /// What is known of it, and still true.
    pub(crate) fn of(&self, id: &EntityId, now: Time) -> Figure {
        let Some(known) = self.with(|all| all.get(id).cloned()) else { return Figure::default() };
        let word = known.said.filter(|(at, _)| now.since(*at) <= FRESH).map(|(_, word)| word).unwrap_or_default();
        let usage = known.usage.filter(|usage| now.since(usage.at) <= FRESH);
        let measured = usage.map(|usage| SentMetrics {
            cpu_percent: Some((f64::from(usage.cpu_percent) * 10.0).round() / 10.0),
            memory_mb: Some((usage.memory_bytes as f64 / BYTES_IN_MIB).round()),
            ..word.metrics
        });
        Figure { pid: known.pid, metrics: measured.unwrap_or(word.metrics), task: word.task, progress: word.progress }
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<EntityId, Known>) -> T) -> T {
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_and_said_is_sent_while_it_is_fresh() {
        let id = EntityId::on_bus("team", "a").unwrap();
        let figures = Figures::default();
        assert_eq!(figures.of(&id, Time::ZERO), Figure::default());
        figures.started(&id, 7);
        let at = Time::from_millis(1000);
        let usage =
            UsageView { cpu_percent: 12.34, memory_bytes: 3 << 20, threads: 1, open_files: None, processes: 1, at };
        figures.measured(&id, usage);
        let metrics = SentMetrics { queue_depth: Some(4.0), memory_mb: Some(9000.0), ..SentMetrics::default() };
        figures.said(&id, Some(OwnWord { metrics, task: Some("report".into()), progress: Some(0.5) }), at);
        let figure = figures.of(&id, at + FRESH);
        assert_eq!((figure.pid, figure.task.as_deref(), figure.progress), (Some(7), Some("report"), Some(0.5)));
        let metrics = figure.metrics;
        assert_eq!((metrics.cpu_percent, metrics.memory_mb, metrics.queue_depth), (Some(12.3), Some(3.0), Some(4.0)));
        let late = at + FRESH + Duration::from_secs(1);
        assert_eq!(figures.of(&id, late), Figure { pid: Some(7), ..Figure::default() });
        figures.said(&id, None, at);
        assert_eq!(figures.of(&id, at).task, None);
        figures.ended(&id);
        assert_eq!(figures.of(&id, at), Figure::default());
    }
}
