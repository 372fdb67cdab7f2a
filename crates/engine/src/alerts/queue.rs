//! What waits to be shown. A desktop that hangs, or many agents that go down at once, must not fill the memory, and
//! nobody wants to read yesterday's news: an agent has one place here, and there are [`PLACES`] of them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use beatkeeper_core::notice::Notice;
use tokio::sync::Notify;

/// More than a person reads.
const PLACES: usize = 64;

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    notices: VecDeque<Notice>,
    closed: bool,
}

impl Queue {
    /// A newer notice of an agent takes the older one's turn.
    pub(super) fn push(&self, notice: Notice) {
        let mut waiting = self.waiting();
        if let Some(older) = waiting.notices.iter_mut().find(|older| older.agent == notice.agent) {
            *older = notice;
            return;
        }
        if waiting.notices.len() >= PLACES
            && let Some(oldest) = waiting.notices.pop_front()
        {
            tracing::warn!("too many notices wait for the desktop; dropped: {}", oldest.title);
        }
        waiting.notices.push_back(notice);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_one();
    }

    /// The next notice for the one who shows them; none after the end. Nothing is lost when this is dropped early.
    pub(super) async fn next(&self) -> Option<Notice> {
        loop {
            {
                let mut waiting = self.waiting();
                if waiting.closed {
                    return None;
                }
                if let Some(notice) = waiting.notices.pop_front() {
                    return Some(notice);
                }
            }
            // A change before this line is remembered.
            self.changed.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::identity::EntityId;
    use beatkeeper_core::notice::NoticeKind;
    use beatkeeper_core::time::Time;

    use super::*;

    fn notice(agent: usize, title: &str) -> Notice {
        let agent: EntityId = format!("zns:{agent:032x}").parse().unwrap();
        Notice { agent, kind: NoticeKind::Stale, title: title.into(), body: String::new(), at: Time::from_millis(0) }
    }

    #[tokio::test]
    async fn a_newer_notice_of_an_agent_takes_the_older_ones_turn() {
        let queue = Queue::default();
        for (agent, title) in [(1, "one is stale"), (2, "two is stale"), (1, "one is offline")] {
            queue.push(notice(agent, title));
        }
        assert_eq!(queue.next().await.unwrap().title, "one is offline");
        assert_eq!(queue.next().await.unwrap().title, "two is stale");
        queue.close();
        assert!(queue.next().await.is_none());
    }

    #[tokio::test]
    async fn when_all_places_are_taken_the_oldest_news_goes() {
        let queue = Queue::default();
        for agent in 0..PLACES + 3 {
            queue.push(notice(agent, &agent.to_string()));
        }
        assert_eq!(queue.waiting().notices.len(), PLACES);
        assert_eq!(queue.next().await.unwrap().title, "3");
    }

    #[tokio::test]
    async fn who_waits_is_told_of_a_notice_and_of_the_end() {
        let queue = std::sync::Arc::new(Queue::default());
        let reader = std::sync::Arc::clone(&queue);
        let read = tokio::spawn(async move { (reader.next().await, reader.next().await) });
        tokio::task::yield_now().await;
        queue.push(notice(1, "one"));
        while !queue.waiting().notices.is_empty() {
            tokio::task::yield_now().await;
        }
        queue.close();
        let (first, second) = read.await.unwrap();
        assert_eq!((first.unwrap().title.as_str(), second), ("one", None));
    }
}
