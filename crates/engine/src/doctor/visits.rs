//! Visits under way, and the last one of each agent.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use beatkeeper_core::identity::EntityId;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::sheet::{DoctorRun, Orders, Sheet};
use super::{Patient, Tools, examine};

/// So many are remembered; the oldest that is over goes first.
const MOST: usize = 64;

struct Visit {
    run: watch::Receiver<DoctorRun>,
    task: AbortHandle,
}

/// The doctors of an engine.
#[derive(Default)]
pub(crate) struct Doctors {
    visits: Mutex<HashMap<EntityId, Visit>>,
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
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = visits.insert(id, Visit { run, task }) {
            before.task.abort();
        }
        if visits.len() > MOST {
            let oldest = visits
                .iter()
                .filter(|(_, visit)| visit.task.is_finished())
                .min_by_key(|(_, visit)| visit.run.borrow().started_at)
                .map(|(id, _)| id.clone());
            oldest.and_then(|id| visits.remove(&id));
        }
        first
    }

    /// The last visit of an agent, as it stands.
    pub(crate) fn look(&self, id: &EntityId) -> Option<DoctorRun> {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visit = visits.get(id)?;
        let run = visit.run.borrow().clone();
        // A visit that broke off would be waited for in vain.
        (run.done || !visit.task.is_finished()).then_some(run)
    }

    /// Ends a visit; what was written down goes with it.
    pub(crate) fn stop(&self, id: &EntityId) {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(visit) = visits.remove(id) {
            visit.task.abort();
        }
    }
}
