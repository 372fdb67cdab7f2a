//! A new configuration: who is new, who is let go, and who goes on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_core::fleet::{FleetEvent, Past};
use beatkeeper_core::history::Turns;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::BeatsBy;

use super::{Crew, buses, seed};
use crate::bus::BusCommand;
use crate::demo::DemoRegistry;
use crate::fleet_loop::entries::{agent_settings, interval, registry_settings};
use crate::fleet_loop::pasts::read_pasts;
use crate::health;
use crate::links::LinkCommand;
use crate::processes::Plan;
use crate::registry::{self, RegistryClient, WatchCommand, WatchSetup};
use crate::settings::{AgentEntry, Names, RegistryEntry, RuleBook, Settings};

impl Crew {
    /// Takes over a new configuration; answers what the fleet must know of it.
    pub(in crate::fleet_loop) async fn follow(&mut self, settings: Arc<Settings>, now: Time) -> Vec<FleetEvent> {
        let before = std::mem::replace(&mut self.settings, Arc::clone(&settings));
        let places_before = std::mem::replace(&mut self.places, places(&settings));
        let old_entry = |id: &EntityId| places_before.get(id).and_then(|place| before.agents.get(*place));
        let mut events = Vec::new();

        for agent in &before.agents {
            if !self.places.contains_key(&agent.entity) {
                self.let_go(agent).await;
                self.processes.let_go(&agent.entity);
                self.figures.ended(&agent.entity);
                self.forget(&agent.entity);
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
        for old in &before.buses {
            if settings.bus(&old.name).is_none_or(|new| buses::moved(old, new)) {
                self.hubs.remove(&old.name);
                self.close_team(&old.name).await;
                for agent in before.agents.iter().filter(|agent| agent.registry == old.name) {
                    self.let_go(agent).await;
                }
            }
        }
        self.play(&settings).await;
        events.extend(self.follow_buses(&before, &settings));
        self.without_a_team();
        for registry in &settings.registries {
            if before.registries.iter().find(|old| old.name == registry.name) != Some(registry) {
                events.push(FleetEvent::RegistrySet(registry_settings(
                    registry,
                    self.dialects.get(&registry.url.to_string()).copied(),
                )));
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
        let team = |agent: &AgentEntry| settings.team_of(agent).map(|bus| &bus.name);
        let team_before = |agent: &AgentEntry| before.team_of(agent).map(|bus| &bus.name);
        for agent in &settings.agents {
            let old = old_entry(&agent.entity);
            if old.is_some_and(|old| old.registry != agent.registry) {
                if let Some(old) = old {
                    self.let_go(old).await;
                }
                self.forget(&agent.entity);
                events.push(FleetEvent::AgentRemoved(agent.entity.clone()));
            }
            match old.filter(|old| old.registry == agent.registry) {
                Some(old)
                    if old == agent && rules_before.of(old) == rules.of(agent) && team_before(old) == team(agent) => {}
                Some(_) => {
                    let settings = agent_settings(agent, rules.of(agent), names, settings.team_of(agent));
                    events.push(FleetEvent::AgentChanged(settings));
                }
                None => {
                    let mut past = pasts.remove(&agent.entity).unwrap_or_default();
                    if old.is_some() {
                        // It was at another registry, and what was open there ended with that.
                        (past.incident, past.snoozed_until, past.turns) = (None, None, Turns::default());
                    }
                    let settings = agent_settings(agent, rules.of(agent), names, settings.team_of(agent));
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
        for old in before.buses.iter().filter(|old| settings.bus(&old.name).is_none()) {
            events.push(FleetEvent::RegistryRemoved(old.name.clone()));
        }
        events
    }

    async fn let_go(&mut self, agent: &AgentEntry) {
        self.probes.remove(&agent.entity);
        if let Some((hub, name)) = self.hub_of(&agent.entity) {
            hub.tell(BusCommand::Remove(name));
        }
        if let Some(watcher) = self.watchers.get(&agent.registry) {
            watcher.tell(WatchCommand::Remove(agent.entity.clone()));
        }
        if let Some(link) = self.links.remove(&agent.entity) {
            link.stop().await;
        }
        self.leave_team(&agent.entity);
    }

    /// Gives an agent what its entry asks for.
    async fn employ(&mut self, agent: &AgentEntry, old: Option<&AgentEntry>) {
        if let Some((hub, name)) = self.hub_of(&agent.entity) {
            hub.tell(BusCommand::Add(name));
        }
        self.join_team(agent);
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
            if let (Some(url), Some(asker), false) = (&agent.health, &self.asker, is_ours) {
                let every = Duration::from_secs(u64::from(agent.interval.clamp(1, 10)));
                let probe =
                    health::start(asker.clone(), agent.entity.clone(), url.clone(), every, self.means.events.clone());
                self.probes.insert(agent.entity.clone(), probe);
            }
        }
    }

    fn watch(&mut self, registry: &RegistryEntry) {
        // ArtCafe has no records: what it knows, it says on the links.
        if self.watchers.contains_key(&registry.name) || registry.dialect == DialectChoice::ArtCafe {
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

    /// A demo registry that could not start, since its port was taken, is tried again.
    pub(in crate::fleet_loop) async fn play_again(&mut self) {
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
    let of = |entry: &RegistryEntry| {
        let cafe = (entry.organization.clone(), entry.challenge.clone(), entry.timeout_multiplier.to_bits());
        (entry.url.clone(), entry.allow_plain, entry.ping, entry.dialect, cafe)
    };
    of(old) != of(new)
}
