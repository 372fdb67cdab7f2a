//! Asking a process how it is.

mod command;
mod http;
mod log;
mod tcp;

use std::path::PathBuf;
use std::sync::Arc;

use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::supervise::{Probed, RunEvent};
use beatkeeper_runner::log::{Cursor, LogPlace};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

use super::plan::{Plan, ProbeWay, Probing};

pub(crate) use http::{Asker, clock_of};

/// Probes one process, until it is dropped.
pub(super) struct Prober {
    _task: AbortOnDropHandle<()>,
}

/// Whom is asked, and whom it is told.
pub(super) struct Asked {
    pub(super) id: EntityId,
    pub(super) plan: Arc<Plan>,
    pub(super) asker: Option<Asker>,
    pub(super) events: mpsc::Sender<FleetEvent>,
    pub(super) log: LogPlace,
    /// Where its log was when it was started.
    pub(super) from: Option<Cursor>,
}

impl Prober {
    /// Asks whether it is ready until it is, then whether it is well. Nothing when neither is to be asked.
    pub(super) fn start(asked: Asked) -> Option<Self> {
        let ready = asked.plan.ready.clone();
        let live = asked.plan.live.clone();
        if ready.is_none() && live.is_none() {
            return None;
        }
        let task = tokio::spawn(async move {
            if let Some(ready) = ready
                && !repeat(&asked, &ready, true).await
            {
                return;
            }
            if let Some(live) = live {
                repeat(&asked, &live, false).await;
            }
        });
        Some(Self { _task: AbortOnDropHandle::new(task) })
    }
}

/// Answers false when nobody listens any more.
async fn repeat(asked: &Asked, probing: &Probing, until_well: bool) -> bool {
    let mut tick = tokio::time::interval(probing.every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut from = asked.from;
    loop {
        tick.tick().await;
        let probed = once(asked, probing, &mut from).await;
        let well = matches!(probed, Probed::Well(_));
        if asked.events.send(FleetEvent::Run(asked.id.clone(), RunEvent::Probed(probed))).await.is_err() {
            return false;
        }
        if well && until_well {
            return true;
        }
    }
}

async fn once(asked: &Asked, probing: &Probing, from: &mut Option<Cursor>) -> Probed {
    let folder: &PathBuf = &asked.plan.folder;
    match (&probing.way, &asked.asker) {
        (ProbeWay::Http(url), Some(asker)) => asker.ask(&asked.id, url.clone(), probing.within).await,
        (ProbeWay::Http(_), None) => Probed::Unwell("it cannot be asked: there is no HTTP client".to_owned()),
        (ProbeWay::Tcp(address), _) => tcp::ask(address, probing.within).await,
        (ProbeWay::Command(argv), _) => command::ask(argv, folder, probing.within).await,
        (ProbeWay::Log(pattern), _) => log::ask(&asked.log, pattern, from).await,
    }
}
