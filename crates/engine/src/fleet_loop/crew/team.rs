//! The team: one bus settles which of several computers beats for an agent.

use std::sync::Arc;

use beatkeeper_core::identity::EntityId;
use tokio::sync::mpsc;

use super::Crew;
use crate::bus::{Confirmed, Hub, News, Team, TeamCommand, TeamSetup};
use crate::fleet_loop::entries::interval;
use crate::settings::{AgentEntry, BusEntry};
use crate::surroundings::power::Delay;

impl Crew {
    /// Begins to settle on a hub who beats for whom, with all that are concerned.
    pub(super) fn open_team(&mut self, bus: &BusEntry, hub: &Hub, news: mpsc::Receiver<News>) {
        let setup = TeamSetup {
            bus: bus.clone(),
            holder: self.instance.clone(),
            leases: Arc::clone(&self.leases),
            figures: Arc::clone(&self.figures),
            clock: Arc::clone(&self.means.clock),
            output: self.means.events.clone(),
        };
        let team = Team::start(setup, hub, news);
        for agent in &self.settings.agents {
            if self.settings.team_of(agent).is_some_and(|of| of.name == bus.name) {
                team.tell(TeamCommand::Know(agent.entity.clone(), self.leasing.contains(&agent.entity)));
            }
        }
        self.team = Some((bus.name.clone(), team));
    }

    /// Lets go of everything that the team of this bus settled.
    pub(super) async fn close_team(&mut self, bus: &str) {
        if let Some((_, team)) = self.team.take_if(|(of, _)| of == bus) {
            // Silent before anybody else may begin.
            self.leases.lose_all();
            team.end().await;
        }
    }

    /// Whether the team of this bus has to be made anew, and its hub with it.
    pub(super) fn team_has_ended(&self, bus: &str) -> bool {
        self.team.as_ref().is_some_and(|(of, team)| of == bus && team.has_ended())
    }

    /// Where no bus settles who beats, everyone may.
    pub(super) fn without_a_team(&self) {
        if self.team.is_none() {
            self.leases.free_all();
        }
    }

    /// The fleet knows nothing of it any more.
    pub(super) fn forget(&mut self, id: &EntityId) {
        self.hushed.remove(id);
        self.leasing.remove(id);
    }

    /// An agent's entry says whether its lease is to be known.
    pub(super) fn join_team(&self, agent: &AgentEntry) {
        let Some((_, team)) = &self.team else { return };
        team.tell(match self.settings.team_of(agent) {
            Some(_) => TeamCommand::Know(agent.entity.clone(), self.leasing.contains(&agent.entity)),
            None => TeamCommand::Forget(agent.entity.clone()),
        });
    }

    /// It is no longer here, or is somewhere else.
    pub(super) fn leave_team(&self, id: &EntityId) {
        if let Some((_, team)) = &self.team {
            team.tell(TeamCommand::Forget(id.clone()));
        }
    }

    /// Asks for an agent's lease, or lets go of it.
    pub(in crate::fleet_loop) fn lease(&mut self, id: EntityId, wanted: bool) {
        if wanted {
            self.leasing.insert(id.clone());
        } else {
            self.leasing.remove(&id);
        }
        if let Some((_, team)) = &self.team {
            team.tell(TeamCommand::Want(id, wanted));
        }
    }

    /// A beat of ours was confirmed: the team is told of agents that it would not hear otherwise.
    pub(in crate::fleet_loop) fn tell_team(&self, id: &EntityId) {
        let (Some((_, team)), Some(agent)) = (&self.team, self.entry(id)) else { return };
        if self.settings.team_of(agent).is_some() {
            let confirmed = Confirmed { name: agent.name.clone(), interval: interval(agent) };
            team.tell(TeamCommand::Confirmed(id.clone(), confirmed));
        }
    }

    /// The computer is about to sleep, and others may go on.
    pub(in crate::fleet_loop) fn hand_over(&self, delay: Delay) {
        if let Some((_, team)) = &self.team {
            team.tell(TeamCommand::Sleep(delay));
        }
    }

    /// It woke up, or did not sleep after all.
    pub(in crate::fleet_loop) fn take_back(&self) {
        if let Some((_, team)) = &self.team {
            team.tell(TeamCommand::Woke);
        }
    }
}
