//! Everyone who works for the fleet: a link for each agent that we beat for, a watcher for each registry, a probe for
//! each process with a health address. They follow the configuration.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::fleet::{FleetEvent, Past};
use beatkeeper_core::history::Turns;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::BeatsBy;
use beatkeeper_runner::ShimProgram;
use beatkeeper_store::Reader;
use beatkeeper_vault::Vault;
use rustls::ClientConfig;
use tokio::sync::{Semaphore, mpsc};

use super::entries::{agent_settings, interval, registry_settings};
use super::pasts::read_pasts;
use crate::clock::Clock;
use crate::demo::DemoRegistry;
use crate::health::{self, Probe};
use crate::links::{self, LinkCommand, LinkHandle, LinkOutput, LinkSetup, LinkShared, Signing};
use crate::paths::Paths;
use crate::processes::{self, Plan, Processes};
use crate::registry::{self, RegistryClient, WatchCommand, WatchSetup, Watcher};
use crate::settings::{AgentEntry, Names, OnQuit, RegistryEntry, RuleBook, Settings};

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
    http: Option<reqwest::Client>,
    settings: Arc<Settings>,
    /// Places of agents in the settings.
    places: HashMap<EntityId, usize>,
    links: HashMap<EntityId, LinkHandle>,
    watchers: HashMap<String, Watcher>,
    probes: HashMap<EntityId, Probe>,
    waiting: Vec<EntityId>,
    /// We do not beat for these, although they have a link.
    hushed: HashSet<EntityId>,
    demo: Option<DemoRegistry>,
    processes: Processes,
}

impl Crew {
    pub(super) fn new(means: Means) -> Self {
        let http = probe_client(&means.tls);
        Self {
            processes: Processes::new(processes::Shared {
                clock: Arc::clone(&means.clock),
                vault: means.vault.clone(),
                http: http.clone(),
                events: means.events.clone(),
                shim: means.shim.clone(),
                data: means.paths.data.clone(),
                run_dir: means.paths.runs(),
            }),
            http,
            means,
            dials: Arc::new(Semaphore::new(DIALS)),
            keys: Arc::new(Semaphore::new(KEYS)),
            shared: HashMap::new(),
            settings: Arc::default(),
            places: HashMap::new(),
            links: HashMap::new(),
            watchers: HashMap::new(),
            probes: HashMap::new(),
            waiting: Vec::new(),
            hushed: HashSet::new(),
            demo: None,
        }
    }

    pub(super) fn tell_link(&self, id: &EntityId, command: LinkCommand) {
        if let Some(link) = self.links.get(id) {
            link.tell(command);
        }
    }

    pub(super) fn tell_watcher(&self, id: &EntityId, command: WatchCommand) {
        if let Some(watcher) = self.entry(id).and_then(|agent| self.watchers.get(&agent.registry)) {
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
    }

    /// Takes over a new configuration; answers what the fleet must know of it.
    pub(super) async fn follow(&mut self, settings: Arc<Settings>, now: Time) -> Vec<FleetEvent> {
        let before = std::mem::replace(&mut self.settings, Arc::clone(&settings));
        let places_before = std::mem::replace(&mut self.places, places(&settings));
        let old_entry = |id: &EntityId| places_before.get(id).and_then(|place| before.agents.get(*place));
        let mut events = Vec::new();

        for agent in &before.agents {
            if !self.places.contains_key(&agent.entity) {
                self.let_go(agent).await;
                self.processes.let_go(&agent.entity);
                events.push(FleetEvent::AgentRemoved(agent.entity.clone()));
            }
        }
        for old in &before.registries {
            if settings.registries.iter().find(|new| new.name == old.name).is_none_or(|new| moved(old, new)) {
                self.watchers.remove(&old.name);
                self.shared.remove(&old.name);
                for agent in before.agents.iter().filter(|agent| agent.registry == old.name) {
                    self.let_go(agent).await;
                }
            }
        }
        self.play(&settings).await;
        for registry in &settings.registries {
            if before.registries.iter().find(|old| old.name == registry.name) != Some(registry) {
                events.push(FleetEvent::RegistrySet(registry_settings(registry)));
            }
            self.watch(registry);
        }
        let is_new = |agent: &&AgentEntry| old_entry(&agent.entity).is_none_or(|old| old.registry != agent.registry);
        let new = settings.agents.iter().filter(is_new).map(|agent| agent.entity.clone()).collect();
        let mut pasts = self.pasts(new, now).await;
        let rules = RuleBook::new(&settings);
        let names = Names::of(&settings);
        // An agent whose own entry is the same may still follow rules of others.
        let rules_before = RuleBook::new(&before);
        if before.alerts.quiet() != settings.alerts.quiet() {
            events.push(FleetEvent::Quiet(settings.alerts.quiet().unwrap_or_default()));
        }
        for agent in &settings.agents {
            let old = old_entry(&agent.entity);
            if old.is_some_and(|old| old.registry != agent.registry) {
                if let Some(old) = old {
                    self.let_go(old).await;
                }
                events.push(FleetEvent::AgentRemoved(agent.entity.clone()));
            }
            match old.filter(|old| old.registry == agent.registry) {
                Some(old) if old == agent && rules_before.of(old) == rules.of(agent) => {}
                Some(_) => events.push(FleetEvent::AgentChanged(agent_settings(agent, rules.of(agent), names))),
                None => {
                    let mut past = pasts.remove(&agent.entity).unwrap_or_default();
                    if old.is_some() {
                        // It was at another registry, and what was open there ended with that.
                        (past.incident, past.snoozed_until, past.turns) = (None, None, Turns::default());
                    }
                    let settings = agent_settings(agent, rules.of(agent), names);
                    events.push(FleetEvent::AgentAdded(settings, Box::new(past)));
                    // At another registry, its process is the same one.
                    self.processes.say_again(&agent.entity);
                }
            }
            self.employ(agent, old).await;
        }
        for old in &before.registries {
            if !settings.registries.iter().any(|new| new.name == old.name) {
                events.push(FleetEvent::RegistryRemoved(old.name.clone()));
            }
        }
        events
    }

    /// What agents' own processes are asked.
    pub(super) const fn processes(&self) -> &Processes {
        &self.processes
    }

    /// Whether there is a command that an agent is started with.
    pub(super) fn has_command(&self, id: &EntityId) -> bool {
        self.entry(id).is_some_and(|agent| agent.run.is_some())
    }

    /// Starts the links that were made since the last call. The fleet must know their agents first.
    pub(super) fn start_links(&mut self) {
        for id in std::mem::take(&mut self.waiting) {
            self.start_link(&id);
        }
    }

    fn start_link(&self, id: &EntityId) {
        if !self.hushed.contains(id) {
            self.tell_link(id, LinkCommand::Start);
        }
    }

    /// Does not beat for an agent any more, until it is told to.
    pub(super) fn hush(&mut self, id: EntityId) {
        self.tell_link(&id, LinkCommand::Stop);
        self.hushed.insert(id);
    }

    /// Beats for it again.
    pub(super) fn speak(&mut self, id: &EntityId) {
        if self.hushed.remove(id) && !self.waiting.contains(id) {
            self.tell_link(id, LinkCommand::Start);
        }
    }

    /// Has an agent's link say goodbye and dial anew. Nobody waits for it here: its last words need somebody who listens.
    pub(super) fn restart(&self, id: &EntityId) {
        self.tell_link(id, LinkCommand::Stop);
        self.start_link(id);
    }

    /// A demo registry that could not start, since its port was taken, is tried again.
    pub(super) async fn play_again(&mut self) {
        if self.demo.is_none() {
            self.play(&Arc::clone(&self.settings)).await;
        }
    }

    /// The demo registry runs while the configuration has one.
    async fn play(&mut self, settings: &Settings) {
        let wanted = settings.registries.iter().find_map(|registry| Some((registry, registry.demo_address()?)));
        if self.demo.as_ref().map(DemoRegistry::address) == wanted.map(|(_, address)| address) {
            return;
        }
        self.demo = None;
        if let Some((registry, address)) = wanted {
            let agents = settings.agents.iter().filter(|agent| agent.registry == registry.name);
            let agents = agents.map(|agent| (agent.entity.clone(), agent.name.clone())).collect();
            self.demo = DemoRegistry::start(address, agents, self.means.vault.clone()).await;
        }
    }

    /// A link whose task ended by itself had a defect; it costs that link a restart, and nobody else anything.
    pub(super) fn replace_the_fallen(&mut self) {
        let fallen: Vec<EntityId> =
            self.links.iter().filter(|(_, link)| link.has_ended()).map(|(id, _)| id.clone()).collect();
        for id in fallen {
            tracing::error!(%id, "a link ended unexpectedly and is started anew");
            self.links.remove(&id);
            if let Some(agent) = self.entry(&id).cloned() {
                self.link(&agent);
            }
        }
        self.start_links();
    }

    /// Ends everyone; the future says goodbye on every link.
    pub(super) fn dismiss(&mut self) -> impl Future<Output = ()> + use<> {
        self.watchers.clear();
        self.probes.clear();
        let processes = self.processes.dismiss(self.settings.processes.on_quit == OnQuit::Leave);
        let links: Vec<LinkHandle> = self.links.drain().map(|(_, link)| link).collect();
        async move {
            let goodbyes = futures_util::future::join_all(links.into_iter().map(LinkHandle::stop));
            tokio::join!(goodbyes, processes);
        }
    }

    async fn let_go(&mut self, agent: &AgentEntry) {
        self.probes.remove(&agent.entity);
        self.hushed.remove(&agent.entity);
        if let Some(watcher) = self.watchers.get(&agent.registry) {
            watcher.tell(WatchCommand::Remove(agent.entity.clone()));
        }
        if let Some(link) = self.links.remove(&agent.entity) {
            link.stop().await;
        }
    }

    fn watch(&mut self, registry: &RegistryEntry) {
        if self.watchers.contains_key(&registry.name) {
            return;
        }
        let client = match RegistryClient::new(registry.url.clone(), &self.means.tls, Arc::clone(&self.means.clock)) {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(registry = registry.name, "cannot be watched: {error}");
                return;
            }
        };
        let thresholds = registry.thresholds.to_thresholds();
        let watcher = registry::start(WatchSetup {
            name: registry.name.clone(),
            base: registry.url.clone(),
            allow_plain: registry.allow_plain,
            poll_every: (thresholds.stale / 4).clamp(Duration::from_secs(1), Duration::from_secs(30)),
            clock: Arc::clone(&self.means.clock),
            client,
            tls: Arc::clone(&self.means.tls),
            seed: seed(),
            output: self.means.events.clone(),
        });
        self.watchers.insert(registry.name.clone(), watcher);
    }

    /// Gives an agent what its entry asks for.
    async fn employ(&mut self, agent: &AgentEntry, old: Option<&AgentEntry>) {
        if let Some(watcher) = self.watchers.get(&agent.registry) {
            watcher.tell(WatchCommand::Add(agent.entity.clone()));
        }
        let same_registry = old.is_some_and(|old| old.registry == agent.registry);
        let wants_link = agent.beats != BeatsBy::Agent && !agent.paused;
        if !(wants_link && same_registry)
            && let Some(link) = self.links.remove(&agent.entity)
        {
            link.stop().await;
        }
        if wants_link && !self.links.contains_key(&agent.entity) {
            self.link(agent);
        } else if old.is_some_and(|old| old.interval != agent.interval) {
            self.tell_link(&agent.entity, LinkCommand::Pace(interval(agent)));
        }
        let plan = Plan::of(agent, self.settings.registry(&agent.registry));
        let is_ours = plan.is_some() && agent.run.is_some();
        match plan {
            Some(plan) => self.processes.keep(&agent.entity, plan),
            None => self.processes.let_go(&agent.entity),
        }
        let same_probe = old.is_some_and(|old| {
            old.health == agent.health && old.interval == agent.interval && old.run.is_some() == agent.run.is_some()
        });
        if !same_probe || !self.probes.contains_key(&agent.entity) {
            self.probes.remove(&agent.entity);
            if let (Some(url), Some(http), false) = (&agent.health, &self.http, is_ours) {
                let every = Duration::from_secs(u64::from(agent.interval.clamp(1, 10)));
                let probe =
                    health::start(http.clone(), agent.entity.clone(), url.clone(), every, self.means.events.clone());
                self.probes.insert(agent.entity.clone(), probe);
            }
        }
    }

    fn link(&mut self, agent: &AgentEntry) {
        let settings = Arc::clone(&self.settings);
        let Some(registry) = settings.registry(&agent.registry) else { return };
        let link = links::start(LinkSetup {
            id: agent.entity.clone(),
            timing: registry.timing(interval(agent)),
            seed: seed(),
            shared: self.shared(registry),
        });
        self.links.insert(agent.entity.clone(), link);
        self.waiting.push(agent.entity.clone());
    }

    fn shared(&mut self, registry: &RegistryEntry) -> Arc<LinkShared> {
        let (means, dials, keys) = (&self.means, &self.dials, &self.keys);
        let shared = self.shared.entry(registry.name.clone()).or_insert_with(|| {
            Arc::new(LinkShared {
                base: registry.url.clone(),
                allow_plain: registry.allow_plain,
                signing: Signing::Vault(means.vault.clone()),
                clock: Arc::clone(&means.clock),
                tls: Arc::clone(&means.tls),
                dials: Arc::clone(dials),
                keys: Arc::clone(keys),
                output: means.links.clone(),
            })
        });
        Arc::clone(shared)
    }

    /// What agents that are new here bring along from earlier runs.
    async fn pasts(&self, new: Vec<EntityId>, now: Time) -> HashMap<EntityId, Past> {
        if new.is_empty() {
            return HashMap::new();
        }
        let reader = Arc::clone(&self.means.reader);
        let read = tokio::task::spawn_blocking(move || read_pasts(&reader, &new, now)).await;
        match read {
            Ok(Ok(pasts)) => pasts,
            Ok(Err(error)) => {
                tracing::error!("the history cannot be read, so it starts anew in memory: {error}");
                HashMap::new()
            }
            Err(_) => HashMap::new(),
        }
    }
}

fn places(settings: &Settings) -> HashMap<EntityId, usize> {
    settings.agents.iter().enumerate().map(|(place, agent)| (agent.entity.clone(), place)).collect()
}

/// Whether its links must be dialled anew.
fn moved(old: &RegistryEntry, new: &RegistryEntry) -> bool {
    old.url != new.url || old.allow_plain != new.allow_plain || old.ping != new.ping
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
