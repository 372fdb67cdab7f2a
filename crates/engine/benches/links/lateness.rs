//! How late beats are: from the moment of the schedule until the beat was handed to the operating system. The bare loop
//! notes it itself; the engine's links say it in their log, which costs the same.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::child::Answer;

/// Where the engine's links log.
const LINKS: &str = "beatkeeper_engine::links::task";
/// The field that says it.
const FIELD: &str = "late_ms";

/// Milliseconds, one for each beat.
#[derive(Default)]
pub(crate) struct Lateness(Mutex<Vec<f64>>);

impl Lateness {
    /// A beat that was sent so long after it was due.
    pub(crate) fn note(&self, late: Duration) {
        self.note_ms(late.as_secs_f64() * 1e3);
    }

    /// Forgets what was noted.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Adds the percentiles of what was noted since.
    pub(crate) fn answer(&self, answer: Answer) -> Answer {
        let mut all = std::mem::take(&mut *self.lock());
        all.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| all.get((all.len() as f64 * share) as usize).or(all.last()).copied().unwrap_or(f64::NAN);
        answer.with("late_p50", at(0.5)).with("late_p99", at(0.99)).with("late_most", at(1.0)).with("beats", all.len())
    }

    fn note_ms(&self, late: f64) {
        self.lock().push(late);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<f64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears the links' beats, and nothing else.
pub(crate) struct Listener(pub(crate) Arc<Lateness>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == LINKS && metadata.fields().field(FIELD).is_some()
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Ear(&self.0));
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

struct Ear<'a>(&'a Lateness);

impl Visit for Ear<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == FIELD {
            self.0.note_ms(value as f64);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}
