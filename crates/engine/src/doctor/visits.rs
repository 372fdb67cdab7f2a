//! Visits under way, the last one of each agent, and some that ended before it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::sheet::{DoctorRun, Orders, Sheet};
use super::{Patient, Tools, examine};
use crate::refusal::Refusal;

/// So many are remembered; the oldest that is over goes first.
const MOST: usize = 64;
/// So many that ended are kept for whoever still looks at them, although another one took their place.
const REPLACED: usize = 16;

struct Visit {
    run: watch::Receiver<DoctorRun>,
    task: AbortHandle,
}

impl Visit {
    /// As it stands; nothing of one that broke off, for which one would wait in vain.
    fn seen(&self) -> Option<DoctorRun> {
        let run = self.run.borrow().clone();
        (run.done || !self.task.is_finished()).then_some(run)
    }
}

#[derive(Default)]
struct Visits {
    last: HashMap<EntityId, Visit>,
    replaced: VecDeque<DoctorRun>,
}

impl Visits {
    /// Ends it. What it found is kept if it found all of it.
    fn set_aside(&mut self, visit: &Visit) {
        visit.task.abort();
        let run = visit.run.borrow().clone();
        if run.done {
            self.replaced.push_back(run);
        }
        if self.replaced.len() > REPLACED {
            self.replaced.pop_front();
        }
    }
}

/// The doctors of an engine.
#[derive(Default)]
pub(crate) struct Doctors {
    visits: Mutex<Visits>,
}

impl Doctors {
    /// Begins a visit, and ends the one before it.
    pub(crate) fn start(&self, patient: Patient, tools: Tools, orders: Orders) -> DoctorRun {
        let id = patient.entry.entity.clone();
        let sheet = Sheet::new(
            id.clone(),
            patient.entry.name.clone(),
            patient.entry.registry.clone(),
            orders.symptom,
            tools.clock.now(),
        );
        let run = sheet.watch();
        let task = tokio::spawn(examine::examine(patient, tools, orders, sheet)).abort_handle();
        let first = run.borrow().clone();
        let mut visits = self.visits();
        if let Some(before) = visits.last.insert(id, Visit { run, task }) {
            visits.set_aside(&before);
        }
        if visits.last.len() > MOST {
            let oldest = visits
                .last
                .iter()
                .filter(|(_, visit)| visit.task.is_finished())
                .min_by_key(|(_, visit)| visit.run.borrow().started_at)
                .map(|(id, _)| id.clone());
            oldest.and_then(|id| visits.last.remove(&id));
        }
        first
    }

    /// The last visit of an agent, as it stands.
    pub(crate) fn look(&self, id: &EntityId) -> Option<DoctorRun> {
        self.visits().last.get(id)?.seen()
    }

    /// The visit of an agent that began then, whichever was the last one.
    ///
    /// # Errors
    /// When it is not kept any more.
    pub(crate) fn find(&self, id: &EntityId, began: Time) -> Result<DoctorRun, Refusal> {
        let visits = self.visits();
        let last = visits.last.get(id).and_then(Visit::seen).filter(|run| run.started_at == began);
        let replaced = || visits.replaced.iter().find(|run| run.agent == *id && run.started_at == began).cloned();
        last.or_else(replaced).ok_or_else(|| {
            let sentence = "This visit of the doctor is not kept any more: too many came after it, or it broke off";
            Refusal::new("doctor.forgotten", sentence, "Run it again, and take that one.")
        })
    }

    /// Ends a visit; what was written down goes with it, unless that is all.
    pub(crate) fn stop(&self, id: &EntityId) {
        let mut visits = self.visits();
        if let Some(visit) = visits.last.remove(id) {
            visits.set_aside(&visit);
        }
    }

    fn visits(&self) -> MutexGuard<'_, Visits> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
