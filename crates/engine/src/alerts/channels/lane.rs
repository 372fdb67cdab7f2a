//! One channel's task: the oldest notice is tried until the channel took it, then the next.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::attempt;
use super::room::{Room, Step};
use super::setback::Setback;

/// Starts it. It ends when the handle is dropped.
pub(super) fn start(room: &Arc<Room>, bell: &Arc<Notify>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(run(Arc::clone(room), Arc::clone(bell))))
}

async fn run(room: Arc<Room>, bell: Arc<Notify>) {
    while let Some(step) = room.next(&bell) {
        match step {
            Step::Wait => bell.notified().await,
            Step::WaitUntil(at) => {
                // A bell in the meantime is reason to look again.
                let _ = tokio::time::timeout_at(room.clock.instant(at), bell.notified()).await;
            }
            Step::Try(entry, notice) => {
                let trying = Box::pin(attempt::deliver(&room.means, &entry, &notice));
                let outcome = AssertUnwindSafe(trying).catch_unwind().await;
                // A panic costs this try, not the lane.
                let outcome = outcome.unwrap_or_else(|_| Err(Setback::not_now("the try failed inside Beatkeeper")));
                room.settle(&bell, notice.id, outcome);
            }
        }
    }
}
