//! A notice on its way to a channel.

use std::sync::Arc;

use beatkeeper_core::alert::{Delivery, DeliveryState};
use beatkeeper_core::notice::Notice;
use beatkeeper_core::time::Time;

/// What waits in a lane, or died there.
pub(super) struct Letter {
    pub(super) delivery: Delivery,
    pub(super) notice: Arc<Notice>,
    /// From when its age counts.
    pub(super) since: Time,
    /// Tries in a row that failed, for the wait until the next.
    pub(super) failures: u32,
    /// Answers that were no.
    pub(super) answers: u32,
}

impl Letter {
    /// A new one.
    pub(super) fn new(notice: Arc<Notice>, channel: &str, now: Time) -> Self {
        let delivery = Delivery {
            notice: notice.id,
            channel: channel.to_owned(),
            state: DeliveryState::Waiting,
            attempts: 0,
            problem: None,
            next_at: Some(now),
            at: now,
        };
        Self { delivery, notice, since: now, failures: 0, answers: 0 }
    }

    /// One of an earlier run.
    pub(super) fn kept(delivery: Delivery, notice: Notice) -> Self {
        let since = notice.at;
        Self { delivery, notice: Arc::new(notice), since, failures: 0, answers: 0 }
    }

    pub(super) fn delivered(&mut self, now: Time) {
        self.delivery.attempts += 1;
        self.put(DeliveryState::Delivered, None, None, now);
    }

    pub(super) fn waits(&mut self, problem: String, until: Time, now: Time) {
        self.put(DeliveryState::Waiting, Some(problem), Some(until), now);
    }

    pub(super) fn dies(&mut self, problem: String, now: Time) {
        self.put(DeliveryState::Dead, Some(problem), None, now);
    }

    /// A person wants it tried again; what was said of it before stays until then.
    pub(super) fn rises(&mut self, now: Time) {
        (self.since, self.failures, self.answers) = (now, 0, 0);
        let problem = self.delivery.problem.take();
        self.put(DeliveryState::Waiting, problem, Some(now), now);
    }

    fn put(&mut self, state: DeliveryState, problem: Option<String>, next_at: Option<Time>, now: Time) {
        let delivery = &mut self.delivery;
        (delivery.state, delivery.problem, delivery.next_at, delivery.at) = (state, problem, next_at, now);
    }
}
