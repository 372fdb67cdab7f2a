//! The fleet's registries: whether they answer, and what their clocks say.

use super::bus::BusCounts;
use super::{Fleet, FleetAction, Registry, RegistrySettings, sorted};
use crate::dialect::{Finding, Sign, Trial};
use crate::history::HistoryRow;
use crate::identity::EntityId;
use crate::link::LinkReport;
use crate::time::Time;
use crate::view::RegistryHealth;

impl Fleet {
    /// Each registry's health.
    #[must_use]
    pub fn registry_health(&self) -> Vec<RegistryHealth> {
        self.registries
            .values()
            .map(|registry| RegistryHealth {
                name: registry.settings.name.clone(),
                url: registry.settings.url.clone(),
                dialect: registry.trial.dialect(),
                dialect_settled: registry.trial.is_settled(),
                bus: registry.settings.bus.is_some().then(|| registry.bus.health()),
                reachable: registry.answered.then_some(registry.problem.is_none()),
                stream_live: registry.stream_live,
                clock_ahead_ms: registry.clock_ahead_ms,
                problem: registry.problem.clone(),
                problem_since: registry.problem_since,
                demo: registry.settings.demo,
            })
            .collect()
    }

    pub(super) fn set_registry(&mut self, settings: RegistrySettings, now: Time) {
        let name = settings.name.clone();
        if let Some(registry) = self.registries.get_mut(&name) {
            if (registry.trial.choice(), &registry.settings.url) != (settings.dialect, &settings.url) {
                registry.trial = Trial::new(settings.dialect, settings.known_dialect, now);
            }
            registry.settings = settings;
        } else {
            let registry = Registry {
                trial: Trial::new(settings.dialect, settings.known_dialect, now),
                bus: BusCounts::default(),
                settings,
                stream_live: false,
                answered: false,
                reached: None,
                problem: None,
                problem_since: None,
                clock_ahead_ms: None,
            };
            self.registries.insert(name.clone(), registry);
        }
        self.revision += 1;
        self.touch_all(&name, now);
    }

    /// What a beat tells of the dialect that a registry takes.
    pub(super) fn try_dialect(&mut self, name: &str, sign: Sign, now: Time) {
        let Some(registry) = self.registries.get_mut(name) else { return };
        match registry.trial.see(sign, now) {
            Some(Finding::Settled(dialect)) => {
                let row = HistoryRow::Dialect(registry.settings.url.clone(), dialect);
                self.actions.push_back(FleetAction::Keep(row));
            }
            Some(Finding::Speak(dialect)) => {
                self.actions.push_back(FleetAction::Dialect(name.to_owned(), dialect));
            }
            None => return,
        }
        self.revision += 1;
        self.touch_all(name, now);
    }

    pub(super) fn stream(&mut self, name: &str, live: bool, now: Time) {
        let Some(registry) = self.registries.get_mut(name) else { return };
        if registry.stream_live == live {
            return;
        }
        registry.stream_live = live;
        self.revision += 1;
        // What happened before the stream came up was not seen: look once.
        for id in self.ids_at(name) {
            self.update(&id, now, |agent, _, change| {
                agent.announcements_missed();
                change.read_record = true;
            });
        }
    }

    pub(super) fn registry_answered(
        &mut self,
        name: &str,
        problem: Option<String>,
        reached: bool,
        clock_ahead_ms: Option<i64>,
        now: Time,
    ) {
        let Some(registry) = self.registries.get_mut(name) else { return };
        let before = (registry.problem.clone(), registry.answered, registry.clock_ahead_ms);
        registry.answered = true;
        registry.reached = Some(reached);
        registry.problem_since = problem.as_ref().map(|_| registry.problem_since.unwrap_or(now));
        registry.problem = problem;
        // A clock is read with a resolution of a second; smaller changes are not news.
        if let Some(ahead) = clock_ahead_ms
            && registry.clock_ahead_ms.is_none_or(|known| (known - ahead).abs() >= 1000)
        {
            registry.clock_ahead_ms = Some(ahead);
        }
        if before != (registry.problem.clone(), registry.answered, registry.clock_ahead_ms) {
            self.revision += 1;
            self.touch_all(name, now);
        }
        self.judge_network(now);
    }

    /// Without records to read, that a registry answers is known from its links alone. That one does not is each link's to say.
    pub(super) fn answers_on_links(&mut self, id: &EntityId, report: &LinkReport, now: Time) {
        if !matches!(report, LinkReport::Opened) {
            return;
        }
        let Some(name) = self.agents.get(id).map(|agent| agent.settings.registry.clone()) else { return };
        if self.registries.get(&name).is_some_and(|registry| registry.trial.dialect().is_acknowledged()) {
            self.registry_answered(&name, None, true, None, now);
        }
    }

    pub(super) fn touch_all(&mut self, registry: &str, now: Time) {
        for id in self.ids_at(registry) {
            self.update(&id, now, |_, _, change| change.row = true);
        }
    }

    pub(super) fn ids_at(&self, registry: &str) -> Vec<EntityId> {
        let at = self.agents.values().filter(|agent| agent.settings.registry == registry);
        sorted(at.map(|agent| agent.settings.id.clone()).collect())
    }
}
