//! What waits to be shown, and when each has its turn. A desktop that hangs, or many agents that go down at once, must
//! not fill the memory, and nobody wants to read yesterday's news: a notice has one place here, there are [`PLACES`] of
//! them, and what could not be shown for [`LIFETIME`] is given up.
//!
//! Nothing here waits or asks for the time.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use beatkeeper_core::notice::{Notice, NoticeId, NoticeKind};
use tokio::time::Instant;

use super::outcome::{Failure, NotShown, Report};

/// More than a person reads.
pub(super) const PLACES: usize = 64;
/// How many notices can wait to be taken away; the desktop closes older ones by itself.
const WITHDRAWN: usize = 1024;
/// How many older notices one can take the place of, however long nobody took any of them.
const SUPERSEDED: usize = 64;
/// After the first failure; then twice as long each time.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LAST_RETRY: Duration = Duration::from_secs(5 * 60);
/// How long a notice that failed is tried again.
const LIFETIME: Duration = Duration::from_secs(3600);

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Turn {
    /// Show this.
    Show(Box<Place>),
    /// Take these away.
    Withdraw(Vec<NoticeId>),
}

/// A notice that waits.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) notice: Notice,
    when: When,
    failed: Option<Failed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Now,
    /// Then, or as soon as there is another server.
    At(Instant),
    /// As soon as there is another server. Until then it is given up.
    NextServer(Instant),
}

#[derive(Debug)]
struct Failed {
    tries: u32,
    since: Instant,
    how: Failure,
    problem: String,
}

#[derive(Default)]
pub(super) struct Places {
    notices: VecDeque<Place>,
    withdrawn: Vec<NoticeId>,
}

impl Places {
    /// A newer notice takes the turn of the one that it is, or supersedes.
    pub(super) fn push(&mut self, mut notice: Notice) -> Vec<Report> {
        let (mut turn, mut reports) = (None, Vec::new());
        let mut at = 0;
        while let Some(place) = self.notices.get(at) {
            let older = place.notice.id;
            if !takes_place_of(&notice, older) {
                at += 1;
                continue;
            }
            if let Some(place) = self.notices.remove(at) {
                turn = turn.or(Some(at));
                inherit(&mut notice, place.notice);
                reports.extend((older != notice.id).then(|| over(older)));
            }
        }
        if let Some(turn) = turn {
            self.notices.insert(turn, Place::new(notice));
            return reports;
        }
        if self.notices.len() >= PLACES
            && let Some(oldest) = self.notices.pop_front()
        {
            tracing::warn!("too many notices wait for the desktop; dropped: {}", oldest.notice.title);
            reports.push(not_shown(oldest.notice.id, "Too many notices waited for the desktop.".to_owned(), false));
        }
        self.notices.push_back(Place::new(notice));
        reports
    }

    /// What waits is dropped, and what is shown is to be taken away.
    pub(super) fn withdraw(&mut self, ids: &[NoticeId]) -> Vec<Report> {
        let mut reports = Vec::new();
        self.notices.retain(|place| {
            let stays = !ids.contains(&place.notice.id);
            reports.extend((!stays).then(|| over(place.notice.id)));
            stays
        });
        self.withdrawn.extend(ids);
        let most = self.withdrawn.len().saturating_sub(WITHDRAWN);
        self.withdrawn.drain(..most);
        reports
    }

    /// What to do now. Whoever gets a place to show tells what became of it.
    pub(super) fn next(&mut self, now: Instant) -> (Option<Turn>, Vec<Report>) {
        let mut reports = Vec::new();
        self.notices.retain(|place| {
            let Some(failed) = place.failed.as_ref().filter(|_| place.when.is_in_vain(now)) else { return true };
            reports.push(not_shown(place.notice.id, failed.problem.clone(), false));
            false
        });
        if !self.withdrawn.is_empty() {
            return (Some(Turn::Withdraw(std::mem::take(&mut self.withdrawn))), reports);
        }
        let due = self.notices.iter().position(|place| place.when.is_due(now));
        (due.and_then(|at| self.notices.remove(at)).map(Box::new).map(Turn::Show), reports)
    }

    /// When to ask again, unless something happens before.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let waits = self.notices.iter().filter_map(|place| match place.when {
            When::Now => None,
            When::At(at) | When::NextServer(at) => Some(at),
        });
        waits.min()
    }

    /// It is on the desktop, so whatever nobody was there for can be, too.
    pub(super) fn shown(&mut self, id: NoticeId) -> Report {
        for place in &mut self.notices {
            if place.failed.as_ref().is_some_and(|failed| failed.how == Failure::Missed) {
                place.when = When::Now;
            }
        }
        (id, Ok(()))
    }

    /// The answer to an unanswered notice came late.
    pub(super) fn answered(&mut self, id: NoticeId) -> Option<Report> {
        let waits = |place: &Place| place.notice.id == id && matches!(place.when, When::NextServer(_));
        let at = self.notices.iter().position(waits)?;
        self.notices.remove(at).map(|place| (place.notice.id, Ok(())))
    }

    /// It could not be shown.
    pub(super) fn failed(&mut self, mut place: Box<Place>, how: Failure, problem: String, now: Instant) -> Vec<Report> {
        let id = place.notice.id;
        let mut waiting = self.notices.iter_mut().map(|place| &mut place.notice);
        if let Some(newer) = waiting.find(|newer| takes_place_of(newer, id)) {
            let same = newer.id == id;
            inherit(newer, place.notice);
            return if same { Vec::new() } else { vec![over(id)] };
        }
        if self.withdrawn.contains(&id) {
            return vec![over(id)];
        }
        let (tries, since) =
            place.failed.as_ref().map_or((1, now), |failed| (failed.tries.saturating_add(1), failed.since));
        let end = since + LIFETIME;
        let when = match how {
            Failure::Hopeless => None,
            Failure::Unanswered => Some(When::NextServer(end)),
            Failure::Missed | Failure::Refused => Some(now + pause(tries)).filter(|at| *at < end).map(When::At),
        };
        // Whoever tests is told at once, and tries again themselves.
        let when = when.filter(|_| place.notice.kind != NoticeKind::Test && self.notices.len() < PLACES);
        let Some(when) = when else { return vec![not_shown(id, problem, false)] };
        place.when = when;
        place.failed = Some(Failed { tries, since, how, problem: problem.clone() });
        let turn = self.notices.partition_point(|other| other.notice.id < id);
        self.notices.insert(turn, *place);
        vec![not_shown(id, problem, true)]
    }

    /// There is another server: it has got none of these.
    pub(super) fn server_came(&mut self) {
        for place in &mut self.notices {
            place.when = When::Now;
        }
    }

    /// Nobody would say that there is another server, so it is looked for.
    pub(super) fn server_lost(&mut self, now: Instant) {
        for place in &mut self.notices {
            if let When::NextServer(_) = place.when {
                place.when = When::At(now + FIRST_RETRY);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.notices.len()
    }
}

impl Place {
    fn new(notice: Notice) -> Self {
        Self { notice, when: When::Now, failed: None }
    }
}

impl When {
    fn is_due(self, now: Instant) -> bool {
        match self {
            Self::Now => true,
            Self::At(at) => at <= now,
            Self::NextServer(_) => false,
        }
    }

    fn is_in_vain(self, now: Instant) -> bool {
        match self {
            Self::Now | Self::At(_) => false,
            Self::NextServer(end) => end <= now,
        }
    }
}

fn takes_place_of(newer: &Notice, id: NoticeId) -> bool {
    newer.id == id || newer.supersedes.contains(&id)
}

/// What an older notice was to replace is still on the desktop.
fn inherit(newer: &mut Notice, older: Notice) {
    for id in older.supersedes {
        if id != newer.id && !newer.supersedes.contains(&id) {
            newer.supersedes.push(id);
        }
    }
    newer.supersedes.truncate(SUPERSEDED);
}

fn pause(tries: u32) -> Duration {
    FIRST_RETRY.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(LAST_RETRY)
}

fn over(id: NoticeId) -> Report {
    let problem = "It was over, or a newer notice took its place, before it could be shown.".to_owned();
    (id, Err(NotShown { problem, again: false, over: true }))
}

fn not_shown(id: NoticeId, problem: String, again: bool) -> Report {
    (id, Err(NotShown { problem, again, over: false }))
}
