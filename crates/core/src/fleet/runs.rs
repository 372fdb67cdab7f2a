//! Processes that are ours: who is started before whom.

use std::collections::BTreeSet;

use super::{Fleet, FleetAction, sorted};
use crate::history::HistoryRow;
use crate::identity::EntityId;
use crate::supervise::{Probed, RunEvent, Supervisor};
use crate::time::Time;

impl Fleet {
    /// Whether we may beat for an agent now.
    #[must_use]
    pub fn may_beat(&self, id: &EntityId) -> bool {
        self.agents.get(id).is_none_or(|agent| agent.may_beat())
    }

    /// The agents whose processes are started here, with their names.
    pub fn runs(&self) -> impl Iterator<Item = (&EntityId, &str, &Supervisor)> {
        self.agents.iter().filter_map(|(id, agent)| {
            let run = agent.supervisor().filter(|run| run.is_ours())?;
            Some((id, agent.settings.name.as_str(), run))
        })
    }

    /// What the probe of an agent's process was answered last, and when, when the process is started here.
    #[must_use]
    pub fn last_probe(&self, id: &EntityId) -> Option<(Time, Probed)> {
        self.agents.get(id)?.supervisor()?.last_probe().cloned()
    }

    /// Those that an agent depends on, whoever they depend on, and so on.
    #[must_use]
    pub fn needs_of(&self, id: &EntityId) -> BTreeSet<EntityId> {
        let mut needs = BTreeSet::new();
        let mut next = vec![id.clone()];
        while let Some(id) = next.pop() {
            let supervisor = self.agents.get(&id).and_then(|agent| agent.supervisor());
            for need in supervisor.map(|run| run.depends_on()).unwrap_or_default() {
                if needs.insert(need.clone()) {
                    next.push(need.clone());
                }
            }
        }
        needs
    }

    pub(super) fn run_event(&mut self, id: &EntityId, event: RunEvent, now: Time) {
        let starts = matches!(event, RunEvent::Start | RunEvent::Restart);
        self.update(id, now, |agent, _, change| agent.run_event(event, now, change));
        if starts {
            for need in self.needs_of(id).into_iter().filter(|need| need != id) {
                self.update(&need, now, |agent, _, change| agent.run_event(RunEvent::Start, now, change));
            }
        }
        self.meet_needs(now);
    }

    /// The program ends: what processes cost up to now is kept.
    pub(super) fn keep_usage(&mut self) {
        for id in self.all_ids() {
            let rest = self.agents.get_mut(&id).and_then(|agent| agent.usage_rest());
            self.actions.extend(rest.map(|bucket| FleetAction::Keep(HistoryRow::Usage(id, bucket))));
        }
    }

    /// Lets those go on whose needs are met.
    fn meet_needs(&mut self, now: Time) {
        let needy =
            |id: &&EntityId| self.agents.get(*id).and_then(|agent| agent.supervisor()).is_some_and(|run| run.needs());
        for id in sorted(self.agents.keys().filter(needy).cloned().collect()) {
            let is_ready = |need: &EntityId| {
                let supervisor = self.agents.get(need).and_then(|agent| agent.supervisor());
                supervisor.is_none_or(|run| run.is_well())
            };
            let run = self.agents.get(&id).and_then(|agent| agent.supervisor());
            if run.is_some_and(|run| run.depends_on().iter().all(is_ready)) {
                self.update(&id, now, |agent, _, change| {
                    agent.needs_are_met(true, now);
                    change.row = true;
                });
            }
        }
    }
}
