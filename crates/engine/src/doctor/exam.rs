//! One visit, and how what it finds becomes rows: each with the time that it took, and a command to paste.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Instant;

use beatkeeper_core::doctor::{Check, Outcome, Reading};

use super::paste::{self, About};
use super::patient::{Patient, Tools};
use super::sheet::{Orders, Sheet};

/// Whom it looks at, with what, and where that is written down.
pub(super) struct Exam {
    pub(super) patient: Patient,
    pub(super) tools: Tools,
    pub(super) orders: Orders,
    pub(super) sheet: Sheet,
    /// Once known, for commands to paste.
    pub(super) health: OnceLock<String>,
    pub(super) published: OnceLock<String>,
}

impl Exam {
    pub(super) const fn new(patient: Patient, tools: Tools, orders: Orders, sheet: Sheet) -> Self {
        Self { patient, tools, orders, sheet, health: OnceLock::new(), published: OnceLock::new() }
    }

    /// What needs no waiting.
    pub(super) fn now(&self, check: Check, look: impl FnOnce() -> Reading) {
        let began = self.begin(check);
        self.put(check, look(), began);
    }

    /// What takes a while.
    pub(super) async fn row(&self, check: Check, look: impl Future<Output = Reading>) -> Outcome {
        let began = self.begin(check);
        let reading = look.await;
        let outcome = reading.outcome;
        self.put(check, reading, began);
        outcome
    }

    /// A check begins, now.
    pub(super) fn begin(&self, check: Check) -> Instant {
        self.sheet.begin(check);
        Instant::now()
    }

    /// It ends, now.
    pub(super) fn put(&self, check: Check, reading: Reading, began: Instant) {
        self.sheet.put(check, reading, Some(began.elapsed()), self.command(check));
    }

    /// What does not apply.
    pub(super) fn skip(&self, checks: &[Check], why: &str) {
        for check in checks {
            self.sheet.put(*check, Reading::not_asked(why), None, None);
        }
    }

    /// What cannot be told since something before it is broken.
    pub(super) fn leave(&self, checks: &[Check], why: &str) {
        for check in checks {
            self.sheet.put(*check, Reading::unknown(why), None, self.command(*check));
        }
    }

    /// What a person would type to see the same.
    pub(super) fn command(&self, check: Check) -> Option<String> {
        let base = self.patient.registry.as_ref().map(|registry| registry.url.to_string()).unwrap_or_default();
        let (host, port, encrypted) = match (&self.patient.registry, &self.patient.bus) {
            (Some(registry), _) => {
                let port = registry.url.http("").port_or_known_default().unwrap_or(443);
                (registry.url.host().to_owned(), port, registry.url.is_encrypted())
            }
            (None, Some(bus)) => {
                // What needs a host is skipped where there is none.
                let (host, port) = bus.first_host().unwrap_or_default();
                (host, port, false)
            }
            (None, None) => return None,
        };
        let about = About {
            host: &host,
            port,
            base: &base,
            bus: self.patient.bus.as_ref().map(|bus| bus.name.as_str()),
            id: self.patient.entry.entity.as_str(),
            name: &self.patient.entry.name,
            encrypted,
            health: self.health.get().map(String::as_str),
            published: self.published.get().map(String::as_str),
        };
        paste::command(check, &about)
    }
}
