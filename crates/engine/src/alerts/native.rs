//! macOS and Windows, where `notify-rust` talks to the system, and the notice brings the app's name. What it cannot do
//! there:
//! - Neither system takes a notice back or replaces it through it, so what was shown stays in their list.
//! - On macOS it can only wait for a click by looking twenty times a second, for each notice, so nothing is offered.
//! - On Windows a thread waits for each notice; [`Heard`](heard::Heard) bounds how many.

use std::sync::Arc;

use beatkeeper_core::notice::Notice;

use super::draft::draft;
use super::outcome::Failure;
use super::places::Turn;
use super::queue::Queue;
use super::{OnClick, PATIENCE, Problem};

pub(super) async fn run(queue: Arc<Queue>, on_click: OnClick, problem: Problem) {
    let heard = heard::Heard::new(on_click);
    while let Some(turn) = queue.next().await {
        let Turn::Show(place) = turn else { continue };
        let shown = show(&place.notice, &heard).await;
        let error = shown.as_ref().err().cloned();
        problem.set(shown);
        match error {
            None => queue.shown(place.notice.id),
            Some(error) => queue.failed(place, Failure::Refused, error),
        }
    }
}

async fn show(notice: &Notice, heard: &heard::Heard) -> Result<(), String> {
    let mut draft = draft(notice);
    heard.prepare(notice, &mut draft);
    let shown = tokio::task::spawn_blocking(move || draft.show().map(heard::sent));
    match tokio::time::timeout(PATIENCE, shown).await {
        Ok(Ok(Ok(sent))) => {
            heard.wait(notice, sent);
            Ok(())
        }
        Ok(Ok(Err(error))) => Err(format!("{error}. Allow Beatkeeper's notifications in the system's settings.")),
        Ok(Err(error)) => Err(format!("{error}. Restart Beatkeeper.")),
        Err(_) => Err(format!(
            "the system did not answer within {} s. Sign out and in again if this stays.",
            PATIENCE.as_secs()
        )),
    }
}

#[cfg(target_os = "windows")]
mod heard {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use beatkeeper_core::notice::NoticeKind;
    use notify_rust::{Notification, NotificationHandle, NotificationResponse, Urgency};

    use super::{Notice, OnClick};
    use crate::alerts::{Click, ClickAction};

    /// The system does not always say that a notice is gone, so this many threads may wait in vain.
    pub(super) const MOST: usize = 16;

    /// What is waited for.
    pub(super) fn sent(handle: NotificationHandle) -> NotificationHandle {
        handle
    }

    /// Clicks on what was shown.
    pub(super) struct Heard {
        on_click: Arc<OnClick>,
        waiting: Arc<AtomicUsize>,
    }

    impl Heard {
        pub(super) fn new(on_click: OnClick) -> Self {
            Self { on_click: Arc::new(on_click), waiting: Arc::default() }
        }

        pub(super) fn prepare(&self, notice: &Notice, draft: &mut Notification) {
            if notice.kind == NoticeKind::Offline {
                draft.urgency(Urgency::Critical);
            }
            if self.can_wait() {
                for action in ClickAction::of(notice) {
                    draft.action(action.key(), action.label());
                }
            }
        }

        pub(super) fn wait(&self, notice: &Notice, handle: NotificationHandle) {
            if !self.can_wait() {
                return;
            }
            let (on_click, waiting) = (Arc::clone(&self.on_click), Arc::clone(&self.waiting));
            let (id, offered) = (notice.id, ClickAction::of(notice));
            let agents = notice.agents.iter().map(|agent| agent.id.clone()).collect();
            waiting.fetch_add(1, Ordering::Relaxed);
            // Not one of the runtime's: the app does not wait for it at its end.
            std::thread::spawn(move || {
                let mut chosen = None;
                let heard = handle.wait_for_response(|response: &NotificationResponse| {
                    chosen = match response {
                        NotificationResponse::Default => Some(ClickAction::Open),
                        NotificationResponse::Action(key) => {
                            offered.iter().copied().find(|action| action.key() == key.as_str())
                        }
                        NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
                    };
                });
                waiting.fetch_sub(1, Ordering::Relaxed);
                if let Err(error) = heard {
                    tracing::debug!("nobody says what becomes of a notice: {error}");
                }
                if let (OnClick::Call(act), Some(action)) = (on_click.as_ref(), chosen) {
                    act(Click { notice: id, agents, action, activation_token: None });
                }
            });
        }

        fn can_wait(&self) -> bool {
            matches!(*self.on_click, OnClick::Call(_)) && self.waiting.load(Ordering::Relaxed) < MOST
        }
    }
}

#[cfg(not(target_os = "windows"))]
mod heard {
    use notify_rust::{Notification, NotificationHandle};

    use super::{Notice, OnClick};

    /// Here the notice is sent when its handle goes, which must not be in an asynchronous task.
    pub(super) fn sent(handle: NotificationHandle) {
        drop(handle);
    }

    /// Nothing is heard here.
    pub(super) struct Heard;

    impl Heard {
        pub(super) fn new(_: OnClick) -> Self {
            Self
        }

        pub(super) fn prepare(&self, _: &Notice, _: &mut Notification) {}

        pub(super) fn wait(&self, _: &Notice, (): ()) {}
    }
}
