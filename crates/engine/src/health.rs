//! The process witness of agents that others run: what their health endpoints say (protocols.md 7.1).

use std::time::Duration;

use beatkeeper_core::fleet::{FleetEvent, ProcessReading};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::supervise::Probed;
use beatkeeper_core::view::ProcessState;
use tokio::sync::mpsc;
use url::Url;

use crate::processes::Asker;

const WITHIN: Duration = Duration::from_secs(3);

/// A running probe; dropping it ends it.
pub(crate) struct Probe {
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Probes `url` now and then every `every`.
#[must_use]
pub(crate) fn start(asker: Asker, id: EntityId, url: Url, every: Duration, output: mpsc::Sender<FleetEvent>) -> Probe {
    let task = tokio::spawn(async move {
        let mut tick = tokio::time::interval(every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let reading = reading(asker.ask(&id, url.clone(), WITHIN).await);
            if output.send(FleetEvent::Process(id.clone(), reading)).await.is_err() {
                break;
            }
        }
    });
    Probe { task }
}

fn reading(probed: Probed) -> ProcessReading {
    let refused = matches!(probed, Probed::Refused(_));
    let (state, detail, clock_ahead_ms) = match probed {
        Probed::Well(ahead) => (ProcessState::Running, String::new(), ahead),
        Probed::Refused(why) | Probed::Silent(why) => (ProcessState::NotRunning, why, None),
        Probed::Unwell(why) => (ProcessState::Unhealthy, why, None),
        Probed::WrongAgent(other) => (ProcessState::WrongAgent, other, None),
    };
    ProcessReading { state, detail, clock_ahead_ms, refused }
}
