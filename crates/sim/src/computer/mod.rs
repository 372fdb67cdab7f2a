//! This computer: the app on it, which turns what it sees of the world into the fleet's events, as the engine does.

mod links;
mod watcher;

use std::time::Duration;

use beatkeeper_core::alert::NetworkReading;
use beatkeeper_core::fleet::{Fleet, FleetAction, FleetEvent};
use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::link::LinkEvent;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::BeatsBy;

pub use self::links::LinkTask;
pub use self::watcher::Watcher;
use crate::run::{Broken, Sim};
use crate::world::{AppHappening, Happening, Loss};

/// A jump of the wall clock that the app takes for sleep.
const SLEPT_AT_LEAST: i64 = 5_000;

/// One run of the app.
pub struct App {
    pub fleet: Fleet,
    pub links: Vec<Option<LinkTask>>,
    pub watchers: Vec<Watcher>,
    /// The wall clock's distance from the true time at the last comparison, and time slept since.
    pub wall_seen: i64,
    pub network_was_down: bool,
}

impl Sim<'_> {
    /// The app's time.
    pub fn now(&self) -> Time {
        Time::from_millis(self.world.at.saturating_add_signed(self.skew))
    }

    /// Has something of the app happen after so many milliseconds.
    pub fn later(&mut self, after: u64, what: AppHappening) {
        let run = self.run;
        self.queue.push(self.world.at + after, Happening::App { run, what });
    }

    /// The app starts, with what is kept of its earlier runs.
    pub fn app_starts(&mut self) -> Result<(), Broken> {
        if self.app.is_some() {
            return Ok(());
        }
        self.run += 1;
        self.skew = self.world.wall_ahead;
        self.slept = 0;
        let now = self.now();
        let plan = self.plan;
        self.app = Some(App {
            fleet: Fleet::default(),
            links: plan.agents.iter().map(|_| None).collect(),
            watchers: plan.registries.iter().map(|_| Watcher::new(plan.agents.len())).collect(),
            wall_seen: self.world.wall_ahead,
            network_was_down: false,
        });
        self.check.model.app_starts(now);
        self.check.starting = true;
        self.tell(self.kept.alerts(), None)?;
        let offset = crate::plan::zone_of(self.zone).to_offset(now.to_timestamp()).seconds();
        self.tell(FleetEvent::Zone { offset }, None)?;
        for settings in &plan.registries {
            self.tell(FleetEvent::RegistrySet(settings.clone()), None)?;
        }
        self.tell(FleetEvent::Quiet(plan.quiet_in(self.zone)), None)?;
        for (agent, entry) in plan.agents.iter().enumerate() {
            if self.check.model.agents[agent].removed {
                continue;
            }
            let mut settings = entry.settings.clone();
            settings.paused = self.check.model.agents[agent].stopped;
            let past = self.kept.past(&settings.id, now);
            self.tell(FleetEvent::AgentAdded(settings, Box::new(past)), Some(agent))?;
        }
        self.check.starting = false;
        for agent in 0..plan.agents.len() {
            self.hire(agent)?;
        }
        for registry in 0..plan.registries.len() {
            self.open_stream_in(registry, 1);
            self.later(2, AppHappening::Poll { registry, round: 0 });
        }
        self.later(2_000, AppHappening::Network);
        Ok(())
    }

    /// It ends; with goodbyes, or without.
    pub fn app_ends(&mut self, well: bool) -> Result<(), Broken> {
        if self.app.is_none() {
            return Ok(());
        }
        if well {
            for agent in 0..self.plan.agents.len() {
                self.dismiss(agent)?;
            }
            self.tell(FleetEvent::Closing, None)?;
        }
        let now = self.now();
        self.check.app_ended(now, well)?;
        self.app = None;
        Ok(())
    }

    /// Something of the app happens. While the computer sleeps it waits.
    pub fn app_happening(&mut self, what: AppHappening) -> Result<(), Broken> {
        if let Some(wake) = self.world.asleep_until {
            self.queue.push(wake + 1, Happening::App { run: self.run, what });
            if let (AppHappening::LinkDue { agent }, Some(app)) = (what, &mut self.app)
                && let Some(task) = &mut app.links[agent]
            {
                task.armed = wake + 1;
            }
            return Ok(());
        }
        match what {
            AppHappening::LinkDue { agent } => self.link_due(agent),
            AppHappening::Dialled { agent, dial } => self.dialled(agent, dial),
            AppHappening::Broke { agent, dial } => self.socket_broke(agent, dial),
            AppHappening::Echo { agent, dial, ping, beat, first } => self.echo(agent, dial, ping, beat, first),
            AppHappening::Tick => self.tick(),
            AppHappening::Network => self.read_network(),
            AppHappening::Poll { registry, round } => self.poll(registry, round),
            AppHappening::Gathered { registry } => {
                self.gathered(registry);
                Ok(())
            }
            AppHappening::Answered { registry, request } => self.answered(registry, request),
            AppHappening::Stream { registry, round } => self.stream_dialled(registry, round),
            AppHappening::StreamBroke { registry, round } => self.stream_broke(registry, round),
        }
    }

    /// The fleet is told; what it wants is done and checked.
    pub fn tell(&mut self, event: FleetEvent, agent: Option<usize>) -> Result<(), Broken> {
        let now = self.now();
        let Some(app) = &mut self.app else { return Ok(()) };
        self.stats.events += 1;
        self.trace.event(now, self.world.at, agent, &event);
        let timeout = matches!(event, FleetEvent::Timeout);
        app.fleet.handle(event, now);
        let mut commands = Vec::new();
        let mut reads = Vec::new();
        let mut shown = Vec::new();
        self.check.begin(now);
        while let Some(action) = app.fleet.poll_action() {
            self.trace.action(now, self.world.at, &action, &self.ids);
            match action {
                FleetAction::Confirmed(id) => commands.push((self.ids[&id], LinkEvent::Confirmed)),
                FleetAction::Block(id, fatal) => commands.push((self.ids[&id], LinkEvent::Block(fatal))),
                FleetAction::Unblock(id) => commands.push((self.ids[&id], LinkEvent::Unblock)),
                FleetAction::ReadRecord(id) => reads.push(self.ids[&id]),
                FleetAction::Show(notice) => {
                    self.check.show(&notice, &self.ids)?;
                    self.kept.notice(notice.id);
                    shown.extend(notice.agents.last().map(|agent| self.ids[&agent.id]));
                }
                FleetAction::Send(notice) => self.check.send(&notice, &self.ids)?,
                FleetAction::CallOff(notice) => self.check.call_off(&notice, &self.ids)?,
                FleetAction::Withdraw(notices) => self.check.withdraw(&notices),
                FleetAction::Hush(id)
                | FleetAction::Speak(id)
                | FleetAction::Lease(id, _)
                | FleetAction::Run(id, _) => {
                    return Err(Broken::new(
                        "nothing runs here that could be hushed, and nobody has a team",
                        Some(self.ids[&id]),
                    ));
                }
                FleetAction::Dialect(registry, dialect) => {
                    let what = format!("{registry} is spoken to as {}, which nobody asked for", dialect.as_str());
                    return Err(Broken::new(what, None));
                }
                FleetAction::Freeze(id, opened_at) => self.check.freeze(self.ids[&id], opened_at),
                FleetAction::Keep(row) => {
                    if let HistoryRow::Incident(incident) = &row {
                        self.check.keep(self.ids[&incident.agent], incident)?;
                    } else if let HistoryRow::Snooze(id, until) = &row {
                        self.check.keep_snooze(self.ids[id], *until)?;
                    }
                    self.kept.take(row);
                }
            }
        }
        if timeout && app.fleet.poll_timeout().is_some_and(|due| due <= now) {
            return Err(Broken::new("a deadline lies in the past after it was served", agent));
        }
        self.check.end(agent, timeout, &app.fleet)?;
        let back = {
            let down = app.fleet.desk().network().is_down();
            let back = app.network_was_down && !down;
            app.network_was_down = down;
            back
        };
        if !reads.is_empty() {
            reads.sort_unstable();
            for agent in reads {
                self.want(agent);
            }
        }
        for agent in shown {
            if self.rng.u32(..16) == 0 {
                let after = self.rng.u64(..12_000);
                self.queue.push(self.world.at + after, Happening::Reaction { agent });
            }
        }
        for (agent, command) in commands {
            self.tell_link(agent, command)?;
        }
        if back {
            self.dial_anew(true)?;
        }
        Ok(())
    }

    /// After sleep, or when the network is back.
    fn dial_anew(&mut self, remote_only: bool) -> Result<(), Broken> {
        for agent in 0..self.plan.agents.len() {
            let registry = self.plan.agents[agent].registry;
            if !remote_only || self.plan.registries[registry].remote {
                self.tell_link(agent, LinkEvent::Woke)?;
            }
        }
        for registry in 0..self.plan.registries.len() {
            if !remote_only || self.plan.registries[registry].remote {
                self.watcher_woke(registry);
            }
        }
        Ok(())
    }

    /// Compares the clocks.
    fn tick(&mut self) -> Result<(), Broken> {
        let Some(app) = &mut self.app else { return Ok(()) };
        let gap = self.world.wall_ahead - app.wall_seen + self.slept;
        app.wall_seen = self.world.wall_ahead;
        self.slept = 0;
        if gap < SLEPT_AT_LEAST {
            return Ok(());
        }
        self.skew += gap;
        let now = self.now();
        self.check.model.woke(now);
        self.tell(FleetEvent::Woke { slept: Duration::from_millis(gap.unsigned_abs()) }, None)?;
        self.arm_all_links();
        self.dial_anew(false)
    }

    /// What this computer can tell of its network.
    fn read_network(&mut self) -> Result<(), Broken> {
        let lost = self.world.loss;
        let witness = self.plan.witness.then_some(lost.is_none());
        let route = Some(lost != Some(Loss::Route));
        self.check.model.network_read(route, witness);
        self.tell(FleetEvent::Network(NetworkReading { route, witness }), None)?;
        if lost == Some(Loss::Upstream) {
            // The readings that told so were tries at the registries, too.
            for registry in 0..self.plan.registries.len() {
                if self.plan.registries[registry].remote {
                    self.registry_answers(registry, Some("no answer"), false)?;
                }
            }
        }
        Ok(())
    }

    /// Whether the app reaches a registry.
    pub fn reaches(&self, registry: usize) -> bool {
        self.world.registries[registry].up && !(self.plan.registries[registry].remote && self.world.loss.is_some())
    }

    /// Whether the app beats for an agent.
    pub fn beats_for(&self, agent: usize) -> bool {
        self.plan.agents[agent].settings.beats_by == BeatsBy::App
    }
}
