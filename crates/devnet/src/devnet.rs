//! The handle of a running devnet.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::identity::{DeveloperId, EntityId, EntityKind, PublicKey};
use jiff::Timestamp;
use tokio::time::timeout;

use crate::fault::{Fault, FaultTable};
use crate::registry::{EntityRecord, State};
use crate::server::{self, Announcement, Event, Registry};
use crate::{Config, StartError};

/// How long [`Devnet::wait_for`] waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// A registry that runs. It stops when it is dropped.
///
/// It gives what its [`State`] gives: records, beats, open sockets.
pub struct Devnet {
    registry: Arc<Registry>,
    addr: SocketAddr,
}

/// A registry that was shut down, with all it knew.
#[derive(Debug)]
pub struct Stopped {
    config: Config,
    state: State,
}

/// What was waited for did not come.
#[derive(Debug, thiserror::Error)]
#[error("the devnet did not come to the expected state within {0:?}")]
pub struct WaitError(Duration);

impl WaitError {
    pub(crate) const fn after(patience: Duration) -> Self {
        Self(patience)
    }
}

impl Devnet {
    /// Starts a registry that knows nobody.
    ///
    /// # Errors
    /// [`StartError`] when the address is taken or the settings make no sense.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, State::default()).await
    }

    /// Starts a registry that knows what `state` knows.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    #[allow(clippy::unused_async, reason = "only an async caller has the runtime that this needs")]
    pub async fn start_with(config: Config, state: State) -> Result<Self, StartError> {
        if config.sweep.is_zero() {
            return Err(StartError::ZeroSweep);
        }
        let failed = |source| StartError::Listen { listen: config.listen, source };
        let listener = server::bind(config.listen).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let registry = Arc::new(Registry::new(Config { listen: addr, ..config }, state));
        registry.tasks.spawn(server::serve(registry.clone(), listener, addr));
        registry.tasks.spawn(server::sweep(registry.clone()));
        Ok(Self { registry, addr })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base URL, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What it knows; the state outlives the run.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.registry.state
    }

    /// The registry's clock, faults included.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.registry.now()
    }

    /// Stops. Open sockets just die: the client sees 1006 (protocols.md 1.4).
    pub async fn shutdown(self) -> Stopped {
        self.registry.stop.cancel();
        self.registry.tasks.close();
        self.registry.tasks.wait().await;
        Stopped { config: self.registry.config.clone(), state: self.registry.state.clone() }
    }

    /// Stops and starts again at the same address. Faults are those of the configuration again.
    ///
    /// # Errors
    /// When something else took the port in between.
    pub async fn restart(self) -> Result<Self, StartError> {
        self.shutdown().await.start().await
    }

    /// Orders a fault; it is in force when this returns.
    pub async fn fault(&self, fault: Fault) {
        self.registry.faults.send_modify(|faults| faults.order(fault));
        self.settled().await;
    }

    /// Ends all faults.
    pub async fn clear_faults(&self) {
        self.registry.faults.send_modify(FaultTable::clear);
        self.settled().await;
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.registry.faults.borrow().list().cloned().collect()
    }

    /// Waits until the listener is as the faults want it.
    async fn settled(&self) {
        let listening = self.registry.faults.borrow().refusing().is_none();
        let mut seen = self.registry.listening.subscribe();
        // When the port is lost to another program there is nothing to wait for.
        let _ = timeout(PATIENCE, seen.wait_for(|now| *now == listening)).await;
    }

    /// Registers an entity without a signature, for tests that need many. It belongs to
    /// [`house_developer`](Self::house_developer). One that is known already is left as it is.
    pub fn insert_entity(&self, public_key: PublicKey, name: &str, kind: EntityKind) -> EntityId {
        let developer = Registry::house_developer();
        let mut record = EntityRecord::unsigned(public_key, name, kind, developer.as_str(), self.registry.now());
        record.status = self.registry.first_status();
        record.home_registry.clone_from(&self.registry.config.host);
        let id = record.entity_id.clone();
        if self.registry.state.insert(record.clone()).is_ok() {
            self.registry.announce(id.as_str(), name, Announcement::Register);
            self.registry.publish(&Event::Registered(&record));
        }
        id
    }

    /// Counts a beat of the entity, as if one had come over its socket: for tests that need more than there can be sockets.
    /// Answers whether the registry knows it.
    pub fn count_beat(&self, id: &EntityId) -> bool {
        let known = self.registry.state.beaten(id, self.registry.now());
        if known {
            self.registry.publish(&Event::Heartbeat(id));
        }
        known
    }

    /// To whom entities belong that were inserted without a registration.
    #[must_use]
    pub fn house_developer(&self) -> DeveloperId {
        Registry::house_developer()
    }

    /// Changes a record behind the registry's back, say to give it another key.
    pub fn edit_record(&self, id: &EntityId, change: impl FnOnce(&mut EntityRecord)) -> Option<EntityRecord> {
        self.registry.state.update(id, change)
    }

    /// Deletes a record behind the registry's back; open sockets stay open.
    pub fn remove_entity(&self, id: &EntityId) -> Option<EntityRecord> {
        self.registry.state.remove(id)
    }

    /// Waits until `wanted` holds, for at most ten seconds.
    ///
    /// # Errors
    /// [`WaitError`] when it never did.
    pub async fn wait_for(&self, wanted: impl FnMut(&State) -> bool) -> Result<(), WaitError> {
        self.wait_within(PATIENCE, wanted).await
    }

    /// Waits until `wanted` holds, for at most `patience`.
    ///
    /// # Errors
    /// [`WaitError`] when it never did.
    pub async fn wait_within(
        &self,
        patience: Duration,
        mut wanted: impl FnMut(&State) -> bool,
    ) -> Result<(), WaitError> {
        let state = self.state();
        let mut changes = state.changes();
        let waiting = async {
            while !wanted(state) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        timeout(patience, waiting).await.map_err(|_| WaitError(patience))
    }
}

impl Stopped {
    /// Starts again at the same address, with the same state.
    ///
    /// # Errors
    /// When something else took the port in between.
    pub async fn start(self) -> Result<Devnet, StartError> {
        Devnet::start_with(self.config, self.state).await
    }

    /// What it knew.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }
}

impl Deref for Devnet {
    type Target = State;

    fn deref(&self) -> &State {
        self.state()
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        self.registry.stop.cancel();
    }
}
