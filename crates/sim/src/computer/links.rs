//! The links of those that the app beats for: the real machine on a simulated socket.

use beatkeeper_core::failure::Transient;
use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::link::{Link, LinkAction, LinkEvent, LinkTiming};
use beatkeeper_core::time::Time;
use beatkeeper_core::witness::Activity;

use crate::run::{Broken, Sim};
use crate::world::{AppHappening, Ill, Loss};

/// The registry drops beats whose time is further off, in milliseconds.
const MAX_SKEW: i64 = 60_000;

/// A socket as it really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// None.
    None,
    /// It works.
    Open,
    /// Nobody is at the other end, and nobody says so.
    Dead,
}

/// One link's task.
pub struct LinkTask {
    pub link: Link,
    pub socket: Socket,
    pub dial: u32,
    /// The true time of the deadline that is in the queue.
    pub armed: u64,
}

impl Sim<'_> {
    /// The app beats for this agent from now on, if it is meant to.
    pub fn hire(&mut self, agent: usize) -> Result<(), Broken> {
        if !self.beats_for(agent) || self.check.model.agents[agent].stopped {
            return Ok(());
        }
        let interval = self.plan.agents[agent].settings.interval;
        let mut timing = LinkTiming::with_interval(interval);
        // A ping between two slow beats would only cost simulated time.
        timing.ping_after = timing.ping_after.max(interval);
        let link = Link::new(timing, self.rng.u64(..));
        let Some(app) = &mut self.app else { return Ok(()) };
        app.links[agent] = Some(LinkTask { link, socket: Socket::None, dial: 0, armed: 0 });
        self.tell_link(agent, LinkEvent::Start)
    }

    /// No longer.
    pub fn dismiss(&mut self, agent: usize) -> Result<(), Broken> {
        self.tell_link(agent, LinkEvent::Stop)?;
        if let Some(app) = &mut self.app {
            app.links[agent] = None;
        }
        Ok(())
    }

    /// Tells a link, and does what it wants.
    pub fn tell_link(&mut self, agent: usize, event: LinkEvent) -> Result<(), Broken> {
        let now = self.now();
        let Some(task) = self.link(agent) else { return Ok(()) };
        task.link.handle(event, now);
        self.pump(agent)
    }

    fn link(&mut self, agent: usize) -> Option<&mut LinkTask> {
        self.app.as_mut()?.links[agent].as_mut()
    }

    fn pump(&mut self, agent: usize) -> Result<(), Broken> {
        loop {
            while let Some(report) = self.link(agent).and_then(|task| task.link.poll_report()) {
                let id = self.plan.agents[agent].settings.id.clone();
                self.tell(FleetEvent::Link(id, report), Some(agent))?;
            }
            let Some(action) = self.link(agent).and_then(|task| task.link.poll_action()) else { break };
            let now = self.now();
            match action {
                LinkAction::Dial => self.dial(agent),
                LinkAction::Beat { ping } => {
                    if let Some(task) = self.link(agent) {
                        task.link.handle(LinkEvent::Sent { at: now }, now);
                    }
                    self.beat(agent, ping, now);
                }
                LinkAction::Ping => self.ping(agent),
                LinkAction::Close(_) | LinkAction::Abandon => {
                    if let Some(task) = self.link(agent) {
                        task.socket = Socket::None;
                        task.dial += 1;
                    }
                }
            }
        }
        self.arm(agent);
        Ok(())
    }

    fn arm(&mut self, agent: usize) {
        let skew = self.skew;
        let at = self.world.at;
        let Some(task) = self.link(agent) else { return };
        let Some((due, _)) = task.link.poll_timeout() else { return };
        let due = due.as_millis().saturating_add_signed(-skew).max(at);
        if due != task.armed {
            task.armed = due;
            self.later(due - at, AppHappening::LinkDue { agent });
        }
    }

    /// The timeline moved.
    pub fn arm_all_links(&mut self) {
        for agent in 0..self.plan.agents.len() {
            self.arm(agent);
        }
    }

    pub fn link_due(&mut self, agent: usize) -> Result<(), Broken> {
        let (now, at) = (self.now(), self.world.at);
        let Some(task) = self.link(agent) else { return Ok(()) };
        if task.armed != at {
            return Ok(());
        }
        task.armed = 0;
        if task.link.poll_timeout().is_some_and(|(due, _)| due <= now) {
            task.link.handle(LinkEvent::Timeout, now);
        }
        self.pump(agent)
    }

    fn dial(&mut self, agent: usize) {
        let after = self.rng.u64(20..300);
        let Some(task) = self.link(agent) else { return };
        task.socket = Socket::None;
        task.dial += 1;
        let dial = task.dial;
        let registry = self.plan.agents[agent].registry;
        // Beyond a network that is up and leads nowhere nobody answers: the link gives up by itself.
        if !(self.plan.registries[registry].remote && self.world.loss == Some(Loss::Upstream)) {
            self.later(after, AppHappening::Dialled { agent, dial });
        }
    }

    pub fn dialled(&mut self, agent: usize, dial: u32) -> Result<(), Broken> {
        let registry = self.plan.agents[agent].registry;
        let lost = self.plan.registries[registry].remote && self.world.loss.is_some();
        let (up, ill) = (self.world.registries[registry].up, self.world.agents[agent].ill);
        let Some(task) = self.link(agent).filter(|task| task.dial == dial) else { return Ok(()) };
        let event = if lost {
            LinkEvent::DialFailed(Transient::Unreachable.into())
        } else if !up {
            LinkEvent::DialFailed(Transient::Refused.into())
        } else if ill == Some(Ill::Refused) {
            LinkEvent::DialFailed(Transient::ServerError { status: 503 }.into())
        } else {
            task.socket = Socket::Open;
            self.world.agents[agent].fresh = true;
            LinkEvent::Opened
        };
        self.tell_link(agent, event)
    }

    /// A beat leaves; what it brings back comes a little later, by one event.
    fn beat(&mut self, agent: usize, ping: bool, now: Time) {
        let registry = self.plan.agents[agent].registry;
        let works = self.reaches(registry);
        let run = self.run;
        let Some(task) = self.link(agent) else { return };
        if task.socket != Socket::Open || !works {
            return;
        }
        let dial = task.dial;
        let taken = self.world.agents[agent].ill != Some(Ill::Ignored) && self.world.wall_ahead.abs() <= MAX_SKEW;
        let mut first = false;
        if taken {
            self.world.accept(agent, Some((now.as_millis(), run)));
            first = std::mem::take(&mut self.world.agents[agent].fresh);
        }
        // The stream drops events in silence.
        let told = taken && self.rng.u32(..200) != 0;
        if ping || told {
            let after = self.rng.u64(10..160);
            self.later(after, AppHappening::Echo { agent, dial, ping, beat: told, first });
        }
    }

    fn ping(&mut self, agent: usize) {
        let works = self.reaches(self.plan.agents[agent].registry);
        let after = self.rng.u64(10..160);
        let Some(task) = self.link(agent) else { return };
        if task.socket == Socket::Open && works {
            let dial = task.dial;
            self.later(after, AppHappening::Echo { agent, dial, ping: true, beat: false, first: false });
        }
    }

    pub fn echo(&mut self, agent: usize, dial: u32, ping: bool, beat: bool, first: bool) -> Result<(), Broken> {
        let registry = self.plan.agents[agent].registry;
        if beat && self.stream_hears(registry) {
            self.heard(agent, first)?;
        }
        if ping && self.link(agent).is_some_and(|task| task.dial == dial && task.socket == Socket::Open) {
            self.tell_link(agent, LinkEvent::Inbound)?;
        }
        Ok(())
    }

    /// The stream tells of the newest accepted beat of an agent.
    pub fn heard(&mut self, agent: usize, first: bool) -> Result<(), Broken> {
        let Some(beat) = self.world.agents[agent].beat else { return Ok(()) };
        let now = self.now();
        let registry = self.plan.agents[agent].registry;
        let (id, name) = (&self.plan.agents[agent].settings.id, &self.plan.registries[registry].name);
        let at = Time::from_millis(beat.at);
        if let Some(app) = &mut self.app {
            app.watchers[registry].heard[agent] = true;
        }
        if first {
            let activity = Activity::BecameActive { id: id.clone(), at };
            self.tell(FleetEvent::Activity { registry: name.clone(), activity, heard_at: now }, Some(agent))?;
        }
        let seen = match beat.sent {
            Some((sent, run)) if run == self.run => Time::from_millis(sent),
            _ => now,
        };
        self.check.model.shown(agent, beat.number, seen, now);
        let activity = Activity::Heartbeat { id: id.clone(), at };
        self.tell(FleetEvent::Activity { registry: name.clone(), activity, heard_at: now }, Some(agent))
    }

    /// The socket breaks, and says so.
    pub fn socket_broke(&mut self, agent: usize, dial: u32) -> Result<(), Broken> {
        let Some(task) = self.link(agent).filter(|task| task.dial == dial && task.socket != Socket::None) else {
            return Ok(());
        };
        task.socket = Socket::None;
        task.dial += 1;
        self.tell_link(agent, LinkEvent::Closed(Transient::Broken { detail: String::new() }))
    }

    /// A registry went down: its sockets break, one after the other; through a dead network nobody hears of it.
    pub fn sockets_break(&mut self, registry: usize, only: Option<usize>) {
        let cut = self.plan.registries[registry].remote && self.world.loss.is_some();
        for agent in 0..self.plan.agents.len() {
            if self.plan.agents[agent].registry != registry || only.is_some_and(|only| only != agent) {
                continue;
            }
            let Some(task) = self.link(agent).filter(|task| task.socket == Socket::Open) else { continue };
            let dial = task.dial;
            task.socket = Socket::Dead;
            if !cut {
                let after = self.rng.u64(1..400);
                self.later(after, AppHappening::Broke { agent, dial });
            }
        }
    }

    /// Sockets died of the network, or of sleep.
    pub fn sockets_die(&mut self) {
        for agent in 0..self.plan.agents.len() {
            let remote = self.plan.registries[self.plan.agents[agent].registry].remote;
            if let Some(task) = self.link(agent).filter(|task| remote && task.socket == Socket::Open) {
                task.socket = Socket::Dead;
            }
        }
    }
}
