//! What hangs out: which notice of the desktop is about whom, and what others may still join.

use std::collections::HashMap;

use super::group::{Groups, Left, Telling};
use crate::identity::EntityId;
use crate::notice::{Notice, NoticeId, NoticeKind};
use crate::time::Time;

/// The board.
#[derive(Default)]
pub(super) struct Board {
    groups: Groups,
    /// Whom the notices that are still shown are about.
    shown: HashMap<NoticeId, Vec<EntityId>>,
}

/// What comes of an agent leaving its notice.
#[derive(Default)]
pub(super) struct Withdrawn {
    /// Nobody is left in what is shown.
    pub(super) gone: Option<NoticeId>,
    /// These have nothing to tell any more, and were not sent yet.
    pub(super) called_off: Vec<Notice>,
    /// These tell of fewer.
    pub(super) corrected: Vec<Notice>,
}

impl Board {
    /// An earlier run showed this of the agent.
    pub(super) fn recall(&mut self, notice: NoticeId, agent: &EntityId) {
        self.shown.entry(notice).or_default().push(agent.clone());
    }

    /// Notices that were told before have ids up to this one.
    pub(super) fn go_on_after(&mut self, last: NoticeId) {
        self.groups.go_on_after(last);
    }

    /// Tells it, in the place of what was told of the agent `before`.
    pub(super) fn tell(&mut self, telling: Telling, before: Option<NoticeId>, zone: i32, now: Time) -> Notice {
        let (agent, kind) = (telling.agent.id.clone(), telling.key.kind);
        let notice = self.groups.tell(telling, zone, now);
        // What nobody is left in is replaced; the others keep theirs.
        let older = before.filter(|older| *older != notice.id);
        if let Some(older) = older
            && leave(&mut self.shown, older, &agent)
        {
            notice.supersedes.push(older);
        }
        let about = self.shown.entry(notice.id).or_default();
        if !about.contains(&agent) {
            about.push(agent.clone());
        }
        let notice = notice.clone();
        if kind == NoticeKind::Recovered {
            // Nothing comes after it.
            leave(&mut self.shown, notice.id, &agent);
        }
        notice
    }

    /// Takes an agent's incident out of `notice`, and out of what others may still join.
    pub(super) fn withdraw(
        &mut self,
        notice: NoticeId,
        agent: &EntityId,
        opened_at: Time,
        zone: i32,
        now: Time,
    ) -> Withdrawn {
        let gone = leave(&mut self.shown, notice, agent).then_some(notice);
        let mut withdrawn = Withdrawn { gone, ..Withdrawn::default() };
        for left in self.groups.leave(agent, opened_at, zone, now) {
            match left {
                Left::Nobody(notice) => withdrawn.called_off.push(notice),
                Left::Others(notice) if self.shown.contains_key(&notice.id) => withdrawn.corrected.push(notice),
                // What took its place on the desktop says more.
                Left::Others(_) => {}
            }
        }
        withdrawn
    }

    /// When a notice is complete that others may still join.
    pub(super) fn due(&self) -> Option<Time> {
        self.groups.due()
    }

    /// Takes out what nobody can join any more.
    pub(super) fn closed(&mut self, now: Time) -> Vec<Notice> {
        self.groups.closed(now)
    }

    /// Takes out everything that others might still join.
    pub(super) fn all(&mut self) -> Vec<Notice> {
        self.groups.all()
    }
}

/// Takes an agent out of a notice; answers whether nobody is left in it.
fn leave(shown: &mut HashMap<NoticeId, Vec<EntityId>>, notice: NoticeId, id: &EntityId) -> bool {
    let Some(about) = shown.get_mut(&notice) else { return true };
    about.retain(|agent| agent != id);
    let empty = about.is_empty();
    if empty {
        shown.remove(&notice);
    }
    empty
}
