//! The registry in a box, inside the engine: agents that show what the states look like, without an account anywhere.

use std::net::SocketAddr;
use std::time::Duration;

use beatkeeper_core::identity::{EntityId, PublicKey};
use beatkeeper_devnet::{Config, Devnet, Fault, FaultKind};
use beatkeeper_vault::Vault;
use tokio::task::JoinHandle;

/// What the registry is called in the configuration.
pub(crate) const REGISTRY: &str = "demo";
/// Seconds between two beats of its agents: nobody wants to wait for a demonstration.
pub(crate) const INTERVAL: u32 = 5;
/// Its thresholds, in seconds, as they are written into the configuration.
pub(crate) const THRESHOLDS: [(&str, u32); 5] =
    [("late", 15), ("stale", 30), ("offline", 60), ("inactive_after", 30), ("sweep", 2)];
/// How long an agent that is to fall silent beats first.
const BEFORE_SILENCE: Duration = Duration::from_secs(20);
/// Between two tries to read a key that the vault did not give.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What one of its agents shows.
pub(crate) struct Role {
    /// What it is called; it finds its role again by this.
    pub(crate) name: &'static str,
    fault: Option<fn() -> FaultKind>,
    after: Duration,
}

/// Everyone who plays.
pub(crate) const ROLES: [Role; 4] = [
    Role { name: "demo-steady", fault: None, after: Duration::ZERO },
    Role { name: "demo-silent", fault: Some(|| FaultKind::Ignore), after: BEFORE_SILENCE },
    Role {
        name: "demo-dropping",
        fault: Some(|| FaultKind::DropAfter(Duration::from_secs(12))),
        after: Duration::ZERO,
    },
    Role { name: "demo-clock", fault: Some(|| FaultKind::Skew(90)), after: Duration::ZERO },
];

/// A registry that runs here. It stops when this is dropped.
pub(crate) struct DemoRegistry {
    address: SocketAddr,
    play: JoinHandle<()>,
}

impl DemoRegistry {
    /// Starts the registry, which then learns to know its agents by and by: their keys are the vault's to tell.
    pub(crate) async fn start(address: SocketAddr, agents: Vec<(EntityId, String)>, vault: Vault) -> Option<Self> {
        let seconds = |name| THRESHOLDS.iter().find(|(known, _)| *known == name).map_or(30, |(_, seconds)| *seconds);
        let config = Config {
            listen: address,
            inactive_after: Duration::from_secs(seconds("inactive_after").into()),
            sweep: Duration::from_secs(seconds("sweep").into()),
            name: "Beatkeeper's demo registry".to_owned(),
            ..Config::default()
        };
        match Devnet::start(config).await {
            Ok(devnet) => Some(Self { address, play: tokio::spawn(play(devnet, agents, vault)) }),
            Err(error) => {
                tracing::error!("the demo registry cannot start: {error}");
                None
            }
        }
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for DemoRegistry {
    fn drop(&mut self) {
        // The registry is the task's, and ends with it.
        self.play.abort();
    }
}

/// Keeps the registry, and orders each agent's fault when its time has come.
async fn play(devnet: Devnet, agents: Vec<(EntityId, String)>, vault: Vault) {
    let mut waiting = agents.clone();
    loop {
        waiting = register(&devnet, waiting, &vault).await;
        if waiting.is_empty() {
            break;
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
    let mut faults: Vec<_> = agents
        .into_iter()
        .filter_map(|(id, name)| {
            let role = ROLES.iter().find(|role| role.name == name)?;
            Some((role.after, Fault { kind: (role.fault?)(), entity: Some(id) }))
        })
        .collect();
    faults.sort_by_key(|(after, _)| *after);
    let began = tokio::time::Instant::now();
    for (after, fault) in faults {
        tokio::time::sleep_until(began + after).await;
        devnet.fault(fault).await;
    }
    std::future::pending::<()>().await;
}

/// Registers those whose keys the vault gives; answers the others.
async fn register(devnet: &Devnet, agents: Vec<(EntityId, String)>, vault: &Vault) -> Vec<(EntityId, String)> {
    let mut waiting = Vec::new();
    for (id, name) in agents {
        let key = {
            let (vault, id) = (vault.clone(), id.clone());
            tokio::task::spawn_blocking(move || vault.signer(&id).ok().map(|signer| signer.public_key())).await
        };
        match key {
            Ok(Some(key)) => insert(devnet, key, &id, &name),
            _ => waiting.push((id, name)),
        }
    }
    waiting
}

fn insert(devnet: &Devnet, key: PublicKey, id: &EntityId, name: &str) {
    let registered = devnet.insert_entity(key, name, id.kind());
    tracing::debug!(%registered, name, "the demo registry knows an agent");
}
