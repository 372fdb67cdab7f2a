//! Agents of a Redis bus: what is heard there of whom, configured here or not (protocols.md 6).

use std::sync::Arc;

use super::{AgentSettings, BusWord, Fleet, FleetEvent};
use crate::identity::EntityId;
use crate::time::{Time, millis};
use crate::view::{BeatsBy, BusHealth};
use crate::wire::redis_bus::{Heard, Unusable};

/// What an agent is taken to beat at until its bus says more.
const USUAL_INTERVAL: std::time::Duration = std::time::Duration::from_secs(30);

/// What came by a bus, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct BusCounts {
    /// Agents that nobody configured and that are shown.
    only_seen: u32,
    /// Messages of agents that are not shown, since there are too many.
    turned_away: u64,
    /// Messages that nothing could be made of, and why the last one.
    unusable: u64,
    last_unusable: Option<Unusable>,
    /// What was let go of before anybody looked at it.
    dropped: u64,
}

impl BusCounts {
    pub(super) fn health(&self) -> BusHealth {
        BusHealth {
            only_seen: self.only_seen,
            turned_away: self.turned_away,
            unusable: self.unusable,
            last_unusable: self.last_unusable.map(|why| why.to_string()),
            dropped: self.dropped,
        }
    }
}

impl Fleet {
    pub(super) fn bus_word(&mut self, bus: &str, word: &BusWord, heard_at: Time, now: Time) {
        match word {
            BusWord::Beat(heard) => {
                if let Some(id) = self.on_bus(bus, heard, now) {
                    self.update(&id, now, |agent, _, change| agent.bus_beat(heard, heard_at, now, change));
                }
            }
            BusWord::Record(heard) => {
                if let Some(id) = self.on_bus(bus, heard, now) {
                    self.update(&id, now, |agent, _, change| agent.bus_record(heard, now, change));
                }
            }
            BusWord::Gone(name) => {
                if let Ok(id) = EntityId::on_bus(bus, name) {
                    self.update(&id, now, |agent, _, change| agent.bus_gone(now, change));
                }
            }
            BusWord::Unusable(why, count) => {
                if let Some(counts) = self.bus_counts(bus) {
                    counts.unusable = counts.unusable.saturating_add(*count);
                    counts.last_unusable = Some(*why);
                    self.revision += 1;
                }
            }
            BusWord::Dropped(count) => {
                if let Some(counts) = self.bus_counts(bus) {
                    counts.dropped = counts.dropped.saturating_add(*count);
                    self.revision += 1;
                }
            }
        }
    }

    /// Lets go of an agent that nobody configured and that was gone for long.
    pub(super) fn forget_the_gone(&mut self, id: &EntityId, now: Time) {
        let gone = self.agents.get(id).is_some_and(|agent| agent.forgotten_at().is_some_and(|at| at <= now));
        if gone {
            self.remove(id, now);
        }
    }

    /// Nobody else would ever take away those that nobody configured.
    pub(super) fn let_strangers_go(&mut self, bus: &str, now: Time) {
        for id in self.ids_at(bus) {
            if self.agents.get(&id).is_some_and(|agent| agent.settings.only_seen) {
                self.remove(&id, now);
            }
        }
    }

    /// It was shown as somebody else's, as a bus told of it, and is configured here now.
    pub(super) fn is_no_stranger(&mut self, id: &EntityId, now: Time) {
        let buses: Vec<String> = self
            .registries
            .iter()
            .filter(|(_, place)| place.settings.bus.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for bus in buses {
            if let Ok(stranger) = EntityId::on_bus(&bus, id.as_str())
                && self.agents.get(&stranger).is_some_and(|agent| agent.settings.only_seen)
            {
                self.remove(&stranger, now);
            }
        }
    }

    /// Whoever leaves or is configured makes room for another one.
    pub(super) fn count_the_seen(&mut self, bus: &str) {
        let seen =
            self.agents.values().filter(|agent| agent.settings.only_seen && agent.settings.registry == bus).count();
        if let Some(counts) = self.bus_counts(bus) {
            counts.only_seen = u32::try_from(seen).unwrap_or(u32::MAX);
        }
    }

    /// The agent that is meant; one that nobody configured is taken in while there is room.
    fn on_bus(&mut self, bus: &str, heard: &Heard, now: Time) -> Option<EntityId> {
        let id = EntityId::on_bus(bus, &heard.name).ok()?;
        if self.agents.contains_key(&id) {
            return Some(id);
        }
        // Whoever of the team beats for an agent of a registry tells it here, too; ours has its row already.
        if heard.name.parse().is_ok_and(|entity: EntityId| self.agents.contains_key(&entity)) {
            return None;
        }
        let registry = self.registries.get_mut(bus)?;
        let settings = registry.settings.bus.as_ref()?;
        if registry.bus.only_seen >= settings.most_seen {
            registry.bus.turned_away = registry.bus.turned_away.saturating_add(1);
            // One that is waited for already may be told of this.
            if registry.bus.turned_away.is_power_of_two() {
                self.revision += 1;
            }
            return None;
        }
        registry.bus.only_seen += 1;
        let settings = AgentSettings {
            id: id.clone(),
            name: heard.label.clone().unwrap_or_else(|| heard.name.clone()),
            registry: bus.to_owned(),
            interval: heard.interval_ms.map_or(USUAL_INTERVAL, std::time::Duration::from_millis),
            beats_by: BeatsBy::Agent,
            paused: false,
            probed: false,
            run: None,
            truthful: false,
            tags: Vec::new(),
            project: None,
            only_seen: true,
            team: None,
            alerts: Arc::clone(&settings.alerts),
        };
        debug_assert!(millis(settings.interval) > 0, "an interval was checked when it was read");
        self.handle(FleetEvent::AgentAdded(settings, Box::default()), now);
        Some(id)
    }

    fn bus_counts(&mut self, bus: &str) -> Option<&mut BusCounts> {
        self.registries.get_mut(bus).map(|registry| &mut registry.bus)
    }
}
