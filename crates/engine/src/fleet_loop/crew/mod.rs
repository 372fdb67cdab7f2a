//! Everyone who works for the fleet: a link for each agent that we beat for, a watcher for each registry, a hub
//! for each bus, a probe for each process with a health address. They follow the configuration.

mod buses;
mod follow;
mod links;
mod team;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use beatkeeper_core::dialect::Dialect;
use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::EntityId;
use beatkeeper_runner::ShimProgram;
use beatkeeper_store::Reader;
use beatkeeper_vault::Vault;
use rustls::ClientConfig;
use tokio::sync::{Semaphore, mpsc};

use crate::bus::{BusCommand, Hub, Team};
use crate::clock::Clock;
use crate::demo::DemoRegistry;
use crate::figures::Figures;
use crate::health::Probe;
use crate::leases::Leases;
use crate::links::{LinkCommand, LinkHandle, LinkOutput, LinkShared};
use crate::paths::Paths;
use crate::processes::{self, Asker, Processes};
use crate::registry::{WatchCommand, Watcher};
use crate::settings::{AgentEntry, OnQuit, Settings};

/// So many dials are under way at once: a restarted registry is met by a queue, not by a flood.
const DIALS: usize = 256;
/// So many keys are asked for at once. The vault answers one after the other, and a locked one not for a while.
const KEYS: usize = 8;

/// What the crew works with.
pub(crate) struct Means {
    pub(crate) paths: Paths,
    pub(crate) clock: Arc<Clock>,
    pub(crate) vault: Vault,
    pub(crate) reader: Arc<Reader>,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) links: mpsc::Sender<LinkOutput>,
    pub(crate) events: mpsc::Sender<FleetEvent>,
    pub(crate) shim: ShimProgram,
}

pub(super) struct Crew {
    means: Means,
    dials: Arc<Semaphore>,
    keys: Arc<Semaphore>,
    /// What links share, by registry.
    shared: HashMap<String, Arc<LinkShared>>,
    /// For what agents are asked at their own addresses.
    asker: Option<Asker>,
    /// What registries were seen to take, by their URLs.
    dialects: HashMap<String, Dialect>,
    settings: Arc<Settings>,
    /// Places of agents in the settings.
    places: HashMap<EntityId, usize>,
    links: HashMap<EntityId, LinkHandle>,
    watchers: HashMap<String, Watcher>,
    hubs: HashMap<String, Hub>,
    /// What agents' processes were measured to cost and say of their work, for beats that tell it.
    figures: Arc<Figures>,
    /// Of this run: leases are held under it.
    instance: String,
    /// The bus that settles who beats, and the team there.
    team: Option<(String, Team)>,
    /// Whose leases the fleet wants.
    leasing: HashSet<EntityId>,
    /// What we may beat under.
    leases: Arc<Leases>,
    probes: HashMap<EntityId, Probe>,
    waiting: Vec<EntityId>,
    /// We do not beat for these, although they have a link.
    hushed: HashSet<EntityId>,
    demo: Option<DemoRegistry>,
    processes: Processes,
}

impl Crew {
    pub(super) fn new(means: Means) -> Self {
        let figures = Arc::<Figures>::default();
        let asker =
            probe_client(&means.tls).map(|http| Asker::new(http, Arc::clone(&figures), Arc::clone(&means.clock)));
        Self {
            processes: Processes::new(processes::Shared {
                clock: Arc::clone(&means.clock),
                vault: means.vault.clone(),
                asker: asker.clone(),
                events: means.events.clone(),
                shim: means.shim.clone(),
                data: means.paths.data.clone(),
                run_dir: means.paths.runs(),
            }),
            asker,
            dialects: HashMap::new(),
            means,
            dials: Arc::new(Semaphore::new(DIALS)),
            keys: Arc::new(Semaphore::new(KEYS)),
            shared: HashMap::new(),
            settings: Arc::default(),
            places: HashMap::new(),
            links: HashMap::new(),
            watchers: HashMap::new(),
            hubs: HashMap::new(),
            figures,
            instance: format!("{:016x}{:016x}", seed(), seed()),
            team: None,
            leasing: HashSet::new(),
            leases: Arc::default(),
            probes: HashMap::new(),
            waiting: Vec::new(),
            hushed: HashSet::new(),
            demo: None,
        }
    }

    pub(super) fn tell_watcher(&self, id: &EntityId, command: WatchCommand) {
        if let Some((hub, name)) = self.hub_of(id) {
            hub.tell(buses::for_hub(name, &command));
        } else if let Some(watcher) = self.entry(id).and_then(|agent| self.watchers.get(&agent.registry)) {
            watcher.tell(command);
        }
    }

    pub(super) const fn paths(&self) -> &Paths {
        &self.means.paths
    }

    pub(super) fn reader(&self) -> Arc<Reader> {
        Arc::clone(&self.means.reader)
    }

    /// The configuration that is in force.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    fn entry(&self, id: &EntityId) -> Option<&AgentEntry> {
        self.places.get(id).and_then(|place| self.settings.agents.get(*place))
    }

    pub(super) fn woke(&self) {
        for link in self.links.values() {
            link.tell(LinkCommand::Woke);
        }
        for watcher in self.watchers.values() {
            watcher.tell(WatchCommand::Woke);
        }
        for hub in self.hubs.values() {
            hub.tell(BusCommand::Woke);
        }
        self.take_back();
    }

    /// What registries were seen to take in earlier runs.
    pub(super) fn recall_dialects(&mut self, dialects: HashMap<String, Dialect>) {
        self.dialects = dialects;
    }

    /// What agents' own processes are asked.
    pub(super) const fn processes(&self) -> &Processes {
        &self.processes
    }

    /// Whether there is a command that an agent is started with.
    pub(super) fn has_command(&self, id: &EntityId) -> bool {
        self.entry(id).is_some_and(|agent| agent.run.is_some())
    }

    /// Ends everyone; the future says goodbye on every link.
    pub(super) fn dismiss(&mut self) -> impl Future<Output = ()> + use<> {
        self.watchers.clear();
        self.probes.clear();
        let processes = self.processes.dismiss(self.settings.processes.on_quit == OnQuit::Leave);
        // They listen until the last goodbye was said.
        let hubs = std::mem::take(&mut self.hubs);
        let team = self.team.take();
        let links: Vec<LinkHandle> = self.links.drain().map(|(_, link)| link).collect();
        async move {
            let goodbyes = futures_util::future::join_all(links.into_iter().map(LinkHandle::stop));
            let silent = async {
                goodbyes.await;
                // Others need not wait for our processes to end.
                if let Some((_, team)) = team {
                    team.end().await;
                }
            };
            tokio::join!(silent, processes);
            drop(hubs);
        }
    }
}

fn probe_client(tls: &Arc<ClientConfig>) -> Option<reqwest::Client> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(ClientConfig::clone(tls))
        // A process of this computer is not reached through a proxy.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .inspect_err(|error| tracing::error!("processes cannot be probed: {error}"))
        .ok()
}

fn seed() -> u64 {
    // Without randomness the jitter is merely less jittery.
    getrandom::u64().unwrap_or(0x5eed)
}
