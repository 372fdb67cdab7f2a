//! What is written down during a visit.

use std::time::Duration;

use beatkeeper_core::doctor::{Check, Diagnosis, Hold, Layer, Outcome, Reading, Symptom};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::{Time, millis};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use ts_rs::TS;

use crate::blackbox::Clean;
use crate::refusal::Refusal;

/// What a person asks the doctor for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// What is seen.
    pub symptom: Option<Symptom>,
    /// Hold sockets open for so long, to find out what cuts them.
    pub hold: Option<Duration>,
    /// Be silent for a while, to hear whether somebody else beats.
    pub listen: bool,
}

impl Orders {
    /// As they are given.
    ///
    /// # Errors
    /// When sockets cannot be held for so many seconds.
    pub fn new(symptom: Option<Symptom>, hold: Option<u32>, listen: bool) -> Result<Self, Refusal> {
        let (least, most) = (Hold::SECONDS.start(), Hold::SECONDS.end());
        if let Some(seconds) = hold.filter(|seconds| !Hold::SECONDS.contains(seconds)) {
            let sentence = format!("Sockets are not held open for {seconds} s");
            return Err(
                Refusal::new("doctor.bad_hold", sentence, format!("Give {least} to {most} seconds.")).at("hold")
            );
        }
        Ok(Self { symptom, hold: hold.map(|seconds| Duration::from_secs(seconds.into())), listen })
    }
}

/// One check, as a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CheckRow {
    /// What is checked.
    pub check: Check,
    /// Where it belongs.
    pub layer: Layer,
    /// For people.
    pub title: String,
    /// How it came out.
    pub result: Outcome,
    /// What that is known from.
    pub evidence: Clean,
    /// How long it took.
    #[ts(type = "number | null")]
    pub took_ms: Option<u64>,
    /// What to paste into a shell to see it for oneself.
    pub command: Option<Clean>,
}

/// One visit of the doctor, under way or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DoctorRun {
    /// Whose.
    pub agent: EntityId,
    /// Its name.
    pub name: String,
    /// Its registry's name.
    pub registry: String,
    /// What a person sees.
    pub symptom: Option<Symptom>,
    /// When it began.
    pub started_at: Time,
    /// How long it took.
    #[ts(type = "number | null")]
    pub took_ms: Option<u64>,
    /// Whether it is over.
    pub done: bool,
    /// All checks, in order.
    pub checks: Vec<CheckRow>,
    /// What it is.
    pub diagnosis: Option<Diagnosis>,
    /// The report for people, when it is over.
    pub markdown: Option<String>,
    /// The report for programs, when it is over.
    #[ts(type = "unknown")]
    pub json: serde_json::Value,
}

/// The sheet of a visit: whoever looks sees it as it stands.
#[derive(Clone)]
pub(super) struct Sheet {
    run: std::sync::Arc<watch::Sender<DoctorRun>>,
    readings: std::sync::Arc<std::sync::Mutex<Vec<(Check, Reading)>>>,
}

impl Sheet {
    pub(super) fn new(agent: EntityId, name: String, registry: String, symptom: Option<Symptom>, now: Time) -> Self {
        let checks = Check::ALL
            .into_iter()
            .map(|check| CheckRow {
                check,
                layer: check.layer(),
                title: check.title().to_owned(),
                result: Outcome::Waiting,
                evidence: Clean::default(),
                took_ms: None,
                command: None,
            })
            .collect();
        let run = DoctorRun {
            agent,
            name,
            registry,
            symptom,
            started_at: now,
            took_ms: None,
            done: false,
            checks,
            diagnosis: None,
            markdown: None,
            json: serde_json::Value::Null,
        };
        Self { run: std::sync::Arc::new(watch::Sender::new(run)), readings: std::sync::Arc::default() }
    }

    pub(super) fn watch(&self) -> watch::Receiver<DoctorRun> {
        self.run.subscribe()
    }

    /// A check begins.
    pub(super) fn begin(&self, check: Check) {
        self.row(check, |row| row.result = Outcome::Running);
    }

    /// A check ended.
    pub(super) fn put(&self, check: Check, reading: Reading, took: Option<Duration>, command: Option<String>) {
        self.row(check, |row| {
            row.result = reading.outcome;
            row.evidence = Clean::new(&reading.evidence);
            row.took_ms = took.map(millis);
            row.command = command.map(|command| Clean::new(&command));
        });
        let mut readings = self.readings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        readings.retain(|(known, _)| *known != check);
        readings.push((check, reading));
        readings.sort_by_key(|(check, _)| *check);
    }

    /// What was told so far, in order.
    pub(super) fn readings(&self) -> Vec<(Check, Reading)> {
        self.readings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// The visit is over.
    pub(super) fn close(&self, diagnosis: Diagnosis, took: Duration) {
        let diagnosis = clean(diagnosis);
        self.run.send_modify(|run| {
            run.took_ms = Some(millis(took));
            run.diagnosis = Some(diagnosis);
            // Who looks must not find half of it.
            super::report::write(run);
            run.done = true;
        });
    }

    fn row(&self, check: Check, change: impl FnOnce(&mut CheckRow)) {
        self.run.send_modify(|run| {
            if let Some(row) = run.checks.iter_mut().find(|row| row.check == check) {
                change(row);
            }
        });
    }
}

/// Nothing of it may carry a secret that a server or a file had in its words.
fn clean(diagnosis: Diagnosis) -> Diagnosis {
    let text = |text: String| Clean::new(&text).as_str().to_owned();
    Diagnosis {
        sentence: text(diagnosis.sentence),
        remedy: text(diagnosis.remedy),
        proof: diagnosis.proof.into_iter().map(text).collect(),
        ruled_out: diagnosis.ruled_out.into_iter().map(text).collect(),
        ..diagnosis
    }
}
