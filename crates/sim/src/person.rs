//! What a person does to the fleet.

use std::time::Duration;

use beatkeeper_core::fleet::FleetEvent;

use crate::plan::MINUTE;
use crate::run::{Broken, Sim};
use crate::world::Happening;

impl Sim<'_> {
    /// A person does something.
    pub fn person(&mut self) -> Result<(), Broken> {
        if self.world.calm {
            return Ok(());
        }
        let again = self.rng.u64(20 * MINUTE..360 * MINUTE);
        self.queue.push(self.world.at + again, Happening::Person);
        if self.app.is_none() || self.world.asleep_until.is_some() || self.slept != 0 {
            return Ok(());
        }
        let now = self.now();
        let open = self.check.model.open();
        let any = self.rng.usize(..self.plan.agents.len());
        let agent = if open.is_empty() || self.rng.u32(..4) == 0 { any } else { open[self.rng.usize(..open.len())] };
        if self.check.model.agents[agent].removed {
            return self.add_agent(agent);
        }
        let id = self.plan.agents[agent].settings.id.clone();
        let until = now + Duration::from_secs(self.rng.u64(300..14_400));
        match self.rng.u32(..20) {
            0..=3 => {
                let until = (self.rng.u32(..4) > 0).then_some(until);
                self.check.model.snoozed(agent, until);
                self.tell(FleetEvent::Snoozed(id, until), Some(agent))
            }
            4..=8 => {
                let until = (self.rng.u32(..4) > 0).then_some(until);
                self.check.model.acknowledged(agent, until);
                self.tell(FleetEvent::Acknowledged(id, until), Some(agent))
            }
            9..=11 => {
                let until = (self.rng.u32(..3) > 0).then_some(until);
                self.check.model.alerts_paused(until);
                self.tell(FleetEvent::AlertsPaused(until), None)
            }
            12..=14 => {
                let stopped = !self.check.model.agents[agent].stopped;
                self.stop_agent(agent, stopped)
            }
            15 => self.remove_agent(agent),
            16 => {
                self.zone = self.rng.usize(..crate::plan::ZONES.len());
                let quiet = self.plan.quiet_in(self.zone);
                self.check.model.moved_to(self.zone);
                let offset = crate::plan::zone_of(self.zone).to_offset(now.to_timestamp()).seconds();
                self.tell(FleetEvent::Zone { offset }, None)?;
                self.tell(FleetEvent::Quiet(quiet), None)
            }
            _ => Ok(()),
        }
    }

    /// A person hears of an agent's end and stops it, while others may still join the notice.
    pub fn reaction(&mut self, agent: usize) -> Result<(), Broken> {
        let free = self.app.is_some() && self.world.asleep_until.is_none() && self.slept == 0 && !self.world.calm;
        let open = self.check.model.agents[agent].episode.is_some();
        match self.rng.u32(..3) {
            _ if !free || !open => Ok(()),
            0 => self.remove_agent(agent),
            _ => self.stop_agent(agent, true),
        }
    }

    /// A person removes an agent, and all that is known of it.
    fn remove_agent(&mut self, agent: usize) -> Result<(), Broken> {
        self.tell_link_stop(agent)?;
        self.check.model.removed(agent);
        let id = self.plan.agents[agent].settings.id.clone();
        self.tell(FleetEvent::AgentRemoved(id.clone()), Some(agent))?;
        self.kept.forget(&id);
        Ok(())
    }

    /// A person adds an agent again.
    pub fn add_agent(&mut self, agent: usize) -> Result<(), Broken> {
        let now = self.now();
        self.check.model.added(agent, now);
        let settings = self.plan.agents[agent].settings.clone();
        self.tell(FleetEvent::AgentAdded(settings, Box::default()), Some(agent))?;
        self.hire(agent)
    }

    /// A person stops an agent, or lets it go on.
    pub fn stop_agent(&mut self, agent: usize, stopped: bool) -> Result<(), Broken> {
        let mut settings = self.plan.agents[agent].settings.clone();
        settings.paused = stopped;
        let now = self.now();
        if stopped {
            self.tell_link_stop(agent)?;
        }
        self.check.model.stopped(agent, stopped, now);
        self.tell(FleetEvent::AgentChanged(settings), Some(agent))?;
        if stopped { Ok(()) } else { self.hire(agent) }
    }

    fn tell_link_stop(&mut self, agent: usize) -> Result<(), Broken> {
        if self.beats_for(agent) { self.dismiss(agent) } else { Ok(()) }
    }
}
