//! The buses: a hub for each, and what it is told.

use std::sync::Arc;

use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::{EntityId, Realm};
use beatkeeper_core::link::LinkTiming;
use beatkeeper_core::supervise::RunEvent;
use tokio::sync::mpsc;

use super::{Crew, seed};
use crate::bus::{self, BeatSetup, BusCommand, Hub, HubSetup, Server};
use crate::fleet_loop::entries::{bus_settings, interval};
use crate::links::LinkCommand;
use crate::registry::WatchCommand;
use crate::settings::{AgentEntry, BusEntry, RuleBook, Settings};

/// Changes of hands that wait for the team; a computer that leaves lets go of a few hundred at once.
const NEWS_AT_ONCE: usize = 1024;

/// What a hub is told where a registry's watcher is told this.
pub(super) fn for_hub(name: String, command: &WatchCommand) -> BusCommand {
    match command {
        WatchCommand::Add(_) => BusCommand::Add(name),
        WatchCommand::Remove(_) => BusCommand::Remove(name),
        WatchCommand::Read(_) => BusCommand::Read(name),
        WatchCommand::Woke => BusCommand::Woke,
    }
}

impl Crew {
    /// The hub of an agent of a bus, configured or only seen there, and its name there.
    pub(super) fn hub_of(&self, id: &EntityId) -> Option<(&Hub, String)> {
        let (bus, name) = id.parts().filter(|_| id.realm() == Realm::Bus)?;
        Some((self.hubs.get(bus.as_ref())?, name.into_owned()))
    }

    /// A hub for each bus that is new or moved; the fleet is told of what changed.
    pub(super) fn follow_buses(&mut self, before: &Settings, settings: &Settings) -> Vec<FleetEvent> {
        let (rules_before, rules) = (RuleBook::new(before), RuleBook::new(settings));
        let mut events = Vec::new();
        for bus in &settings.buses {
            let alerts = rules.of_place(&bus.name);
            let same = before.bus(&bus.name) == Some(bus) && rules_before.of_place(&bus.name) == alerts;
            if !same {
                events.push(FleetEvent::RegistrySet(bus_settings(bus, alerts)));
            }
            if !self.hubs.contains_key(&bus.name) {
                self.open_hub(bus);
            }
        }
        events
    }

    fn open_hub(&mut self, bus: &BusEntry) {
        let team = bus.team.then(|| mpsc::channel(NEWS_AT_ONCE));
        let hub = bus::start(HubSetup {
            server: Server { entry: bus.clone(), vault: self.means.vault.clone() },
            clock: Arc::clone(&self.means.clock),
            seed: seed(),
            output: self.means.events.clone(),
            team: team.as_ref().map(|(news, _)| news.clone()),
        });
        if let Some((_, news)) = team {
            self.open_team(bus, &hub, news);
        }
        self.hubs.insert(bus.name.clone(), hub);
    }

    /// A person wants an agent's link dialled now, and its bus with it.
    pub(in crate::fleet_loop) fn retry(&self, id: &EntityId) {
        if let Some((hub, _)) = self.hub_of(id) {
            hub.tell(BusCommand::Retry);
        }
        self.tell_link(id, LinkCommand::Retry);
    }

    /// A link to a bus, for an agent that we beat for.
    pub(super) fn link_to_bus(&mut self, agent: &AgentEntry, bus: &BusEntry) {
        let Some(hub) = self.hubs.get(&bus.name) else { return };
        let setup = BeatSetup {
            id: agent.entity.clone(),
            timing: LinkTiming::with_interval(interval(agent)),
            seed: seed(),
            bus: bus.clone(),
            figures: Arc::clone(&self.figures),
            leases: Arc::clone(&self.leases),
            clock: Arc::clone(&self.means.clock),
            output: self.means.links.clone(),
        };
        self.links.insert(agent.entity.clone(), bus::start_link(setup, hub));
        self.waiting.push(agent.entity.clone());
    }

    /// A hub whose task ended by itself had a defect: it is opened anew, with the links that beat over it.
    pub(super) fn reopen_the_fallen_hubs(&mut self) {
        let settings = Arc::clone(&self.settings);
        for bus in settings
            .buses
            .iter()
            .filter(|bus| self.hubs.get(&bus.name).is_some_and(Hub::has_ended) || self.team_has_ended(&bus.name))
            .cloned()
            .collect::<Vec<_>>()
        {
            tracing::error!(bus = bus.name, "a bus's hub or its team ended unexpectedly, and is opened anew");
            if self.team_has_ended(&bus.name) {
                // It says no more that somebody else begins.
                self.leases.lose_all();
            }
            self.open_hub(&bus);
            for agent in settings.agents.iter().filter(|agent| agent.registry == bus.name) {
                if let Some((_, name)) = agent.entity.parts() {
                    self.hubs[&bus.name].tell(BusCommand::Add(name.into_owned()));
                }
            }
            for agent in settings.agents.iter().filter(|agent| agent.registry == bus.name) {
                if self.links.remove(&agent.entity).is_some() {
                    self.link_to_bus(agent, &bus);
                }
            }
        }
    }

    /// What beats say of an agent's process.
    pub(in crate::fleet_loop) fn note_process(&self, id: &EntityId, event: &RunEvent) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "whatever says nothing of what a process is or costs")]
        match event {
            RunEvent::Started { pid, .. } => self.figures.started(id, *pid),
            RunEvent::Usage(usage) => self.figures.measured(id, *usage),
            RunEvent::Ended(_) | RunEvent::TreeEnded => self.figures.ended(id),
            _ => {}
        }
    }
}

/// Whether its hub must dial anew. What is only judged, such as how many are shown, is the fleet's.
pub(super) fn moved(old: &BusEntry, new: &BusEntry) -> bool {
    let judged = |entry: &BusEntry| BusEntry { missed: new.missed, alerts: new.alerts.clone(), ..entry.clone() };
    judged(old) != judged(new)
}
