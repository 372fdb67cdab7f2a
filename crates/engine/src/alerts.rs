//! Notices on the desktop. Showing one is never waited for: a thread of its own talks to the desktop.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{Notice, NoticeKind};

/// The desktop's notification server.
pub struct Desktop {
    queue: Sender<Notice>,
    problem: Arc<Mutex<Option<String>>>,
}

impl Desktop {
    /// Starts the thread. `on_click` is called when a person clicks a notice.
    pub fn start(on_click: impl Fn(EntityId) + Send + Sync + 'static) -> Self {
        let (queue, inbox) = channel();
        let problem = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&problem);
        let spawned = std::thread::Builder::new()
            .name("notices".into())
            .spawn(move || show_all(&inbox, &Arc::new(on_click), &seen));
        if let Err(error) = spawned {
            *lock(&problem) = Some(format!("Notifications cannot be shown: {error}"));
        }
        Self { queue, problem }
    }

    /// Shows a notice, in place of an older one of the same agent.
    pub fn show(&self, notice: Notice) {
        let _ = self.queue.send(notice);
    }

    /// Why the last notice could not be shown.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        lock(&self.problem).clone()
    }
}

fn show_all(
    inbox: &Receiver<Notice>,
    on_click: &Arc<impl Fn(EntityId) + Send + Sync + 'static>,
    problem: &Mutex<Option<String>>,
) {
    let mut shown: HashMap<EntityId, u32> = HashMap::new();
    while let Ok(notice) = inbox.recv() {
        match platform::show(&notice, shown.get(&notice.agent).copied(), on_click) {
            Ok(id) => {
                shown.extend(id.map(|id| (notice.agent, id)));
                *lock(problem) = None;
            }
            Err(error) => {
                tracing::warn!("a notice could not be shown: {error}");
                *lock(problem) = Some(format!("Notifications cannot be shown: {error}"));
            }
        }
    }
}

fn draft(notice: &Notice) -> notify_rust::Notification {
    let mut draft = notify_rust::Notification::new();
    draft.appname("Beatkeeper").summary(&notice.title).body(&notice.body);
    draft
}

#[cfg(all(unix, not(target_os = "macos")))]
mod platform {
    use std::sync::Arc;

    use super::{EntityId, Notice, NoticeKind, draft};

    /// Shows it; answers the id by which a newer one replaces it.
    pub(super) fn show(
        notice: &Notice,
        replaces: Option<u32>,
        on_click: &Arc<impl Fn(EntityId) + Send + Sync + 'static>,
    ) -> Result<Option<u32>, notify_rust::error::Error> {
        let mut draft = draft(notice);
        // The text may hold names and words from servers; desktops read the body as markup.
        draft.body(&escape(&notice.body)).icon("beatkeeper").action("default", "Open");
        draft.urgency(match notice.kind {
            NoticeKind::Offline => notify_rust::Urgency::Critical,
            NoticeKind::Stale | NoticeKind::Recovered => notify_rust::Urgency::Normal,
        });
        if let Some(id) = replaces {
            draft.id(id);
        }
        let handle = draft.show()?;
        let id = handle.id();
        let (agent, on_click) = (notice.agent.clone(), Arc::clone(on_click));
        // Waiting for a click blocks until the notice is gone, which the desktop decides.
        let waiting = std::thread::Builder::new().name("notice".into()).stack_size(256 * 1024).spawn(move || {
            handle.wait_for_action(|action| {
                if action == "default" {
                    on_click(agent);
                }
            });
        });
        if let Err(error) = waiting {
            tracing::warn!("a click on the notice will not be heard: {error}");
        }
        Ok(Some(id))
    }

    fn escape(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod platform {
    use std::sync::Arc;

    use super::{EntityId, Notice, draft};

    /// Shows it. These desktops do not tell of clicks through this library; the notice brings the app's name.
    pub(super) fn show(
        notice: &Notice,
        _replaces: Option<u32>,
        _on_click: &Arc<impl Fn(EntityId) + Send + Sync + 'static>,
    ) -> Result<Option<u32>, notify_rust::error::Error> {
        draft(notice).show()?;
        Ok(None)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
