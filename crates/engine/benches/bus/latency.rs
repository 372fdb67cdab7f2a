//! How late each agent's last beat left, which its link says in its log.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::child::Answer;

/// Where the links of a bus log.
const LINKS: &str = "beatkeeper_engine::bus::link";

/// Milliseconds after it was due, by the agent's id.
#[derive(Default)]
pub(crate) struct Departures(Mutex<HashMap<String, u64>>);

impl Departures {
    pub(crate) fn late_ms(&self, id: &str) -> Option<u64> {
        self.lock().get(id).copied()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the percentiles of milliseconds.
pub(crate) fn percentiles(answer: Answer, what: &str, mut all: Vec<u64>) -> Answer {
    all.sort_unstable();
    let at = |share: f64| all.get((all.len() as f64 * share) as usize).or(all.last()).copied().unwrap_or_default();
    answer
        .with(&format!("{what}_p50"), at(0.5))
        .with(&format!("{what}_p99"), at(0.99))
        .with(&format!("{what}_most"), at(1.0))
}

/// Hears the links' beats, and nothing else.
pub(crate) struct Listener(pub(crate) Arc<Departures>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == LINKS && metadata.fields().field("late_ms").is_some()
    }

    fn event(&self, event: &Event<'_>) {
        let mut ear = Ear::default();
        event.record(&mut ear);
        if let Ear { id: Some(id), late_ms: Some(late_ms) } = ear {
            self.0.lock().insert(id, late_ms);
        }
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

#[derive(Default)]
struct Ear {
    id: Option<String>,
    late_ms: Option<u64>,
}

impl Visit for Ear {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "late_ms" {
            self.late_ms = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "id" {
            self.id = Some(format!("{value:?}"));
        }
    }
}
