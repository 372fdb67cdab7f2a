//! The places of notices that wait, between whoever tells them and the one task that shows them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use beatkeeper_core::notice::{Notice, NoticeId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::outcome::{Failure, OnOutcome, Report};
use super::places::{Place, Places, Turn};

pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
    outcome: OnOutcome,
}

#[derive(Default)]
struct Waiting {
    places: Places,
    closed: bool,
}

impl Queue {
    pub(super) fn new(outcome: OnOutcome) -> Self {
        Self { waiting: Mutex::default(), changed: Notify::new(), outcome }
    }

    pub(super) fn push(&self, notice: Notice) {
        self.change(|places| places.push(notice));
    }

    pub(super) fn withdraw(&self, ids: &[NoticeId]) {
        self.change(|places| places.withdraw(ids));
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_one();
    }

    /// What to do next, for the one who does it; none after the end. Nothing is lost when this is dropped early.
    pub(super) async fn next(&self) -> Option<Turn> {
        loop {
            let (turn, wake_at, reports) = {
                let mut waiting = self.waiting();
                if waiting.closed {
                    return None;
                }
                let (turn, reports) = waiting.places.next(Instant::now());
                (turn, waiting.places.wake_at(), reports)
            };
            self.report(reports);
            if turn.is_some() {
                return turn;
            }
            // A change before these lines is remembered.
            match wake_at {
                Some(at) => _ = tokio::time::timeout_at(at, self.changed.notified()).await,
                None => self.changed.notified().await,
            }
        }
    }

    /// It is on the desktop.
    pub(super) fn shown(&self, id: NoticeId) {
        self.change(|places| [places.shown(id)]);
    }

    /// It is on the desktop after all.
    pub(super) fn answered(&self, id: NoticeId) {
        self.change(|places| places.answered(id));
    }

    /// It could not be shown.
    pub(super) fn failed(&self, place: Box<Place>, how: Failure, problem: String) {
        self.change(|places| places.failed(place, how, problem, Instant::now()));
    }

    /// There is another server.
    pub(super) fn server_came(&self) {
        self.change(|places| {
            places.server_came();
            None
        });
    }

    /// Nobody would say that there is another server.
    pub(super) fn server_lost(&self) {
        self.change(|places| {
            places.server_lost(Instant::now());
            None
        });
    }

    fn change<R: IntoIterator<Item = Report>>(&self, change: impl FnOnce(&mut Places) -> R) {
        let reports = change(&mut self.waiting().places);
        self.changed.notify_one();
        self.report(reports);
    }

    fn report(&self, reports: impl IntoIterator<Item = Report>) {
        for (id, result) in reports {
            (self.outcome)(id, result);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use beatkeeper_core::time::Time;

    use super::*;

    #[tokio::test]
    async fn who_waits_is_told_of_a_notice_and_of_the_end() {
        let queue = Arc::new(Queue::new(Arc::new(|_, _| {})));
        let reader = Arc::clone(&queue);
        let read = tokio::spawn(async move { (reader.next().await, reader.next().await) });
        tokio::task::yield_now().await;
        queue.push(Notice::test(Time::from_millis(7)));
        while queue.waiting().places.len() > 0 {
            tokio::task::yield_now().await;
        }
        queue.close();
        let (first, second) = read.await.unwrap();
        assert!(matches!(first, Some(Turn::Show(place)) if place.notice.id == NoticeId(7)));
        assert!(second.is_none());
    }

    #[tokio::test]
    async fn each_outcome_is_told() {
        let told: Arc<Mutex<Vec<Report>>> = Arc::default();
        let hears = Arc::clone(&told);
        let outcome: OnOutcome = Arc::new(move |id, result| hears.lock().unwrap().push((id, result)));
        let queue = Queue::new(outcome);
        queue.push(Notice::test(Time::from_millis(7)));
        let Some(Turn::Show(place)) = queue.next().await else { unreachable!("it waits") };
        queue.shown(place.notice.id);
        queue.push(Notice::test(Time::from_millis(8)));
        queue.withdraw(&[NoticeId(8)]);
        let told = told.lock().unwrap().clone();
        assert_eq!(told[0], (NoticeId(7), Ok(())));
        assert!(told[1].0 == NoticeId(8) && !told[1].1.as_ref().unwrap_err().again);
        assert!(matches!(queue.next().await, Some(Turn::Withdraw(ids)) if ids == [NoticeId(8)]));
    }
}
