//! One cause, one notice: what happens to several agents within ten seconds for the same reason is told together.

use std::sync::Arc;
use std::time::Duration;

use super::Fault;
use crate::identity::EntityId;
use crate::notice::{Notice, NoticeAgent, NoticeId, NoticeKind, Story};
use crate::time::Time;

/// How long others may join.
const OPEN: Duration = Duration::from_secs(10);

/// What makes two tellings one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) kind: NoticeKind,
    pub(super) fault: Fault,
    pub(super) registry: String,
    pub(super) urgent: bool,
    pub(super) drill: bool,
    pub(super) channels: Option<Arc<[String]>>,
}

/// What is told of one agent.
#[derive(Clone, Debug)]
pub(super) struct Telling {
    pub(super) key: Key,
    pub(super) agent: NoticeAgent,
    pub(super) cause: String,
    pub(super) why: String,
    pub(super) changes: (usize, Duration),
}

struct Group {
    key: Key,
    closes_at: Time,
    changes: (usize, Duration),
    why: String,
    notice: Notice,
}

/// Those that others may still join.
#[derive(Default)]
pub(super) struct Groups {
    open: Vec<Group>,
    last: NoticeId,
}

impl Groups {
    /// The next notice has a greater id than that.
    pub(super) fn go_on_after(&mut self, last: NoticeId) {
        self.last = self.last.max(last);
    }

    /// Takes it in; answers the notice as it is told now.
    pub(super) fn tell(&mut self, telling: Telling, zone: i32, now: Time) -> &mut Notice {
        // Another incident of one that is in it already is another notice: the first may be over in between.
        let again = |group: &Group| {
            let agents = &group.notice.agents;
            agents.iter().any(|agent| agent.id == telling.agent.id && agent.opened_at != telling.agent.opened_at)
        };
        let open = |group: &Group| group.key == telling.key && group.closes_at > now && !again(group);
        let place = self.open.iter().position(open);
        let place = place.unwrap_or_else(|| {
            let id = NoticeId(now.as_millis().max(self.last.0 + 1));
            self.last = id;
            self.open.push(Group::of(telling.clone(), id, now));
            self.open.len() - 1
        });
        let group = &mut self.open[place];
        group.join(telling.agent);
        group.tell(zone, now);
        &mut group.notice
    }

    /// Takes an agent's incident out of what others may still join; answers what is left of each notice.
    pub(super) fn leave(&mut self, agent: &EntityId, opened_at: Time, zone: i32, now: Time) -> Vec<Left> {
        let mut left = Vec::new();
        self.open.retain_mut(|group| {
            let agents = &mut group.notice.agents;
            let before = agents.len();
            agents.retain(|known| known.id != *agent || known.opened_at != opened_at);
            if agents.len() == before {
                return true;
            }
            if agents.is_empty() {
                left.push(Left::Nobody(group.notice.clone()));
                return false;
            }
            group.tell(zone, now);
            left.push(Left::Others(group.notice.clone()));
            true
        });
        left
    }

    /// When the first closes.
    pub(super) fn due(&self) -> Option<Time> {
        self.open.iter().map(|group| group.closes_at).min()
    }

    /// Takes out what nobody can join any more.
    pub(super) fn closed(&mut self, now: Time) -> Vec<Notice> {
        let (closed, open) = std::mem::take(&mut self.open).into_iter().partition(|group| group.closes_at <= now);
        self.open = open;
        let closed: Vec<Group> = closed;
        closed.into_iter().map(|group| group.notice).collect()
    }

    /// Takes out everything.
    pub(super) fn all(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.open).into_iter().map(|group| group.notice).collect()
    }
}

/// What is left of a notice that an agent left.
pub(super) enum Left {
    /// It is told of these now.
    Others(Notice),
    /// There is nothing to tell any more; this was it.
    Nobody(Notice),
}

impl Group {
    fn of(telling: Telling, id: NoticeId, now: Time) -> Self {
        let Telling { key, agent: _, cause, why, changes } = telling;
        let notice = Notice {
            id,
            kind: key.kind,
            agents: Vec::new(),
            registry: key.registry.clone(),
            cause,
            fault: key.fault,
            title: String::new(),
            body: String::new(),
            at: now,
            supersedes: Vec::new(),
            urgent: key.urgent,
            channels: key.channels.clone(),
        };
        Self { key, closes_at: now + OPEN, changes, why, notice }
    }

    fn join(&mut self, agent: NoticeAgent) {
        match self.notice.agents.iter_mut().find(|known| known.id == agent.id) {
            Some(known) => *known = agent,
            None => self.notice.agents.push(agent),
        }
    }

    fn tell(&mut self, zone: i32, now: Time) {
        let story = Story {
            kind: self.key.kind,
            agents: &self.notice.agents,
            registry: &self.key.registry,
            fault: self.key.fault,
            why: &self.why,
            changes: self.changes,
            drill: self.key.drill,
            zone,
            now,
        };
        (self.notice.title, self.notice.body) = story.tell();
    }
}
