//! What a devnet is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::Fault;

/// The settings of a devnet. The defaults are the live registry's (protocols.md 1.4, 1.5, 1.8), on a free loopback port.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Silence after which the sweep calls an entity inactive.
    pub inactive_after: Duration,
    /// Time between two sweeps; the first comes one interval after the start.
    pub sweep: Duration,
    /// How far a beat's timestamp may be from the registry's clock; this far is still accepted.
    pub max_clock_skew: Duration,
    /// A heartbeat socket without a data frame for [`inactive_after`](Self::inactive_after) and this is dropped.
    pub read_grace: Duration,
    /// Registrations of every kind together, a minute and client address; `None` for no limit.
    pub registrations_per_minute: Option<u32>,
    /// How long the window of both limits is.
    pub limit_window: Duration,
    /// Searches a minute and client address; `None` for no limit.
    pub searches_per_minute: Option<u32>,
    /// The registry's name.
    pub name: String,
    /// The host that names begin with; a registry without one has no names.
    pub host: String,
    /// Who may register as a developer.
    pub onboarding: Onboarding,
    /// Which heartbeats it takes, and where.
    pub speaks: Speech,
    /// Whether it says why it refuses a documented heartbeat; a live one is never answered.
    pub answers: bool,
    /// Faults in force from the start.
    pub faults: Vec<Fault>,
}

/// Who may register as a developer (protocols.md 2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Onboarding {
    /// Anybody.
    #[default]
    Open,
    /// Whom a person approved, at this address.
    Restricted {
        /// Where that is asked for.
        auth_url: String,
    },
}

/// Which heartbeats a registry takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speech {
    /// What the live registry takes (protocols.md 1.4).
    #[default]
    Live,
    /// What its guide describes, on each entity's own socket (protocols.md 9, 1 to 3).
    Documented,
    /// The same, on `/v1/heartbeat` alone (protocols.md 9, 4).
    DocumentedShared,
}

impl Speech {
    /// Whether `/v1/heartbeat` is there.
    pub(crate) const fn has_shared_path(self) -> bool {
        matches!(self, Self::DocumentedShared)
    }

    /// Whether records know stale and offline, and begin inactive (protocols.md 9, 6 and 7).
    pub(crate) const fn has_four_states(self) -> bool {
        !matches!(self, Self::Live)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            inactive_after: Duration::from_secs(300),
            sweep: Duration::from_secs(60),
            max_clock_skew: beatkeeper_core::wire::zynd::MAX_CLOCK_SKEW,
            read_grace: Duration::from_secs(60),
            registrations_per_minute: Some(10),
            limit_window: Duration::from_secs(60),
            searches_per_minute: Some(100),
            name: "beatkeeper-devnet".to_owned(),
            host: String::new(),
            onboarding: Onboarding::Open,
            speaks: Speech::Live,
            answers: true,
            faults: Vec::new(),
        }
    }
}

/// Why a devnet did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("the devnet cannot listen on {listen}: {source}. Choose another address, or port 0 for any free one")]
    Listen {
        /// The address that was asked for.
        listen: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The sweep cannot run at all times at once.
    #[error("the devnet's sweep interval must be longer than zero")]
    ZeroSweep,
}
