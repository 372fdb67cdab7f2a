//! One run: the world turns, the app looks on, the model compares.

use std::collections::HashMap;
use std::fmt;

use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::EntityId;
use fastrand::Rng;

use crate::check::Check;
use crate::computer::App;
use crate::kept::Kept;
use crate::plan::{MINUTE, Plan, Size};
use crate::trace::Trace;
use crate::world::{AppHappening, Happening, Queue, World};

/// The model looks at everyone at least this often, so that a deadline that nobody set is noticed.
const LOOK: u64 = 5 * MINUTE;

/// A rule that did not hold.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Which, in a sentence.
    pub rule: String,
    /// Whose, when it is one agent's.
    pub agent: Option<usize>,
    /// The true time, in milliseconds.
    pub at: u64,
    /// What the fleet and the model have of it.
    pub state: String,
}

impl Broken {
    /// At a time that is filled in later.
    pub fn new(rule: impl Into<String>, agent: Option<usize>) -> Self {
        Self { rule: rule.into(), agent, at: 0, state: String::new() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.agent.map_or_else(|| "the fleet".to_owned(), |agent| format!("agent-{agent:02}"));
        write!(f, "{who}: {}", self.rule)
    }
}

/// What a run went through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Events that the fleet was told.
    pub events: u64,
    /// Agents told of, by each telling.
    pub alerts: u64,
    /// Recoveries told.
    pub recoveries: u64,
    /// Flapping told.
    pub flapping: u64,
    /// Reminders.
    pub reminders: u64,
    /// Incidents that were opened.
    pub incidents: u64,
    /// Incidents that ended without a word.
    pub silent: u64,
    /// Notices that were over before they were sent.
    pub called_off: u64,
    /// Times that our network was lost.
    pub losses: u64,
    /// Sleeps.
    pub sleeps: u64,
    /// Runs of the app.
    pub runs: u64,
}

impl Stats {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.alerts += other.alerts;
        self.recoveries += other.recoveries;
        self.flapping += other.flapping;
        self.reminders += other.reminders;
        self.incidents += other.incidents;
        self.silent += other.silent;
        self.called_off += other.called_off;
        self.losses += other.losses;
        self.sleeps += other.sleeps;
        self.runs += other.runs;
    }
}

/// One run under way.
pub struct Sim<'p> {
    pub plan: &'p Plan,
    pub rng: Rng,
    pub queue: Queue,
    pub world: World,
    pub app: Option<App>,
    /// Which run of the app this is.
    pub run: u32,
    /// The app's time minus the true one.
    pub skew: i64,
    /// Slept since the clocks were compared.
    pub slept: i64,
    pub kept: Kept,
    pub check: Check<'p>,
    pub trace: Trace,
    pub ids: HashMap<EntityId, usize>,
    pub zone: usize,
    pub stats: Stats,
}

/// Runs a seed. With a trace, its last lines are what led to the end.
///
/// # Errors
/// The rule that did not hold.
pub fn run(seed: u64, size: Size, trace: &mut Trace) -> Result<Stats, Broken> {
    let mut rng = Rng::with_seed(seed);
    let plan = Plan::of(&mut rng, size);
    let ids = plan.agents.iter().enumerate().map(|(place, agent)| (agent.settings.id.clone(), place)).collect();
    let mut sim = Sim {
        plan: &plan,
        rng,
        queue: Queue::default(),
        world: World::new(plan.begin, plan.agents.len(), plan.registries.len()),
        app: None,
        run: 0,
        skew: 0,
        slept: 0,
        kept: Kept::default(),
        check: Check::new(&plan),
        trace: std::mem::take(trace),
        ids,
        zone: plan.zone,
        stats: Stats::default(),
    };
    let outcome = sim.turn().map_err(|broken| Broken { at: sim.world.at, state: sim.state(broken.agent), ..broken });
    sim.check.count(&mut sim.stats);
    sim.stats.runs = sim.run.into();
    *trace = std::mem::take(&mut sim.trace);
    outcome.map(|()| sim.stats)
}

impl Sim<'_> {
    fn turn(&mut self) -> Result<(), Broken> {
        self.seed_troubles();
        self.app_starts()?;
        loop {
            let next = self.queue.next_at().unwrap_or(u64::MAX);
            let due = self.fleet_due().unwrap_or(u64::MAX);
            if next.min(due) >= self.plan.end {
                break;
            }
            if due <= next {
                self.world.at = due;
                self.tell(FleetEvent::Timeout, None)?;
                continue;
            }
            let Some((at, what)) = self.queue.pop() else { break };
            self.world.at = at;
            self.happens(what)?;
        }
        self.world.at = self.plan.end;
        let now = self.now();
        let Some(app) = &self.app else { return Err(Broken::new("the app does not run at the end", None)) };
        self.check.quiet_end(&app.fleet, now)
    }

    /// For people: what is known of an agent.
    fn state(&self, agent: Option<usize>) -> String {
        let Some((agent, app)) = agent.zip(self.app.as_ref()) else { return String::new() };
        let entry = &self.plan.agents[agent];
        let row = app.fleet.row(&entry.settings.id);
        format!(
            "plan: {:?} {:?} {:?}\nfleet: {:?} since {:?}, last beat {:?}, {:?}\nincident: {:?}\nits next deadline: {:?}\nmodel: {:?}",
            entry.settings.beats_by,
            entry.settings.interval,
            entry.settings.alerts,
            row.as_ref().map(|row| row.liveness),
            row.as_ref().map(|row| row.liveness_since),
            row.as_ref().map(|row| row.last_confirmed_at),
            row.as_ref().map(|row| row.verdict.code),
            app.fleet.desk().incident(&entry.settings.id),
            app.fleet.poll_timeout(),
            self.check.model.agents[agent],
        )
    }

    /// The true time of the fleet's deadline.
    fn fleet_due(&self) -> Option<u64> {
        if self.world.asleep_until.is_some() {
            return None;
        }
        let due = self.app.as_ref()?.fleet.poll_timeout()?;
        Some(due.as_millis().saturating_add_signed(-self.skew).max(self.world.at))
    }

    fn happens(&mut self, what: Happening) -> Result<(), Broken> {
        match what {
            Happening::App { run, what } if run == self.run && self.app.is_some() => self.app_happening(what),
            Happening::App { .. } => Ok(()),
            Happening::OwnBeat { agent, generation } => self.own_beat(agent, generation),
            Happening::Look => {
                self.queue.push(self.world.at + LOOK, Happening::Look);
                if self.world.asleep_until.is_none()
                    && self.slept == 0
                    && let Some(app) = &self.app
                {
                    let now = self.now();
                    self.check.begin(now);
                    self.check.look_at_all(&app.fleet)?;
                }
                Ok(())
            }
            Happening::Luck { agent } => {
                self.luck_turns(agent);
                Ok(())
            }
            Happening::Registry { registry } => {
                self.registry_turns(registry);
                Ok(())
            }
            Happening::Network { once } => {
                self.network_turns(once);
                Ok(())
            }
            Happening::Sleep => {
                self.falls_asleep();
                Ok(())
            }
            Happening::Wake => {
                self.wakes();
                Ok(())
            }
            Happening::Clock { corrects } => {
                self.clock_is_set(corrects);
                Ok(())
            }
            Happening::AppEnds => self.app_is_ended(),
            Happening::AppStarts => match self.world.asleep_until {
                Some(wake) => {
                    self.queue.push(wake + 5_000, Happening::AppStarts);
                    Ok(())
                }
                None => self.app_starts(),
            },
            Happening::Person => self.person(),
            Happening::Reaction { agent } => self.reaction(agent),
            Happening::Calm => self.calm(),
        }
    }

    /// An agent that beats itself does so.
    fn own_beat(&mut self, agent: usize, generation: u32) -> Result<(), Broken> {
        let life = &self.world.agents[agent];
        if !life.alive || life.generation != generation {
            return Ok(());
        }
        let entry = &self.plan.agents[agent];
        let registry = entry.registry;
        if let Some(wake) = self.world.asleep_until.filter(|_| entry.here) {
            let after = self.rng.u64(500..15_000);
            self.world.agents[agent].fresh = true;
            self.queue.push(wake + after, Happening::OwnBeat { agent, generation });
            return Ok(());
        }
        let cut = entry.here && self.plan.registries[registry].remote && self.world.loss.is_some();
        if cut || !self.world.registries[registry].up {
            // It dials again and again.
            self.world.agents[agent].fresh = true;
            let after = self.rng.u64(2_000..25_000);
            self.queue.push(self.world.at + after, Happening::OwnBeat { agent, generation });
            return Ok(());
        }
        self.world.accept(agent, None);
        let first = std::mem::take(&mut self.world.agents[agent].fresh);
        let interval = u64::try_from(entry.settings.interval.as_millis()).unwrap_or(1000);
        let next = interval + self.rng.u64(..interval / 50 + 1);
        self.queue.push(self.world.at + next, Happening::OwnBeat { agent, generation });
        let dropped = self.rng.u32(..200) == 0;
        if dropped || !self.stream_hears(registry) {
            return Ok(());
        }
        self.heard(agent, first)
    }

    fn app_is_ended(&mut self) -> Result<(), Broken> {
        if self.world.calm {
            return Ok(());
        }
        if self.world.asleep_until.is_some() || self.slept != 0 {
            self.queue.push(self.world.at + 5 * MINUTE, Happening::AppEnds);
            return Ok(());
        }
        let well = self.rng.u32(..3) > 0;
        self.app_ends(well)?;
        let away = match self.rng.u32(..10) {
            0 => self.rng.u64(60 * MINUTE..2000 * MINUTE),
            1..=3 => self.rng.u64(MINUTE..40 * MINUTE),
            _ => self.rng.u64(500..30_000),
        };
        self.queue.push(self.world.at + away, Happening::AppStarts);
        let next = self.rng.u64(200 * MINUTE..5000 * MINUTE);
        self.queue.push(self.world.at + away + next, Happening::AppEnds);
        Ok(())
    }

    /// From now on everything is well.
    fn calm(&mut self) -> Result<(), Broken> {
        if let Some(wake) = self.world.asleep_until {
            self.queue.push(wake + 3_000, Happening::Calm);
            return Ok(());
        }
        self.world.calm = true;
        self.heal_all();
        self.app_starts()?;
        self.later(1, AppHappening::Tick);
        for agent in 0..self.plan.agents.len() {
            if self.check.model.agents[agent].removed {
                self.add_agent(agent)?;
            } else if self.check.model.agents[agent].stopped {
                self.stop_agent(agent, false)?;
            }
        }
        self.check.model.alerts_paused(None);
        self.tell(FleetEvent::AlertsPaused(None), None)
    }
}
