//! The registry, in the test's own process: what it knows can be changed behind its back.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_devnet::{Config, Devnet, Speech};

use crate::golden::{ID, SEED};
use crate::net::run;
use crate::registration::register;

/// What the agent is called, here and there.
pub const NAME: &str = "weather";

/// A registry whose agents live and die within seconds.
pub struct Registry {
    pub devnet: Devnet,
}

impl Registry {
    /// It knows nobody.
    pub fn start() -> Self {
        Self::at(Ipv4Addr::LOCALHOST)
    }

    /// The same on another address: in a network of the test's own it may be reached from more than loopback.
    pub fn at(address: Ipv4Addr) -> Self {
        Self::with(Config { listen: (address, 0).into(), ..Config::default() })
    }

    /// One that takes heartbeats as the guide describes them, and says why it refuses one.
    pub fn documented() -> Self {
        Self::with(Config { speaks: Speech::Documented, ..Config::default() })
    }

    /// The same, on one path for all of them.
    pub fn documented_on_one_path() -> Self {
        Self::with(Config { speaks: Speech::DocumentedShared, ..Config::default() })
    }

    /// The same, and a silence of minutes does not change its mind.
    pub fn patient_on_one_path() -> Self {
        let patience = Duration::from_secs(300);
        Self::that(Config { speaks: Speech::DocumentedShared, inactive_after: patience, ..Config::default() })
    }

    fn with(config: Config) -> Self {
        Self::that(Config { inactive_after: Duration::from_secs(4), ..config })
    }

    fn that(config: Config) -> Self {
        let config = Config {
            sweep: Duration::from_secs(1),
            registrations_per_minute: None,
            searches_per_minute: None,
            ..config
        };
        Self { devnet: run(Devnet::start(config)).expect("devnet starts") }
    }

    /// It knows the golden agent.
    pub fn with_agent() -> Self {
        let registry = Self::start();
        registry.register("http://127.0.0.1:1");
        registry
    }

    /// Registers the golden agent as published there.
    pub fn register(&self, entity_url: &str) {
        register(&self.address().to_string(), &SEED, NAME, entity_url);
    }

    pub fn address(&self) -> SocketAddr {
        self.devnet.addr()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    pub fn id(&self) -> EntityId {
        ID.parse().expect("the golden id")
    }

    pub fn fault(&self, fault: &str) {
        run(self.devnet.fault(fault.parse().expect("a fault")));
    }

    pub fn record_path(&self) -> String {
        format!("/v1/entities/{ID}")
    }

    pub fn socket_path(&self) -> String {
        format!("/v1/entities/{ID}/ws")
    }
}
