//! The registry's outside: connections, routes, sockets.

mod activity;
mod answer;
mod bus;
mod card;
mod control;
mod developers;
mod documented;
mod entities;
mod exchange;
mod front;
mod heartbeat;
mod info;
mod limit;
mod listen;
mod names;
mod register;
mod routes;
mod signed;
mod upgrade;

use std::sync::Arc;

use beatkeeper_core::identity::{DeveloperId, EntityId, PublicKey};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Config;
use crate::fault::FaultTable;
use crate::registry::{State, Status};
use bus::Bus;
pub(crate) use bus::{Announcement, Event};
use limit::Limit;
pub(crate) use listen::{bind, serve};

/// The key of the registry node and of the developer to whom entities without a registration belong. Nobody holds its
/// other half.
const NODE_KEY: PublicKey = PublicKey::from_bytes(*b"beatkeeper devnet, key of no one");

/// One run of the registry, shared by its connections.
pub(crate) struct Registry {
    pub(crate) config: Config,
    pub(crate) state: State,
    pub(crate) faults: watch::Sender<FaultTable>,
    /// Whether the listener is open.
    pub(crate) listening: watch::Sender<bool>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    bus: Bus,
    started: Instant,
    registrations: Limit,
    searches: Limit,
}

pub(crate) type Shared = Arc<Registry>;

impl Registry {
    pub(crate) fn new(config: Config, state: State) -> Self {
        Self {
            faults: watch::Sender::new(FaultTable::new(config.faults.iter().cloned())),
            listening: watch::Sender::new(true),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            bus: Bus::default(),
            started: Instant::now(),
            registrations: Limit::new(config.registrations_per_minute, config.limit_window),
            searches: Limit::new(config.searches_per_minute, config.limit_window),
            config,
            state,
        }
    }

    /// The registry's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock(None)
    }

    /// The clock by which this entity's beats are judged.
    pub(crate) fn clock(&self, entity: Option<&EntityId>) -> Timestamp {
        let skew = self.faults.borrow().skew(entity);
        let now = Timestamp::now();
        now.checked_add(SignedDuration::from_secs(skew)).unwrap_or(now)
    }

    /// What a record begins as.
    pub(crate) const fn first_status(&self) -> Status {
        if self.config.speaks.has_four_states() { Status::Inactive } else { Status::Active }
    }

    pub(crate) fn registry_id() -> String {
        format!("zns:registry:{}", NODE_KEY.fingerprint())
    }

    pub(crate) fn house_developer() -> DeveloperId {
        DeveloperId::from_key(&NODE_KEY)
    }

    /// Tells the activity streams, unless a fault has stalled them.
    pub(crate) fn publish(&self, event: &Event<'_>) {
        if self.bus.is_empty() || self.faults.borrow().stalls(event.entity()) {
            return;
        }
        self.bus.publish(event, self.now());
    }

    /// Gossip to no peers: it only shows in the activity stream (protocols.md 1.6).
    pub(crate) fn announce(&self, entity_id: &str, name: &str, action: Announcement) {
        self.publish(&Event::Gossip { entity_id, name, action });
    }
}

/// Marks silent entities inactive, at every interval (protocols.md 1.5).
pub(crate) async fn sweep(registry: Shared) {
    let interval = registry.config.sweep;
    let mut ticks = tokio::time::interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while registry.stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let faults = registry.faults.borrow().clone();
        let threshold = registry.config.inactive_after;
        let four_states = registry.config.speaks.has_four_states();
        let silent = registry.state.sweep(registry.now(), four_states, |id| threshold + faults.sweep_late(id));
        for id in &silent {
            registry.publish(&Event::BecameInactive(id));
            registry.announce(id.as_str(), "", Announcement::AgentStatus);
        }
        if !silent.is_empty() {
            tracing::debug!("liveness sweep: marked {} entities inactive", silent.len());
        }
    }
}

/// Reads a request body as the registry's decoder does: what follows the first JSON value is ignored.
fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    T::deserialize(&mut serde_json::Deserializer::from_slice(body))
        .map_err(|error| format!("invalid request body: {error}"))
}
