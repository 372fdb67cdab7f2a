//! Agents' own processes: one keeper for each that is started here. What is to be done is decided in core; here it is
//! done, and told what came of it.

mod drift;
mod keeper;
mod launch;
mod logs;
mod oneshot;
mod plan;
mod probe;

use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::supervise::RunAction;
use beatkeeper_runner::ShimProgram;
use beatkeeper_runner::log::{LogLimits, LogPlace};
use beatkeeper_vault::Vault;
use tokio::sync::{mpsc, oneshot as reply};

use crate::clock::Clock;
use crate::signing_desk::{self, SignerAudit};
use keeper::{Ask, Keeper};

pub(crate) use logs::{LogTask, Logs, mark_text};
pub(crate) use plan::Plan;
pub(crate) use probe::{Asker, clock_of};

/// How long all of them together are given to end when the program does.
const FAREWELL: Duration = Duration::from_secs(4);

/// What keepers share.
pub(crate) struct Shared {
    pub(crate) clock: Arc<Clock>,
    pub(crate) vault: Vault,
    pub(crate) asker: Option<Asker>,
    pub(crate) events: mpsc::Sender<FleetEvent>,
    pub(crate) shim: ShimProgram,
    pub(crate) data: PathBuf,
    pub(crate) run_dir: PathBuf,
}

/// All keepers.
pub(crate) struct Processes {
    shared: Arc<Shared>,
    keepers: HashMap<EntityId, Keeper>,
}

impl Processes {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared), keepers: HashMap::new() }
    }

    /// An agent's process is kept by this plan from its next start on.
    pub(crate) fn keep(&mut self, id: &EntityId, plan: Plan) {
        match self.keepers.get(id) {
            Some(keeper) => keeper.tell(Ask::Follow(Arc::new(plan))),
            None => {
                let keeper = Keeper::start(id.clone(), Arc::new(plan), Arc::clone(&self.shared));
                self.keepers.insert(id.clone(), keeper);
            }
        }
    }

    /// Nobody remembers what an agent's process does: it is told once more.
    pub(crate) fn say_again(&self, id: &EntityId) {
        if let Some(keeper) = self.keepers.get(id) {
            keeper.tell(Ask::SayAgain);
        }
    }

    /// An agent's process is not ours any more: what runs of it is ended.
    pub(crate) fn let_go(&mut self, id: &EntityId) {
        if let Some(keeper) = self.keepers.remove(id) {
            keeper.tell(Ask::End { leave: false, done: None });
        }
    }

    /// Does it.
    pub(crate) fn carry_out(&self, id: &EntityId, action: RunAction) {
        if let Some(keeper) = self.keepers.get(id) {
            keeper.tell(Ask::Do(action));
        }
    }

    /// What was signed for an agent that does not hold its key, and what was refused, newest first.
    pub(crate) fn signed(&self, id: &EntityId) -> SignerAudit {
        let entries = self.keepers.get(id).map(Keeper::signed).unwrap_or_default();
        SignerAudit { address: signing_desk::address(&self.shared.run_dir, id), entries }
    }

    /// Has a person's line put into an agent's log, or the log cleared: by whoever writes it.
    pub(crate) fn log(&self, id: &EntityId, task: LogTask, done: reply::Sender<std::io::Result<()>>) {
        match self.keepers.get(id) {
            Some(keeper) => keeper.tell(Ask::Log(task, done)),
            None => logs::without_a_run(log_place(&self.shared.data, id), task, done),
        }
    }

    /// Ends every process that was started here, or leaves them to go on alone. Bounded.
    pub(crate) fn dismiss(&mut self, leave: bool) -> impl Future<Output = ()> + use<> {
        let keepers: Vec<Keeper> = self.keepers.drain().map(|(_, keeper)| keeper).collect();
        async move {
            let farewells = keepers.iter().map(|keeper| {
                let (done, ended) = reply::channel();
                keeper.tell(Ask::End { leave, done: Some(done) });
                ended
            });
            let all = futures_util::future::join_all(farewells.collect::<Vec<_>>());
            if tokio::time::timeout(FAREWELL + Duration::from_secs(1), all).await.is_err() {
                tracing::error!("some agents did not end in time, and go on alone");
            }
        }
    }
}

/// Where an agent's log is.
pub(crate) fn log_place(data: &Path, id: &EntityId) -> LogPlace {
    // A colon is no part of a file's name everywhere.
    LogPlace { folder: data.join("logs").join(id.as_str().replace(':', "-")), limits: LogLimits::default() }
}
