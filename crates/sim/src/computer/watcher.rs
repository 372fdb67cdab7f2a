//! The watchers of the registries: the stream of events, records that are read when asked for and by the clock.

use std::collections::BTreeSet;

use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::PublicKey;
use beatkeeper_core::time::Time;
use beatkeeper_core::witness::RecordFacts;

use crate::run::{Broken, Sim};
use crate::world::{AppHappening, Loss};

/// Between two rounds of reading while the stream is down.
const POLL: u64 = 30_000;
/// Requests within this time go together.
const GATHER: u64 = 150;

/// One registry's watcher.
pub struct Watcher {
    /// Whether the stream is up, as far as the app knows.
    live: bool,
    /// Whether it really is.
    hears: bool,
    /// Tells one stream from the one before.
    round: u32,
    poll_round: u32,
    failures: u32,
    gathering: bool,
    /// Of whom the stream told since the last round.
    pub heard: Vec<bool>,
    wanted: BTreeSet<usize>,
    requests: Vec<Option<(Time, Vec<usize>)>>,
}

impl Watcher {
    pub fn new(agents: usize) -> Self {
        Self {
            live: false,
            hears: false,
            round: 0,
            poll_round: 0,
            failures: 0,
            gathering: false,
            heard: vec![false; agents],
            wanted: BTreeSet::new(),
            requests: Vec::new(),
        }
    }
}

impl Sim<'_> {
    fn watcher(&mut self, registry: usize) -> Option<&mut Watcher> {
        Some(&mut self.app.as_mut()?.watchers[registry])
    }

    /// Whether an event of the registry's stream arrives here now.
    pub fn stream_hears(&self, registry: usize) -> bool {
        self.world.asleep_until.is_none()
            && self.reaches(registry)
            && self.app.as_ref().is_some_and(|app| app.watchers[registry].hears)
    }

    pub fn open_stream_in(&mut self, registry: usize, after: u64) {
        let Some(watcher) = self.watcher(registry) else { return };
        watcher.round += 1;
        let round = watcher.round;
        let after = after + self.rng.u64(20..200);
        self.later(after, AppHappening::Stream { registry, round });
    }

    pub fn stream_dialled(&mut self, registry: usize, round: u32) -> Result<(), Broken> {
        let reaches = self.reaches(registry);
        let wait = self.rng.u64(500..1000);
        let Some(watcher) = self.watcher(registry).filter(|watcher| watcher.round == round) else { return Ok(()) };
        if !reaches {
            watcher.failures += 1;
            let wait = (wait << watcher.failures.min(6)).min(60_000);
            self.open_stream_in(registry, wait);
            return Ok(());
        }
        watcher.failures = 0;
        (watcher.live, watcher.hears) = (true, true);
        let registry = self.plan.registries[registry].name.clone();
        self.tell(FleetEvent::Stream { registry, live: true }, None)
    }

    pub fn stream_broke(&mut self, registry: usize, round: u32) -> Result<(), Broken> {
        let Some(watcher) = self.watcher(registry).filter(|watcher| watcher.round == round && watcher.live) else {
            return Ok(());
        };
        (watcher.live, watcher.hears) = (false, false);
        watcher.heard.fill(false);
        let name = self.plan.registries[registry].name.clone();
        self.tell(FleetEvent::Stream { registry: name, live: false }, None)?;
        self.open_stream_in(registry, 800);
        self.poll_now(registry);
        Ok(())
    }

    /// The stream dies: at once with its registry; over a dead network it takes pings without answers to notice.
    pub fn stream_dies(&mut self, registry: usize) {
        let cut = self.plan.registries[registry].remote && self.world.loss.is_some();
        let after = if cut { self.rng.u64(20_000..40_000) } else { self.rng.u64(1..200) };
        let Some(watcher) = self.watcher(registry).filter(|watcher| watcher.hears) else { return };
        watcher.hears = false;
        let round = watcher.round;
        self.later(after, AppHappening::StreamBroke { registry, round });
    }

    /// After sleep nothing that was open is trusted.
    pub fn watcher_woke(&mut self, registry: usize) {
        if let Some(watcher) = self.watcher(registry) {
            watcher.hears = false;
        }
        self.open_stream_in(registry, 0);
        self.poll_now(registry);
    }

    fn poll_now(&mut self, registry: usize) {
        let Some(watcher) = self.watcher(registry) else { return };
        watcher.poll_round += 1;
        let round = watcher.poll_round;
        self.later(1, AppHappening::Poll { registry, round });
    }

    pub fn poll(&mut self, registry: usize, round: u32) -> Result<(), Broken> {
        let plan = self.plan;
        let Some(watcher) = self.watcher(registry).filter(|watcher| watcher.poll_round == round) else { return Ok(()) };
        let after = if watcher.live { POLL * 4 } else { POLL };
        for (agent, entry) in plan.agents.iter().enumerate() {
            if entry.registry == registry && !std::mem::take(&mut watcher.heard[agent]) {
                watcher.wanted.insert(agent);
            }
        }
        self.later(after, AppHappening::Poll { registry, round });
        self.gathered(registry);
        Ok(())
    }

    /// A record is to be read soon.
    pub fn want(&mut self, agent: usize) {
        let registry = self.plan.agents[agent].registry;
        let Some(watcher) = self.watcher(registry) else { return };
        watcher.wanted.insert(agent);
        if !std::mem::replace(&mut watcher.gathering, true) {
            self.later(GATHER, AppHappening::Gathered { registry });
        }
    }

    /// One request for all that are wanted.
    pub fn gathered(&mut self, registry: usize) {
        let now = self.now();
        let silent = self.plan.registries[registry].remote && self.world.loss == Some(Loss::Upstream);
        let after = if silent { 10_000 } else { self.rng.u64(20..250) };
        let Some(watcher) = self.watcher(registry) else { return };
        watcher.gathering = false;
        let wanted: Vec<usize> = std::mem::take(&mut watcher.wanted).into_iter().collect();
        if wanted.is_empty() {
            return;
        }
        let free = watcher.requests.iter().position(Option::is_none);
        let request = free.unwrap_or_else(|| {
            watcher.requests.push(None);
            watcher.requests.len() - 1
        });
        watcher.requests[request] = Some((now, wanted));
        self.later(after, AppHappening::Answered { registry, request: u32::try_from(request).unwrap_or(0) });
    }

    pub fn answered(&mut self, registry: usize, request: u32) -> Result<(), Broken> {
        let Some(watcher) = self.watcher(registry) else { return Ok(()) };
        let Some((asked_at, wanted)) = watcher.requests[request as usize].take() else { return Ok(()) };
        if !self.reaches(registry) {
            return self.registry_answers(registry, Some("connection refused"), false);
        }
        self.registry_answers(registry, None, true)?;
        for agent in wanted {
            self.record(agent, asked_at)?;
        }
        Ok(())
    }

    /// A request of the registry came to something.
    pub fn registry_answers(&mut self, registry: usize, problem: Option<&str>, reached: bool) -> Result<(), Broken> {
        self.check.model.registry_answered(registry, reached);
        let event = FleetEvent::RegistryAnswer {
            registry: self.plan.registries[registry].name.clone(),
            problem: problem.map(str::to_owned),
            reached,
            clock_ahead_ms: reached.then_some(-self.skew),
        };
        self.tell(event, None)
    }

    /// One record, as the registry has it now.
    fn record(&mut self, agent: usize, asked_at: Time) -> Result<(), Broken> {
        let settings = &self.plan.agents[agent].settings;
        let now = self.now();
        let registered = Time::from_millis(self.plan.begin - crate::plan::DAY);
        let beat = self.world.agents[agent].beat;
        let last = beat.map_or(registered, |beat| Time::from_millis(beat.at / 1000 * 1000));
        if let Some(beat) = beat {
            // The record has whole seconds of the registry's clock.
            let read = last.offset_millis(self.skew).min(now);
            let seen = match beat.sent {
                Some((sent, run)) if run == self.run => read.max(Time::from_millis(sent)),
                _ => read,
            };
            self.check.model.read(agent, beat.number, seen, last, now);
        }
        let mut key = [0x5a; 32];
        key[..8].copy_from_slice(&(agent as u64 + 1).to_le_bytes());
        let facts = RecordFacts {
            public_key: Some(PublicKey::from_bytes(key)),
            status: Some("active".to_owned()),
            last_heartbeat: Some(last),
            registered_at: Some(registered),
            ..RecordFacts::default()
        };
        let id = settings.id.clone();
        self.tell(FleetEvent::Record { id, asked_at, facts: Some(facts) }, Some(agent))
    }
}
