//! Agents' own processes: what a person asks of them.

use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::supervise::RunEvent;
use beatkeeper_core::view::AgentRow;
use serde_json::Value;

use super::FleetLoop;
use crate::answers::Ordered;
use crate::refusal::{Refusal, json_of};
use crate::settings::start_order;

impl FleetLoop {
    /// Starts these, and whom they depend on before them; all that can be started for none. Answers a list of [`Ordered`]:
    /// one that cannot be started keeps no other from it.
    pub(super) fn up(&mut self, ids: &[EntityId]) -> Result<Value, Refusal> {
        let wanted = self.wanted(ids);
        let order = start_order(self.crew.settings(), &wanted);
        let mut ordered: Vec<Ordered> =
            order.refused.into_iter().map(|(id, refusal)| Ordered { id, refusal: Some(refusal) }).collect();
        for id in order.order {
            let refusal = self.start_one(&id).err();
            ordered.push(Ordered { id, refusal });
        }
        json_of(&ordered)
    }

    /// Has these end, and stay so. Answers as [`up`](Self::up).
    pub(super) fn down(&mut self, ids: &[EntityId]) -> Result<Value, Refusal> {
        let wanted = self.wanted(ids);
        let down = |id: EntityId| {
            let refusal = self.ours(&id).map(|_| self.ask(&id, RunEvent::Stop)).err();
            Ordered { id, refusal }
        };
        let ordered: Vec<Ordered> = wanted.into_iter().map(down).collect();
        json_of(&ordered)
    }

    /// Has its recovery wait for a person, or go on.
    pub(super) fn hold_ladder(&mut self, id: &EntityId, on: bool) -> Result<Value, Refusal> {
        self.with_ladder(id)?;
        self.ask(id, RunEvent::Hold(on));
        Ok(Value::Null)
    }

    /// Passes over the present step of its recovery.
    pub(super) fn skip_rung(&mut self, id: &EntityId) -> Result<Value, Refusal> {
        self.with_ladder(id)?;
        self.ask(id, RunEvent::Skip);
        Ok(Value::Null)
    }

    /// What it had signed without holding its key. Answers a [`SignerAudit`](crate::signing_desk::SignerAudit).
    pub(super) fn signed(&self, id: &EntityId) -> Result<Value, Refusal> {
        self.known(id)?;
        json_of(&self.crew.processes().signed(id))
    }

    /// Restarts its process, when that is ours. Answers whether it is.
    pub(super) fn restart_process(&mut self, row: &AgentRow) -> bool {
        let is_ours = row.process.run.is_some() && self.crew.has_command(&row.id);
        if is_ours {
            self.ask(&row.id, RunEvent::Restart);
        }
        is_ours
    }

    fn start_one(&mut self, id: &EntityId) -> Result<(), Refusal> {
        let row = self.ours(id)?;
        if row.paused {
            let sentence = format!("{} is paused", row.name);
            return Err(Refusal::new("agent.paused", sentence, "Resume it, then start it."));
        }
        self.ask(id, RunEvent::Start);
        Ok(())
    }

    fn ask(&mut self, id: &EntityId, event: RunEvent) {
        self.fold(FleetEvent::Run(id.clone(), event));
    }

    fn wanted(&self, ids: &[EntityId]) -> Vec<EntityId> {
        if !ids.is_empty() {
            return ids.to_vec();
        }
        let agents = self.crew.settings().agents.iter();
        agents.filter(|agent| agent.run.is_some() && !agent.paused).map(|agent| agent.entity.clone()).collect()
    }

    fn ours(&self, id: &EntityId) -> Result<AgentRow, Refusal> {
        let row = self.known(id)?;
        if self.crew.has_command(id) {
            return Ok(row);
        }
        Err(Refusal::new(
            "agent.no_command",
            format!("There is no command that {} is started with", row.name),
            "Set up how it is started: on its page, or as `[agent.run]` in the configuration.",
        ))
    }

    fn with_ladder(&self, id: &EntityId) -> Result<(), Refusal> {
        let row = self.known(id)?;
        if row.process.run.is_some_and(|run| run.ladder.is_some()) {
            return Ok(());
        }
        let sentence = format!("{} has no recovery that could be held", row.name);
        Err(Refusal::new("agent.no_recovery", sentence, "Set one up: `[[agent.recover]]` in the configuration."))
    }
}
