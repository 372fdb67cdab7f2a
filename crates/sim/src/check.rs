//! Holds what the app does against the model, and against what holds for every notice.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use beatkeeper_core::alert::Incident;
use beatkeeper_core::fleet::Fleet;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{Notice, NoticeId, NoticeKind};
use beatkeeper_core::time::Time;

use crate::model::{Model, SLACK};
use crate::plan::Plan;
use crate::run::{Broken, Stats};

/// Others may join a notice for so long, in milliseconds.
const GROUP: u64 = 10_000;

/// A notice that is not sent yet, as it was shown last.
struct Unsent {
    notice: Notice,
    first_at: Time,
}

/// What makes two notices one.
type Cause = (NoticeKind, String, String, bool, Option<Vec<String>>);

/// The comparison.
pub struct Check<'p> {
    pub model: Model<'p>,
    plan: &'p Plan,
    now: Time,
    /// What the desktop shows.
    desktop: BTreeMap<NoticeId, Notice>,
    unsent: BTreeMap<NoticeId, Unsent>,
    sent: BTreeSet<NoticeId>,
    /// When a notice of a cause was told first, last.
    causes: HashMap<Cause, (NoticeId, Time)>,
    /// Of this event: whose recovery was told, whose incident was frozen, who is concerned at all.
    recovered: Vec<usize>,
    frozen: Vec<(usize, Time)>,
    concerned: Vec<usize>,
    /// Of this event: what was kept.
    kept: Vec<(usize, Incident)>,
    stats: Stats,
    /// The app is not through with its start: not everyone is known to it.
    pub starting: bool,
}

impl<'p> Check<'p> {
    /// Nothing was told yet.
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            model: Model::new(plan),
            plan,
            now: Time::ZERO,
            desktop: BTreeMap::new(),
            unsent: BTreeMap::new(),
            sent: BTreeSet::new(),
            causes: HashMap::new(),
            recovered: Vec::new(),
            frozen: Vec::new(),
            concerned: Vec::new(),
            kept: Vec::new(),
            stats: Stats::default(),
            starting: false,
        }
    }

    /// An event was handled at that time.
    pub fn begin(&mut self, now: Time) {
        self.now = now;
        self.recovered.clear();
        self.frozen.clear();
        self.concerned.clear();
        self.kept.clear();
        self.model.begin(now);
    }

    /// An incident is frozen: it was opened.
    pub fn freeze(&mut self, agent: usize, opened_at: Time) {
        self.frozen.push((agent, opened_at));
    }

    /// The desktop shows a notice.
    pub fn show(&mut self, notice: &Notice, ids: &HashMap<EntityId, usize>) -> Result<(), Broken> {
        if self.sent.contains(&notice.id) {
            return Err(Broken::new("a notice is shown again after it was sent", None));
        }
        let known: Vec<_> = self
            .unsent
            .get(&notice.id)
            .map(|unsent| unsent.notice.agents.iter().map(|agent| (agent.id.clone(), agent.opened_at)).collect())
            .unwrap_or_default();
        if !known
            .iter()
            .all(|(id, opened_at)| Self::tells_of(notice, id, *opened_at) || self.is_over(ids[id], *opened_at))
        {
            return Err(Broken::new("an outage was taken out of a notice, and goes on", None));
        }
        self.one_of_a_cause(notice)?;
        for agent in &notice.agents {
            if known.contains(&(agent.id.clone(), agent.opened_at)) {
                continue;
            }
            let place = ids[&agent.id];
            self.concerned.push(place);
            self.open_frozen()?;
            self.count_telling(notice.kind);
            self.model.look_at(place);
            self.model.told(place, notice.kind)?;
            if notice.kind == NoticeKind::Recovered {
                self.recovered.push(place);
            }
        }
        for older in &notice.supersedes {
            self.desktop.remove(older);
        }
        self.desktop.insert(notice.id, notice.clone());
        let first_at = self.unsent.get(&notice.id).map_or(self.now, |unsent| unsent.first_at);
        self.unsent.insert(notice.id, Unsent { notice: notice.clone(), first_at });
        Ok(())
    }

    /// Two notices of one cause do not begin within ten seconds.
    fn one_of_a_cause(&mut self, notice: &Notice) -> Result<(), Broken> {
        let cause = (
            notice.kind,
            notice.fault.as_str().to_owned(),
            notice.registry.clone(),
            notice.urgent,
            notice.channels.as_ref().map(|channels| channels.to_vec()),
        );
        let (last, first_at) = *self.causes.entry(cause.clone()).or_insert((notice.id, self.now));
        if last == notice.id {
            return Ok(());
        }
        let apart = self.now.since(first_at);
        // After a restart with the clock set back, the earlier one lies in the future.
        if first_at <= self.now && apart.as_millis() < u128::from(GROUP) && self.unsent.contains_key(&last) {
            return Err(Broken::new("two notices of one cause within ten seconds", None));
        }
        self.causes.insert(cause, (notice.id, self.now));
        Ok(())
    }

    fn count_telling(&mut self, kind: NoticeKind) {
        match kind {
            NoticeKind::Late | NoticeKind::Stale | NoticeKind::Offline => self.stats.alerts += 1,
            NoticeKind::Recovered => self.stats.recoveries += 1,
            NoticeKind::Flapping => self.stats.flapping += 1,
            NoticeKind::Reminder => self.stats.reminders += 1,
            NoticeKind::GaveUp | NoticeKind::Test => {}
        }
    }

    /// The channels get a notice.
    pub fn send(&mut self, notice: &Notice, ids: &HashMap<EntityId, usize>) -> Result<(), Broken> {
        let Some(unsent) = self.unsent.remove(&notice.id) else {
            return Err(Broken::new("a notice is sent twice, or was never shown", None));
        };
        let mut told = unsent.notice.agents;
        told.retain(|agent| notice.agents.contains(agent) || !self.is_over(ids[&agent.id], agent.opened_at));
        if told != notice.agents {
            return Err(Broken::new("a notice is sent with other agents than were told of", None));
        }
        self.sent.insert(notice.id);
        Ok(())
    }

    /// A notice that was shown is not sent.
    pub fn call_off(&mut self, notice: &Notice, ids: &HashMap<EntityId, usize>) -> Result<(), Broken> {
        let Some(unsent) = self.unsent.remove(&notice.id) else {
            return Err(Broken::new("a notice is called off that does not wait", None));
        };
        if let Some(agent) = unsent.notice.agents.iter().find(|agent| !self.is_over(ids[&agent.id], agent.opened_at)) {
            return Err(Broken::new("a notice of an outage that goes on is called off", Some(ids[&agent.id])));
        }
        self.stats.called_off += 1;
        self.sent.insert(notice.id);
        Ok(())
    }

    fn tells_of(notice: &Notice, id: &EntityId, opened_at: Time) -> bool {
        notice.agents.iter().any(|agent| agent.id == *id && agent.opened_at == opened_at)
    }

    /// Whether that incident ended, be it with this event.
    fn is_over(&self, agent: usize, opened_at: Time) -> bool {
        let ended = |incident: &Incident| incident.opened_at == opened_at && incident.resolved_at.is_some();
        self.kept.iter().any(|(kept, incident)| *kept == agent && ended(incident))
            || self.model.agents[agent].episode.as_ref().is_none_or(|open| open.opened_at != opened_at.as_millis())
    }

    /// The desktop takes notices away.
    pub fn withdraw(&mut self, notices: &[NoticeId]) {
        for notice in notices {
            self.desktop.remove(notice);
        }
    }

    /// The app keeps an incident.
    pub fn keep(&mut self, agent: usize, incident: &Incident) -> Result<(), Broken> {
        self.concerned.push(agent);
        self.open_frozen()?;
        // Of one moment, the last record stays.
        self.kept.retain(|(of, earlier)| *of != agent || earlier.opened_at != incident.opened_at);
        self.kept.push((agent, incident.clone()));
        Ok(())
    }

    /// The app keeps until when an agent is snoozed.
    pub fn keep_snooze(&mut self, agent: usize, until: Option<Time>) -> Result<(), Broken> {
        self.concerned.push(agent);
        let expected = self.model.agents[agent].snoozed_until;
        let over = until.is_none();
        if !over && expected != until.map(Time::as_millis) {
            return Err(Broken::new("a snooze is kept that nobody asked for", Some(agent)));
        }
        Ok(())
    }

    fn open_frozen(&mut self) -> Result<(), Broken> {
        for (agent, opened_at) in std::mem::take(&mut self.frozen) {
            self.stats.incidents += 1;
            self.concerned.push(agent);
            self.model.look_at(agent);
            self.model.opened(agent, opened_at)?;
        }
        Ok(())
    }

    /// All of an event is known: what is owed is due.
    pub fn end(&mut self, agent: Option<usize>, timeout: bool, fleet: &Fleet) -> Result<(), Broken> {
        self.open_frozen()?;
        for (agent, incident) in std::mem::take(&mut self.kept) {
            let recovered = self.recovered.contains(&agent);
            self.model.look_at(agent);
            if incident.resolved_at.is_some() && !recovered {
                self.stats.silent += 1;
            }
            self.model.kept(agent, &incident, recovered)?;
        }
        self.model.look(agent);
        let concerned = std::mem::take(&mut self.concerned);
        for agent in &concerned {
            self.model.look_at(*agent);
        }
        for agent in concerned.iter().copied().chain(agent) {
            self.agrees(agent, fleet)?;
        }
        if !concerned.is_empty() && !self.starting {
            self.desktop_is_true(fleet)?;
        }
        if timeout && self.unsent.values().any(|unsent| unsent.first_at + Duration::from_millis(GROUP) <= self.now) {
            return Err(Broken::new("a notice was not sent after nobody could join it any more", None));
        }
        Ok(())
    }

    /// Looks at everyone, at no event at all.
    pub fn look_at_all(&mut self, fleet: &Fleet) -> Result<(), Broken> {
        self.model.look_at_all();
        (0..self.plan.agents.len()).try_for_each(|agent| self.agrees(agent, fleet))
    }

    /// Whether the app and the model have the same of an agent, and nothing is owed.
    fn agrees(&self, agent: usize, fleet: &Fleet) -> Result<(), Broken> {
        let one = &self.model.agents[agent];
        if let Some((since, what)) = one.owed.filter(|(since, _)| since + SLACK < self.now.as_millis()) {
            let since = Time::from_millis(since);
            return Err(Broken::new(format!("{what}, since {since:?}"), Some(agent)));
        }
        let id = &self.plan.agents[agent].settings.id;
        let theirs = fleet.desk().incident(id);
        if theirs.map(|incident| incident.opened_at.as_millis()) != one.episode.as_ref().map(|open| open.opened_at) {
            return Err(Broken::new(
                "the desk and what it had kept differ: an incident was lost, or came back",
                Some(agent),
            ));
        }
        let snoozed = fleet.desk().snoozed_until(id).map(Time::as_millis).filter(|until| *until > self.now.as_millis());
        if snoozed != one.snoozed_until.filter(|until| *until > self.now.as_millis()) {
            return Err(Broken::new("a snooze was lost, or came back", Some(agent)));
        }
        Ok(())
    }

    /// The desktop shows the newest notice of every outage that was told, and of nothing else.
    fn desktop_is_true(&self, fleet: &Fleet) -> Result<(), Broken> {
        for notice in self.desktop.values().filter(|notice| notice.kind != NoticeKind::Recovered) {
            let goes_on = notice.agents.iter().any(|agent| {
                fleet.desk().incident(&agent.id).is_some_and(|incident| incident.notice == Some(notice.id))
            });
            if !goes_on {
                return Err(Broken::new(format!("the desktop still shows \"{}\", which is over", notice.title), None));
            }
        }
        for incident in fleet.desk().open() {
            if let Some(notice) = incident.notice.filter(|notice| !self.desktop.contains_key(notice)) {
                let id = &incident.agent;
                let agent = self.plan.agents.iter().position(|entry| entry.settings.id == *id);
                return Err(Broken::new(format!("the desktop does not show notice {} any more", notice.0), agent));
            }
        }
        Ok(())
    }

    /// The app ended. What nobody got to send is lost only when it was killed.
    pub fn app_ended(&mut self, _now: Time, well: bool) -> Result<(), Broken> {
        if well && !self.unsent.is_empty() {
            return Err(Broken::new("the app ended and left a notice unsent", None));
        }
        self.sent.extend(std::mem::take(&mut self.unsent).into_keys());
        Ok(())
    }

    /// After hours in which everything was well, everything is over.
    pub fn quiet_end(&self, fleet: &Fleet, now: Time) -> Result<(), Broken> {
        if let Some(incident) = fleet.desk().open().next() {
            let agent = self.plan.agents.iter().position(|entry| entry.settings.id == incident.agent);
            return Err(Broken::new(format!("an incident is still open at {now:?}: {incident:?}"), agent));
        }
        let left = self.desktop.values().find(|notice| notice.kind != NoticeKind::Recovered);
        left.map_or(Ok(()), |notice| Err(Broken::new(format!("the desktop still shows {notice:?}"), None)))
    }

    /// Adds what was seen.
    pub fn count(&self, stats: &mut Stats) {
        stats.add(&self.stats);
    }
}
