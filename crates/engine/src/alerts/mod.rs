//! Notices on the desktop. Showing one is never waited for: a task of its own talks to the desktop, and what it has
//! not got to yet is bounded.
//!
//! `notify-rust` says what a notice is, on every desktop, and shows it on macOS and Windows. Under the freedesktop
//! specification it can only open a connection for each notice, and hear clicks with a thread for each. Both are
//! wrong for a monitor that runs for weeks:
//! - Servers such as GNOME Shell and dunst send a click to the connection that sent the notice and to no other, and
//!   GNOME Shell takes an app's notices away when their connection ends. So showing and listening must share a
//!   connection that stays, and `notify-rust` neither takes one nor gives its own away.
//! - It asks to hear of clicks after the notice is shown, which loses the quick ones.
//!
//! So there `notify-rust` builds the notice, with its hints in their wire form, and one connection of ours sends it
//! and hears everything that comes back, in the order in which the bus delivers it.

pub mod channels;
#[cfg_attr(target_os = "macos", allow(dead_code, reason = "nothing is offered there"))]
mod click;
mod draft;
#[cfg(not(all(unix, not(target_os = "macos"))))]
mod native;
#[cfg_attr(
    not(all(unix, not(target_os = "macos"))),
    allow(dead_code, reason = "only under the freedesktop specification is it known how a try failed")
)]
mod outcome;
#[cfg_attr(
    not(all(unix, not(target_os = "macos"))),
    allow(dead_code, reason = "only under the freedesktop specification is it known how a try failed")
)]
mod places;
#[cfg_attr(
    not(all(unix, not(target_os = "macos"))),
    allow(dead_code, reason = "only under the freedesktop specification is it known how a try failed")
)]
mod queue;
#[cfg(all(unix, not(target_os = "macos")))]
mod xdg;

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use beatkeeper_core::notice::{Notice, NoticeId};

pub use click::{Click, ClickAction, OnClick};
#[cfg(not(all(unix, not(target_os = "macos"))))]
use native as platform;
pub use outcome::NotShown;
use queue::Queue;
#[cfg(all(unix, not(target_os = "macos")))]
use xdg as platform;

/// How long the desktop may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The desktop's notification server.
pub struct Desktop {
    queue: Arc<Queue>,
    problem: Problem,
}

impl Desktop {
    /// Starts the task that talks to the desktop; it ends when this is dropped. Call it within a tokio runtime.
    ///
    /// `outcome` is told of every try to show a notice, and must not block. One that failed is tried again when another
    /// notification server comes, and now and then for an hour; what is tried again is told with
    /// [`again`](NotShown::again), and only then told of again. A [test](beatkeeper_core::notice::NoticeKind::Test) is
    /// tried once.
    #[must_use]
    pub fn start(on_click: OnClick, outcome: impl Fn(NoticeId, Result<(), NotShown>) + Send + Sync + 'static) -> Self {
        let (queue, problem) = (Arc::new(Queue::new(Arc::new(outcome))), Problem::default());
        tokio::spawn(platform::run(Arc::clone(&queue), on_click, problem.clone()));
        Self { queue, problem }
    }

    /// Shows a notice, in place of the one with its id and of those that it supersedes.
    pub fn show(&self, notice: Notice) {
        self.queue.push(notice);
    }

    /// Takes these from the desktop, and shows none of them any more.
    pub fn withdraw(&self, notices: &[NoticeId]) {
        self.queue.withdraw(notices);
    }

    /// Why notices cannot be shown, and what to do about it, as far as the last attempt could tell.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.problem.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// What the last attempt came to.
#[derive(Clone, Default)]
struct Problem(Arc<Mutex<Option<String>>>);

impl Problem {
    fn set<E: Display>(&self, attempt: Result<(), E>) {
        let new = attempt.err().map(|error| format!("Notifications cannot be shown: {error}"));
        let mut problem = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(new) = new.as_ref().filter(|new| problem.as_ref() != Some(new)) {
            tracing::warn!("{new}");
        }
        *problem = new;
    }
}
