//! All agents: what is known of each, in rows; what changed since a revision; what to do and to keep because of it.
//!
//! One task owns the [`Fleet`], feeds it [`FleetEvent`]s and carries out its [`FleetAction`]s.

mod agent;
mod attention;
mod bus;
mod connections;
mod drill;
mod event;
mod registries;
mod runs;
mod strip;
mod summary;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use crate::alert::Desk;
use crate::dialect::Trial;
use crate::doctor::Chart;
use crate::history::{Connection, SpanKind};
use crate::history::{HistoryRow, Transition};
use crate::identity::EntityId;
use crate::reckon::reckon;
use crate::time::Time;
use crate::view::{BeatStrip, FleetDelta, Speaker, StripSpan};
use crate::witness::Activity;

pub use event::{AgentSettings, BusSettings, BusWord, FleetAction, FleetEvent, Past, ProcessReading, RegistrySettings};

use agent::{Agent, Change};
use bus::BusCounts;

/// How long the past is kept in memory: the table's beat strip and its counts.
pub const STRIP: Duration = Duration::from_secs(24 * 3600);
/// After sleep nothing is judged for this long.
pub const WAKE_GRACE: Duration = Duration::from_secs(60);
/// Gone rows that are remembered for windows that ask late; older ones get everything.
const TOMBSTONES: usize = 1024;

struct Registry {
    settings: RegistrySettings,
    trial: Trial,
    bus: BusCounts,
    stream_live: bool,
    answered: bool,
    /// Whether the last try came to any answer.
    reached: Option<bool>,
    problem: Option<String>,
    problem_since: Option<Time>,
    clock_ahead_ms: Option<i64>,
}

/// All agents.
#[derive(Default)]
pub struct Fleet {
    /// Boxed: a map has room for more than it holds.
    agents: HashMap<EntityId, Box<Agent>>,
    registries: BTreeMap<String, Registry>,
    revision: u64,
    /// Rows by the revision of their last change.
    changed: BTreeMap<u64, EntityId>,
    removed: VecDeque<(u64, EntityId)>,
    /// Revisions up to this one can no longer be told apart from everything.
    forgotten: u64,
    due: BTreeSet<(Time, EntityId)>,
    actions: VecDeque<FleetAction>,
    desk: Desk,
    context: Context,
}

/// What holds for every agent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context {
    /// Right after sleep, only good news counts until then.
    hold_until: Option<Time>,
    /// This computer has no network.
    network_down: bool,
    /// How far the wall clock is ahead of the timeline.
    wall_ahead_ms: i64,
    /// What a person's clock shows, in seconds east of UTC.
    zone: i32,
}

impl Fleet {
    /// Takes in what happened.
    pub fn handle(&mut self, event: FleetEvent, now: Time) {
        match event {
            FleetEvent::RegistrySet(settings) => self.set_registry(settings, now),
            FleetEvent::RegistryRemoved(name) => {
                self.let_strangers_go(&name, now);
                self.registries.remove(&name);
                self.revision += 1;
            }
            FleetEvent::AgentAdded(settings, past) => self.add(settings, &past, now),
            FleetEvent::AgentChanged(settings) => {
                let id = settings.id.clone();
                let place = settings.registry.clone();
                self.update(&id, now, |agent, _, change| agent.reconfigure(settings, now, change));
                self.count_the_seen(&place);
            }
            FleetEvent::AgentRemoved(id) => self.remove(&id, now),
            FleetEvent::Link(id, report) => {
                self.answers_on_links(&id, &report, now);
                self.update(&id, now, |agent, _, change| agent.link_reported(report, now, change));
            }
            FleetEvent::Activity { registry, activity, heard_at } => {
                self.activity(&registry, &activity, heard_at.min(now), now);
            }
            FleetEvent::Stream { registry, live } => self.stream(&registry, live, now),
            FleetEvent::Record { id, asked_at, facts } => {
                let context = self.context;
                self.update(&id, now, |agent, registry, change| {
                    agent.record_read(asked_at, facts, registry.ahead_of_timeline(context), now, change);
                });
            }
            FleetEvent::RegistryAnswer { registry, problem, reached, clock_ahead_ms } => {
                self.registry_answered(&registry, problem, reached, clock_ahead_ms, now);
            }
            FleetEvent::Bus { bus, word, heard_at } => self.bus_word(&bus, &word, heard_at.min(now), now),
            FleetEvent::Lease(id, stand) => {
                self.update(&id, now, |agent, _, change| agent.lease_stands(stand, change));
            }
            FleetEvent::Process(id, reading) => {
                self.update(&id, now, |agent, _, change| agent.process_read(reading, now, change));
            }
            FleetEvent::Run(id, event) => self.run_event(&id, event, now),
            FleetEvent::Snoozed(id, until) => self.snooze(&id, until, now),
            FleetEvent::Acknowledged(id, until) => self.acknowledge(&id, until, now),
            FleetEvent::AlertsPaused(until) => self.pause_alerts(until, now),
            FleetEvent::AlertsWere { paused_until, last_notice } => self.desk.recall_alerts(paused_until, last_notice),
            FleetEvent::Quiet(hours) => self.set_quiet(hours, now),
            FleetEvent::Drill(id, on) => self.drill(&id, on, now),
            FleetEvent::Listen(id, on) => self.listen(&id, on, now),
            FleetEvent::Network(reading) => self.network_read(reading, now),
            FleetEvent::Wall { ahead_ms } => {
                self.context.wall_ahead_ms = ahead_ms;
                if self.desk.set_wall(ahead_ms) {
                    self.look_at_all(now);
                }
            }
            FleetEvent::Closing => {
                self.keep_usage();
                self.desk.close();
            }
            FleetEvent::Woke { slept } => self.woke(slept, now),
            FleetEvent::Zone { offset } => {
                self.context.zone = offset;
                self.desk.set_zone(offset);
            }
            FleetEvent::Timeout => self.timeout(now),
        }
        self.take_desk_actions();
    }

    /// What to do next.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<FleetAction> {
        self.actions.pop_front()
    }

    /// When to call back with [`FleetEvent::Timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let first = self.due.first().map(|(due, _)| *due);
        [first, self.desk.poll_timeout()].into_iter().flatten().min()
    }

    /// The revision of the newest change.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// What changed since a revision; everything for revision 0 or one that is too old.
    #[must_use]
    pub fn delta_since(&self, since: u64, now: Time) -> FleetDelta {
        let full = since == 0 || since < self.forgotten || since > self.revision;
        let from = if full { 0 } else { since + 1 };
        let rows = self.changed.range(from..).filter_map(|(_, id)| self.row(id)).collect();
        let removed = if full {
            Vec::new()
        } else {
            self.removed
                .iter()
                .filter(|(revision, id)| *revision > since && !self.agents.contains_key(id))
                .map(|(_, id)| id.clone())
                .collect()
        };
        FleetDelta {
            revision: self.revision,
            full,
            now,
            rows,
            removed,
            summary: self.summary(),
            registries: self.registry_health(),
            alerts: self.alerts(now),
        }
    }

    /// One agent's row.
    #[must_use]
    pub fn row(&self, id: &EntityId) -> Option<crate::view::AgentRow> {
        let agent = self.agents.get(id)?;
        let registry = self.registries.get(&agent.settings.registry)?;
        Some(agent.row(registry, &self.desk))
    }

    /// What the doctor wants to know of an agent beyond its row.
    #[must_use]
    pub fn chart(&self, id: &EntityId) -> Option<Chart> {
        let agent = self.agents.get(id)?;
        let registry = self.registries.get(&agent.settings.registry)?;
        Some(agent.chart(registry))
    }

    /// An agent's beats of the last time, up to 24 hours.
    #[must_use]
    pub fn strip(&self, id: &EntityId, back: Duration, now: Time) -> Option<BeatStrip> {
        let agent = self.agents.get(id)?;
        let spans: Vec<StripSpan> = agent.strip.spans().cloned().collect();
        Some(reckon(&spans, agent.settings.interval, now - back, now))
    }

    /// What one beat of the agent covers.
    #[must_use]
    pub fn interval(&self, id: &EntityId) -> Option<Duration> {
        self.agents.get(id).map(|agent| agent.settings.interval)
    }

    /// The connection that is open, or being tried.
    #[must_use]
    pub fn current_connection(&self, id: &EntityId) -> Option<&Connection> {
        self.agents.get(id)?.connections.current()
    }

    /// The ids of a registry's agents.
    pub fn ids(&self) -> impl Iterator<Item = &EntityId> {
        self.agents.keys()
    }

    fn add(&mut self, settings: AgentSettings, past: &Past, now: Time) {
        if !self.registries.contains_key(&settings.registry) {
            return;
        }
        if self.agents.contains_key(&settings.id) {
            self.handle(FleetEvent::AgentChanged(settings), now);
            return;
        }
        let id = settings.id.clone();
        self.is_no_stranger(&id, now);
        let agent = Box::new(Agent::new(settings, past, now));
        let snoozed = past.snoozed_until.filter(|until| *until > now);
        let grace = agent.grace_until.unwrap_or(now);
        // What is still to come was told by a clock that was set back since.
        let mut turns = past.turns.clone();
        turns.counted.retain(|at| *at <= now);
        self.desk.recall(&id, past.incident.clone(), snoozed, turns, grace);
        self.agents.insert(id.clone(), agent);
        self.removed.retain(|(_, removed)| *removed != id);
        self.update(&id, now, |agent, _, change| agent.begin(now, change));
    }

    fn remove(&mut self, id: &EntityId, now: Time) {
        self.desk.forget(id, now);
        if let Some(agent) = self.agents.remove(id) {
            self.changed.remove(&agent.revision);
            if let Some(due) = agent.due {
                self.due.remove(&(due, id.clone()));
            }
            self.revision += 1;
            if self.removed.len() == TOMBSTONES
                && let Some((oldest, _)) = self.removed.pop_front()
            {
                self.forgotten = oldest;
            }
            self.removed.push_back((self.revision, id.clone()));
            self.count_the_seen(&agent.settings.registry);
        }
    }

    fn activity(&mut self, registry: &str, activity: &Activity, heard_at: Time, now: Time) {
        let (Activity::Heartbeat { id, .. }
        | Activity::BecameActive { id, .. }
        | Activity::BecameInactive { id, .. }
        | Activity::Registered { id }
        | Activity::Deregistered { id }) = activity
        else {
            return;
        };
        let id = id.clone();
        if self.agents.get(&id).is_some_and(|agent| agent.settings.registry == registry) {
            self.update(&id, now, |agent, _, change| agent.activity(activity, heard_at, now, change));
        }
    }

    fn woke(&mut self, slept: Duration, now: Time) {
        self.context.hold_until = Some(now + WAKE_GRACE);
        self.desk.hold(now + WAKE_GRACE);
        for id in self.all_ids() {
            self.update(&id, now, |agent, _, change| {
                agent.strip.gap(SpanKind::Asleep, "asleep", now - slept, now);
                change.read_record = true;
            });
        }
    }

    fn timeout(&mut self, now: Time) {
        if self.context.hold_until.is_some_and(|until| until <= now) {
            self.context.hold_until = None;
        }
        // Whatever is due is looked at once; looking moves its deadline ahead of `now`.
        let due: Vec<EntityId> = self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| id.clone()).collect();
        for id in due {
            self.update(&id, now, |agent, _, change| agent.look(now, change));
            self.forget_the_gone(&id, now);
        }
        for id in self.desk.due(now) {
            self.update(&id, now, |_, _, _| {});
        }
    }

    /// In an order that does not change from run to run.
    fn all_ids(&self) -> Vec<EntityId> {
        sorted(self.agents.keys().cloned().collect())
    }

    /// Changes one agent, then draws the consequences: state, verdict, notices, history, deadline, revision.
    fn update(&mut self, id: &EntityId, now: Time, fold: impl FnOnce(&mut Agent, &Registry, &mut Change)) {
        let Some(agent) = self.agents.get_mut(id) else { return };
        let Some(registry) = self.registries.get(&agent.settings.registry) else { return };
        let mut change = Change::default();
        let strip = (agent.strip.revision(), agent.strip.end());
        fold(agent, registry, &mut change);
        agent.settle(registry, self.context, now, &mut change);
        change.row |= (agent.strip.revision(), agent.strip.end()) != strip;

        if change.confirmed {
            self.actions.push_back(FleetAction::Confirmed(id.clone()));
        }
        if let Some(fatal) = change.block {
            self.actions.push_back(FleetAction::Block(id.clone(), fatal));
        }
        if change.unblock {
            self.actions.push_back(FleetAction::Unblock(id.clone()));
        }
        if change.read_record {
            self.actions.push_back(FleetAction::ReadRecord(id.clone()));
        }
        // Silent before somebody else may begin.
        if let Some(beat) = change.beat {
            self.actions.push_back(if beat { FleetAction::Speak(id.clone()) } else { FleetAction::Hush(id.clone()) });
        }
        if let Some(wanted) = change.lease {
            self.actions.push_back(FleetAction::Lease(id.clone(), wanted));
        }
        self.actions.extend(change.run.iter().map(|action| FleetAction::Run(id.clone(), *action)));
        let counts = change.turned && self.desk.turned(&agent.sighting(registry), now);
        change.row |= self.desk.look(&agent.sighting(registry), now);
        self.actions.extend(agent.strip.take_rows(id).into_iter().map(FleetAction::Keep));
        self.actions.extend(agent.connections.take_rows().into_iter().map(FleetAction::Keep));
        let transition =
            change.transition.map(|transition| HistoryRow::Transition(Transition { counts, ..transition }));
        self.actions.extend(transition.into_iter().chain(change.memory.map(HistoryRow::Memory)).map(FleetAction::Keep));
        let usage = change.usage.into_iter().map(|bucket| HistoryRow::Usage(id.clone(), bucket));
        self.actions.extend(usage.map(FleetAction::Keep));

        let sign =
            change.sign.filter(|_| agent.speaker() == Speaker::App).map(|sign| (agent.settings.registry.clone(), sign));
        if agent.due != change.due {
            if let Some(due) = agent.due {
                self.due.remove(&(due, id.clone()));
            }
            if let Some(due) = change.due {
                self.due.insert((due, id.clone()));
            }
            agent.due = change.due;
        }
        if change.row || agent.revision == 0 {
            self.revision += 1;
            self.changed.remove(&agent.revision);
            agent.revision = self.revision;
            self.changed.insert(self.revision, id.clone());
        }
        if let Some((registry, sign)) = sign {
            self.try_dialect(&registry, sign, now);
        }
    }
}

fn sorted(mut ids: Vec<EntityId>) -> Vec<EntityId> {
    ids.sort_unstable();
    ids
}

#[cfg(test)]
mod tests;
