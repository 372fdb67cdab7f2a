//! Whose records are to be read, and by which requests.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use beatkeeper_core::identity::EntityId;

/// From so many agents of one developer on, one list is cheaper.
const LIST_FROM: usize = 3;
/// A list has at most this many (protocols.md 1.3), and then cannot prove that an entity is absent.
const LIST_FULL: usize = 100;

/// One request to a registry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// For one record.
    One(EntityId),
    /// For those of a developer, of which these are wanted.
    Many(Arc<str>, Vec<EntityId>),
}

/// The agents that are watched, and what of them is still to be asked for.
#[derive(Default)]
pub(super) struct Wishes {
    watched: HashSet<EntityId>,
    /// Of whom the stream told a beat since the last poll: their records hold nothing new.
    heard: HashSet<EntityId>,
    /// Wanted, and not planned yet.
    wanted: HashSet<EntityId>,
    /// Planned: asking again would change nothing.
    planned: HashSet<EntityId>,
    requests: VecDeque<Request>,
    developers: HashMap<EntityId, Arc<str>>,
    /// Each developer once: a fleet has few.
    known_developers: HashSet<Arc<str>>,
}

impl Wishes {
    pub(super) fn watch(&mut self, id: EntityId) {
        self.watched.insert(id);
    }

    pub(super) fn unwatch(&mut self, id: &EntityId) {
        self.watched.remove(id);
        self.heard.remove(id);
        self.wanted.remove(id);
        self.developers.remove(id);
    }

    pub(super) fn watches(&self, id: &EntityId) -> bool {
        self.watched.contains(id)
    }

    pub(super) fn watches_any(&self) -> bool {
        !self.watched.is_empty()
    }

    /// Wants a record; answers whether it was to be had and not yet planned.
    pub(super) fn want(&mut self, id: EntityId) -> bool {
        let new = self.watches(&id) && !self.planned.contains(&id);
        if new {
            self.wanted.insert(id);
        }
        new
    }

    /// Wants the records of all of whom the stream told nothing since the last call.
    pub(super) fn want_the_silent(&mut self) {
        let heard = std::mem::take(&mut self.heard);
        let silent = self.watched.iter().filter(|id| !self.planned.contains(*id) && !heard.contains(*id));
        self.wanted.extend(silent.cloned());
    }

    /// The stream told a beat.
    pub(super) fn heard(&mut self, id: &EntityId) {
        if let Some(id) = self.watched.get(id) {
            self.heard.insert(id.clone());
        }
    }

    /// The stream is down: what it told is no reason any more not to look.
    pub(super) fn forget_what_was_heard(&mut self) {
        self.heard.clear();
    }

    /// Turns wishes into requests: lists where a developer has several of the agents, single records otherwise.
    pub(super) fn plan(&mut self) {
        let mut by_developer: HashMap<Option<&Arc<str>>, Vec<EntityId>> = HashMap::new();
        for id in self.wanted.drain() {
            self.planned.insert(id.clone());
            by_developer.entry(self.developers.get(&id)).or_default().push(id);
        }
        for (developer, ids) in by_developer {
            match developer.filter(|_| (LIST_FROM..LIST_FULL).contains(&ids.len())) {
                Some(developer) => self.requests.push_back(Request::Many(Arc::clone(developer), ids)),
                None => self.requests.extend(ids.into_iter().map(Request::One)),
            }
        }
    }

    /// The next request to send. What it asks for can be wanted again from now on.
    pub(super) fn next_request(&mut self) -> Option<Request> {
        loop {
            let mut request = self.requests.pop_front()?;
            let any = match &mut request {
                Request::One(id) => {
                    self.planned.remove(id);
                    self.watched.contains(id)
                }
                Request::Many(_, ids) => {
                    for id in &*ids {
                        self.planned.remove(id);
                    }
                    ids.retain(|id| self.watched.contains(id));
                    !ids.is_empty()
                }
            };
            if any {
                return Some(request);
            }
        }
    }

    /// A record named its developer.
    pub(super) fn belongs_to(&mut self, id: &EntityId, developer: &str) {
        if self.developers.get(id).is_none_or(|known| **known != *developer) {
            let developer = self.known_developers.get(developer).cloned().unwrap_or_else(|| developer.into());
            self.known_developers.insert(Arc::clone(&developer));
            self.developers.insert(id.clone(), developer);
        }
    }

    /// It is not in its developer's list any more.
    pub(super) fn left_its_developer(&mut self, id: &EntityId) {
        self.developers.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> EntityId {
        format!("zns:{number:032x}").parse().unwrap()
    }

    fn watching(numbers: std::ops::Range<u32>) -> Wishes {
        let mut wishes = Wishes::default();
        numbers.for_each(|number| wishes.watch(id(number)));
        wishes
    }

    fn requests(wishes: &mut Wishes) -> Vec<Request> {
        std::iter::from_fn(|| wishes.next_request()).collect()
    }

    #[test]
    fn several_agents_of_one_developer_share_a_list() {
        let mut wishes = watching(0..5);
        for number in 0..3 {
            wishes.belongs_to(&id(number), "zns:dev:one");
        }
        wishes.want_the_silent();
        wishes.plan();
        let requests = requests(&mut wishes);
        assert_eq!(requests.len(), 3, "{requests:?}");
        let listed = requests.iter().find_map(|request| match request {
            Request::Many(developer, ids) => Some((&**developer, ids.len())),
            Request::One(_) => None,
        });
        assert_eq!(listed, Some(("zns:dev:one", 3)));
    }

    #[test]
    fn a_developer_with_more_agents_than_a_list_has_is_asked_for_each() {
        let mut wishes = watching(0..100);
        for number in 0..100 {
            wishes.belongs_to(&id(number), "zns:dev:one");
        }
        wishes.want_the_silent();
        wishes.plan();
        let requests = requests(&mut wishes);
        assert!(requests.len() == 100 && requests.iter().all(|request| matches!(request, Request::One(_))));
    }

    #[test]
    fn a_poll_leaves_out_of_whom_the_stream_told_since_the_last() {
        let mut wishes = watching(0..3);
        wishes.heard(&id(1));
        wishes.want_the_silent();
        wishes.plan();
        assert_eq!(requests(&mut wishes).len(), 2);
        // It must be heard again, or it is asked for like the others.
        wishes.want_the_silent();
        wishes.plan();
        assert_eq!(requests(&mut wishes).len(), 3);
        wishes.heard(&id(1));
        wishes.forget_what_was_heard();
        wishes.want_the_silent();
        wishes.plan();
        assert_eq!(requests(&mut wishes).len(), 3);
    }

    #[test]
    fn what_is_planned_is_not_planned_twice_and_what_left_is_not_asked_for() {
        let mut wishes = watching(0..2);
        assert!(wishes.want(id(0)) && wishes.want(id(1)));
        wishes.plan();
        assert!(!wishes.want(id(0)), "it is planned already");
        assert!(!wishes.want(id(7)), "nobody watches it");
        wishes.unwatch(&id(1));
        assert_eq!(requests(&mut wishes), [Request::One(id(0))]);
        assert!(wishes.want(id(0)), "it was asked for, and may have changed since");
    }
}
