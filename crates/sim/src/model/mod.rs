//! The reference: what a person must have been told, from the rules for people and not from the program's way of keeping
//! them.
//!
//! The model knows when the app was *shown* each beat that a registry accepted, and what a person and this computer did.
//! It keeps no deadlines and no order of things: at each event it asks of each agent what holds now.
//!
//! **An agent is missing** when the last beat that was shown is three of its intervals old (or what the registry's profile
//! says instead), and nobody had a reason to look away: in the minute after sleep, and for an interval after the app's
//! start, a silence gets no new name.
//!
//! **An outage is real** when the agent is missing for longer than the threshold of its rule's level, and has been for
//! the rule's grace, at a moment at which somebody could tell: our own network is not down and did not come back within
//! the last minute (which concerns registries elsewhere only), the computer did not wake within the last minute, the app
//! is past an agent's first interval, and the agent is not stopped by a person. One that began earlier and lasts into such
//! a moment is real from that moment on. It ends with so many shown beats as the rule wants, or with a stop.
//!
//! **It is told** once as each state that it comes to (late, stale, offline; never a milder one), at the first moment at
//! which nothing silences it: all alerts paused, quiet hours for those that are not urgent, a snooze, an acknowledgement.
//! Its end is told if it was told itself, unless alerts are paused or it is quiet, or it ended while the app was starting.
//!
//! **Flapping** is so many changes between beating and missing within so long, where what changed while nobody could tell
//! counts for nothing. It stands for the single tellings, is told once, and ends when no more than half of the changes
//! are left within that time; whoever still is missing then is told anew.
//!
//! Everything is compared with [`SLACK`]: a record has whole seconds.

mod agent;
mod quiet;
mod told;

use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::notice::NoticeKind;
use beatkeeper_core::time::Time;

pub use self::agent::{Agent, Episode};
use self::quiet::Quiet;
use crate::plan::Plan;

/// How far the model's times and the app's may differ, in milliseconds.
pub const SLACK: u64 = 3_000;
/// After sleep, and after the return of the network, in milliseconds.
const MOMENT: u64 = 60_000;
/// Beyond an interval after the start of the app.
const START: u64 = 5_000;

/// The reference.
pub struct Model<'p> {
    plan: &'p Plan,
    /// By place in the plan.
    pub agents: Vec<Agent>,
    now: u64,
    woke_until: u64,
    route: Option<bool>,
    witness: Option<bool>,
    /// Whether each registry answered the last try.
    reached: Vec<Option<bool>>,
    down: bool,
    back_until: u64,
    paused_until: Option<u64>,
    quiet: Quiet,
    /// Everyone is to be looked at.
    stirred: bool,
    /// Nothing changes by itself before.
    next: u64,
}

impl<'p> Model<'p> {
    /// One that knows nothing yet.
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            agents: plan.agents.iter().map(|entry| Agent::new(plan, entry)).collect(),
            now: 0,
            woke_until: 0,
            route: None,
            witness: None,
            reached: vec![None; plan.registries.len()],
            down: false,
            back_until: 0,
            paused_until: None,
            quiet: Quiet::new(plan, plan.zone),
            stirred: true,
            next: 0,
        }
    }

    /// The app starts anew: what it knew of the world is forgotten, what a person asked for is not.
    pub fn app_starts(&mut self, now: Time) {
        let before = std::mem::replace(&mut self.now, now.as_millis());
        (self.woke_until, self.back_until, self.down) = (0, 0, false);
        (self.route, self.witness) = (None, None);
        self.reached.fill(None);
        self.stirred = true;
        self.next = 0;
        let now = self.now;
        self.agents.iter_mut().for_each(|agent| agent.app_starts(before, now));
    }

    /// The stream told a beat, of this time on the app's timeline.
    pub fn shown(&mut self, agent: usize, number: u64, beat: Time, now: Time) {
        self.see(agent, number, beat, now, true);
    }

    fn see(&mut self, agent: usize, number: u64, beat: Time, now: Time, sure: bool) {
        let could_tell = !self.is_blind(agent, now.as_millis());
        self.agents[agent].shown(number, beat.as_millis(), now.as_millis(), sure, could_tell);
    }

    /// A record told a beat: of this time, to the second, and `by_theirs` by the registry's clock.
    pub fn read(&mut self, agent: usize, number: u64, beat: Time, by_theirs: Time, now: Time) {
        let known = &mut self.agents[agent];
        // Of two beats of one second, which a sleep in between can make them, the second is not seen.
        let moved = known.record.replace(by_theirs) != Some(by_theirs);
        // Two seconds are what a record and a clock may be apart.
        let news = known.last.is_none_or(|last| beat.as_millis() > last + 2_000);
        if number > known.number || news {
            self.see(agent, number, beat, now, news && moved);
        }
    }

    /// The app noticed that the computer had slept.
    pub fn woke(&mut self, now: Time) {
        self.now = now.as_millis();
        self.woke_until = self.now + MOMENT;
        self.stirred = true;
    }

    /// What was read of the network.
    pub const fn network_read(&mut self, route: Option<bool>, witness: Option<bool>) {
        (self.route, self.witness) = (route, witness);
        self.stirred = true;
    }

    /// Whether a registry answered.
    pub fn registry_answered(&mut self, registry: usize, reached: bool) {
        self.stirred |= self.reached[registry] != Some(reached);
        self.reached[registry] = Some(reached);
    }

    /// A person snoozed an agent.
    pub fn snoozed(&mut self, agent: usize, until: Option<Time>) {
        self.agents[agent].snoozed_until = until.map(Time::as_millis);
    }

    /// A person knows of an incident.
    pub fn acknowledged(&mut self, agent: usize, until: Option<Time>) {
        if let Some(episode) = &mut self.agents[agent].episode {
            episode.acknowledged_until = until.map(Time::as_millis);
        }
    }

    /// A person paused all alerts.
    pub fn alerts_paused(&mut self, until: Option<Time>) {
        self.paused_until = until.map(Time::as_millis);
        self.stirred = true;
    }

    /// A person stopped an agent, or let it go on.
    pub fn stopped(&mut self, agent: usize, stopped: bool, now: Time) {
        self.agents[agent].stop(stopped, now.as_millis());
    }

    /// A person removed an agent.
    pub fn removed(&mut self, agent: usize) {
        let one = &mut self.agents[agent];
        one.stop(true, self.now);
        (one.removed, one.snoozed_until) = (true, None);
    }

    /// A person added it again: nothing is known of it but what its registry shows.
    pub fn added(&mut self, agent: usize, now: Time) {
        let number = self.agents[agent].number;
        self.agents[agent] = Agent::new(self.plan, &self.plan.agents[agent]);
        self.agents[agent].number = number;
        self.now = now.as_millis();
    }

    /// The person's clock on the wall is another one.
    pub fn moved_to(&mut self, zone: usize) {
        self.quiet = Quiet::new(self.plan, zone);
        self.stirred = true;
    }

    /// Those with an outage that goes on.
    pub fn open(&self) -> Vec<usize> {
        (0..self.agents.len()).filter(|agent| self.agents[*agent].episode.is_some()).collect()
    }

    /// An event is about to be judged.
    pub fn begin(&mut self, now: Time) {
        self.now = now.as_millis();
        if self.stirred {
            self.judge_network();
        }
    }

    /// Looks at whoever an event may have changed: the one that it is about, or all.
    pub fn look(&mut self, agent: Option<usize>) {
        if self.stirred || self.now >= self.next {
            self.stirred = false;
            self.look_at_all();
        } else if let Some(agent) = agent {
            self.look_at(agent);
        }
    }

    /// Looks at everyone.
    pub fn look_at_all(&mut self) {
        // Silences change with the minute, and the hours for all at once.
        self.next = self.now + 30_000;
        if self.paused_until.is_some_and(|until| until <= self.now) {
            self.paused_until = None;
        }
        for boundary in [self.woke_until, self.back_until, self.paused_until.unwrap_or(0)] {
            if boundary > self.now {
                self.next = self.next.min(boundary);
            }
        }
        for agent in 0..self.agents.len() {
            self.look_at(agent);
        }
    }

    /// Looks at one.
    pub fn look_at(&mut self, agent: usize) {
        let blind = self.is_blind(agent, self.now);
        let held = self.is_held(agent, self.now);
        let silenced = self.is_silenced(agent);
        let one = &mut self.agents[agent];
        one.look(self.now, blind, held, silenced);
        if let Some(next) = one.changes_at(self.now) {
            self.next = self.next.min(next);
        }
    }

    /// Our network, as far as it was read: there is no route, or nobody elsewhere answers and more than one was asked.
    fn judge_network(&mut self) {
        let elsewhere: Vec<Option<bool>> = self
            .plan
            .registries
            .iter()
            .zip(&self.reached)
            .filter(|(registry, _)| registry.remote)
            .map(|(_, reached)| *reached)
            .collect();
        let all_silent = elsewhere.iter().all(|reached| *reached == Some(false));
        let others_silent = self.witness.map_or(elsewhere.len() > 1, |answers| !answers);
        let down = self.route == Some(false) || all_silent && others_silent;
        if self.down && !down {
            self.back_until = self.now + MOMENT;
        }
        self.down = down;
    }

    /// Whether a silence gets no new name.
    fn is_held(&self, agent: usize, now: u64) -> bool {
        now < self.woke_until || now < self.agents[agent].starting_until
    }

    /// Whether nobody can tell how an agent is.
    pub fn is_blind(&self, agent: usize, now: u64) -> bool {
        let network = self.agents[agent].remote && (self.down || now < self.back_until);
        network || self.is_held(agent, now)
    }

    /// Whether a person does not want to be told of an agent.
    fn is_silenced(&self, agent: usize) -> Silence {
        if self.paused_until.is_some_and(|until| until > self.now) {
            return Silence::Sure;
        }
        if self.agents[agent].rules.urgent { Silence::None } else { self.quiet.at(self.now) }
    }

    /// Who is missing at all.
    pub fn is_told(kind: NoticeKind) -> Option<u8> {
        match kind {
            NoticeKind::Late => Some(Liveness::Late.badness()),
            NoticeKind::Stale => Some(Liveness::Stale.badness()),
            NoticeKind::Offline => Some(Liveness::Offline.badness()),
            NoticeKind::Flapping
            | NoticeKind::GaveUp
            | NoticeKind::Reminder
            | NoticeKind::Recovered
            | NoticeKind::Test => None,
        }
    }
}

/// Whether a person is to be left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// No.
    None,
    /// Yes.
    Sure,
    /// In the hours of a change of clocks people do not agree.
    Unsure,
}
