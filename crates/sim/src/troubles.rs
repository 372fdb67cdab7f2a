//! What goes wrong, and when.

use beatkeeper_core::view::BeatsBy;

use crate::plan::{DAY, HOUR, MINUTE};
use crate::run::Sim;
use crate::world::{AppHappening, Happening, Ill, Loss};

impl Sim<'_> {
    /// The first of each kind.
    pub fn seed_troubles(&mut self) {
        let begin = self.world.at;
        for agent in 0..self.plan.agents.len() {
            let entry = &self.plan.agents[agent];
            if entry.settings.beats_by == BeatsBy::Agent {
                let after = self.rng.u64(..120_000);
                self.queue.push(begin + after, Happening::OwnBeat { agent, generation: 0 });
            }
            let after = self.rng.u64(..entry.trouble_every * 2);
            self.queue.push(begin + after, Happening::Luck { agent });
        }
        for registry in 0..self.plan.registries.len() {
            let after = self.rng.u64(..6 * DAY);
            self.queue.push(begin + after, Happening::Registry { registry });
        }
        let mut first = |what: Happening, within: u64| {
            let after = self.rng.u64(..within);
            self.queue.push(begin + after, what);
        };
        first(Happening::Network { once: false }, 2 * DAY);
        first(Happening::Sleep, DAY);
        first(Happening::Clock { corrects: false }, 4 * DAY);
        first(Happening::AppEnds, 3 * DAY);
        first(Happening::Person, HOUR);
        first(Happening::Look, MINUTE);
        self.queue.push(self.plan.calm_at(), Happening::Calm);
    }

    /// An agent falls ill or gets well.
    pub fn luck_turns(&mut self, agent: usize) {
        if self.world.calm {
            return;
        }
        let entry = &self.plan.agents[agent];
        let well = self.world.agents[agent].alive && self.world.agents[agent].ill.is_none();
        let interval = u64::try_from(entry.settings.interval.as_millis()).unwrap_or(1000);
        let after = if well {
            if self.world.agents[agent].bout == 0 && entry.flaps && self.rng.bool() {
                self.world.agents[agent].bout = self.rng.u32(3..12);
            }
            self.falls_ill(agent);
            match (self.world.agents[agent].bout, self.rng.u32(..12)) {
                (1.., _) => (interval * 3).min(300_000) + self.rng.u64(1_000..60_000),
                (0, 0) => self.rng.u64(DAY..3 * DAY),
                (0, 1..=3) => self.rng.u64(HOUR..12 * HOUR),
                (0, 4..=8) => self.rng.u64(3 * MINUTE..40 * MINUTE),
                (0, _) => self.rng.u64(10_000..5 * MINUTE),
            }
        } else {
            self.gets_well(agent);
            let bout = &mut self.world.agents[agent].bout;
            *bout = bout.saturating_sub(1);
            if *bout > 0 {
                self.rng.u64(interval..interval * 3)
            } else {
                self.rng.u64(30 * MINUTE..entry.trouble_every * 2)
            }
        };
        self.queue.push(self.world.at + after, Happening::Luck { agent });
    }

    fn falls_ill(&mut self, agent: usize) {
        let entry = &self.plan.agents[agent];
        let registry = entry.registry;
        if entry.settings.beats_by == BeatsBy::Agent {
            self.world.agents[agent].alive = false;
            return;
        }
        let ill = if self.rng.bool() { Ill::Refused } else { Ill::Ignored };
        self.world.agents[agent].ill = Some(ill);
        if ill == Ill::Refused {
            self.sockets_break(registry, Some(agent));
        }
    }

    fn gets_well(&mut self, agent: usize) {
        let life = &mut self.world.agents[agent];
        life.ill = None;
        life.fresh = true;
        if !life.alive {
            life.alive = true;
            life.generation += 1;
            let generation = life.generation;
            let after = self.rng.u64(200..10_000);
            self.queue.push(self.world.at + after, Happening::OwnBeat { agent, generation });
        }
    }

    /// A registry goes down, or comes up.
    pub fn registry_turns(&mut self, registry: usize) {
        if self.world.calm {
            return;
        }
        let up = !self.world.registries[registry].up;
        self.world.registries[registry].up = up;
        let after = if up {
            self.rng.u64(6 * HOUR..8 * DAY)
        } else {
            self.sockets_break(registry, None);
            self.stream_dies(registry);
            match self.rng.u32(..8) {
                0 => self.rng.u64(HOUR..8 * HOUR),
                1 | 2 => self.rng.u64(4 * MINUTE..40 * MINUTE),
                _ => self.rng.u64(3_000..3 * MINUTE),
            }
        };
        self.queue.push(self.world.at + after, Happening::Registry { registry });
    }

    /// The network fails, or comes back.
    pub fn network_turns(&mut self, once: bool) {
        if self.world.calm || once && self.world.loss.is_none() {
            return;
        }
        let after = if self.world.loss.take().is_some() {
            self.rng.u64(10 * MINUTE..3 * DAY)
        } else {
            let loss = if self.rng.bool() { Loss::Route } else { Loss::Upstream };
            self.network_fails(loss);
            match self.rng.u32(..6) {
                0 => self.rng.u64(HOUR..10 * HOUR),
                1 | 2 => self.rng.u64(5 * MINUTE..50 * MINUTE),
                _ => self.rng.u64(2_000..5 * MINUTE),
            }
        };
        self.network_changed();
        if !once {
            self.queue.push(self.world.at + after, Happening::Network { once });
        }
    }

    fn network_fails(&mut self, loss: Loss) {
        self.world.loss = Some(loss);
        self.stats.losses += 1;
        self.sockets_die();
        for registry in 0..self.plan.registries.len() {
            if self.plan.registries[registry].remote {
                self.stream_dies(registry);
            }
        }
    }

    fn network_changed(&mut self) {
        self.world.network_since = self.world.at;
        let after = self.rng.u64(500..5_000);
        self.later(after, AppHappening::Network);
    }

    /// The computer falls asleep: for the night, or for a while.
    pub fn falls_asleep(&mut self) {
        if self.world.at + HOUR > self.plan.calm_at() {
            return;
        }
        let night = self.plan.laptop && self.rng.bool();
        let asleep = if night { self.rng.u64(5 * HOUR..9 * HOUR) } else { self.rng.u64(20_000..2 * HOUR) };
        let wake = (self.world.at + asleep).min(self.plan.calm_at() - MINUTE);
        let asleep = wake.saturating_sub(self.world.at);
        let next = if self.plan.laptop { self.rng.u64(8 * HOUR..16 * HOUR) } else { self.rng.u64(2 * DAY..9 * DAY) };
        self.queue.push(wake + next, Happening::Sleep);
        self.stats.sleeps += 1;
        self.world.asleep_until = Some(wake);
        self.queue.push(wake, Happening::Wake);
        self.sockets_die();
        self.slept += i64::try_from(asleep).unwrap_or(0);
    }

    /// It wakes up. The network takes a moment, sometimes.
    pub fn wakes(&mut self) {
        self.world.asleep_until = None;
        self.skew -= self.slept;
        self.slept_through();
        let after = self.rng.u64(1..2_000);
        self.later(after, AppHappening::Tick);
    }

    fn slept_through(&mut self) {
        for registry in 0..self.plan.registries.len() {
            if self.plan.registries[registry].remote {
                self.stream_dies(registry);
            }
        }
        if self.world.loss.is_none() && !self.world.calm && self.rng.bool() {
            self.network_fails(Loss::Route);
            self.network_changed();
            let back = self.rng.u64(2_000..12_000);
            self.queue.push(self.world.at + back, Happening::Network { once: true });
        }
    }

    /// The wall clock is set.
    pub fn clock_is_set(&mut self, corrects: bool) {
        if corrects {
            self.world.wall_ahead = 0;
        } else {
            if self.world.calm {
                return;
            }
            let far = match self.rng.u32(..6) {
                0 => self.rng.i64(60_000..7_200_000),
                _ => self.rng.i64(1_000..50_000),
            };
            self.world.wall_ahead = if self.rng.bool() { far } else { -far };
            let until = self.rng.u64(MINUTE..40 * MINUTE);
            self.queue.push(self.world.at + until, Happening::Clock { corrects: true });
            let next = self.rng.u64(2 * HOUR..8 * DAY);
            self.queue.push(self.world.at + until + next, Happening::Clock { corrects: false });
        }
        if self.app.is_some() && self.world.asleep_until.is_none() {
            let after = self.rng.u64(1..2_000);
            self.later(after, AppHappening::Tick);
        }
    }

    /// Everything that ails is healed.
    pub fn heal_all(&mut self) {
        for agent in 0..self.plan.agents.len() {
            self.gets_well(agent);
        }
        for registry in &mut self.world.registries {
            registry.up = true;
        }
        self.world.wall_ahead = 0;
        if self.world.loss.take().is_some() {
            self.network_changed();
        }
    }
}
