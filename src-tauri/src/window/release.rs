//! A window that stays closed gives its memory back: its page says what it should come back as, and its processes end.
//!
//! What the page said is kept here and not in the webview's own store: it is for this run of the app and for one page,
//! and so it lives exactly as long. After a restart the table starts at its top, and nothing of it is on the disk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use beatkeeper_engine::command::Refusal;
use beatkeeper_engine::settings::{Settings, WindowEntry};
use serde_json::Value;
use tauri::{AppHandle, Emitter, Manager, async_runtime};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::{LABEL, PageReady, show};
use crate::main_thread::{log, on_main_thread};

/// A page that says nothing in this time hangs, and is let go without a word.
const PATIENCE: Duration = Duration::from_secs(5);
/// The ids of ten thousand selected agents are less than half of it.
const MOST: usize = 1024 * 1024;

/// The window's absence.
pub(crate) struct Release {
    /// Since when the window is closed. One that is shown or minimised is not.
    closed: watch::Sender<Option<Instant>>,
    /// How long it may be closed and stay.
    after: watch::Sender<Option<Duration>>,
    page: Mutex<Page>,
}

#[derive(Default)]
struct Page {
    /// Waits for what the page says.
    asked: Option<oneshot::Sender<Option<Value>>>,
    /// What the next one should look like.
    was: Option<Value>,
    /// Whether the window is on its way out, and cannot be shown.
    going: bool,
    /// Whether it was asked for meanwhile.
    wanted: bool,
    /// Since when a window is on its way that has no rows yet.
    coming: Option<Instant>,
}

impl Release {
    /// Nothing is closed yet.
    pub(super) fn new() -> Self {
        let after = WindowEntry::default().release_after();
        Self { closed: watch::Sender::new(None), after: watch::Sender::new(after), page: Mutex::default() }
    }

    /// The window was closed, and can be brought back from the tray.
    pub(super) fn closed(&self) {
        self.closed.send_replace(Some(Instant::now()));
    }

    /// The window is wanted. Whether it can be had now; else it comes as soon as the old one is gone.
    pub(super) fn shown(&self) -> bool {
        self.closed.send_replace(None);
        let mut page = self.page();
        page.wanted = page.going;
        !page.going
    }

    /// What the page answers when it is asked; nothing while it is in the middle of something.
    pub(crate) fn said(&self, state: Option<Value>) -> Result<(), Refusal> {
        if state.as_ref().is_some_and(|state| state.to_string().len() > MOST) {
            return Err(Refusal::new("window.page_too_large", "The page's state is too large to be kept", ""));
        }
        if let Some(asked) = self.page().asked.take() {
            // Whoever asked may have run out of patience.
            let _ = asked.send(state);
        }
        Ok(())
    }

    /// What a new page should look like, once.
    pub(crate) fn take(&self) -> Option<Value> {
        self.page().was.take()
    }

    /// A window is made.
    pub(super) fn coming(&self) {
        self.page().coming = Some(Instant::now());
    }

    /// Its first rows are there. Answers how long that took, once.
    pub(crate) fn drawn(&self) -> Option<Duration> {
        self.page().coming.take().map(|since| since.elapsed())
    }

    fn go(&self, state: Option<Value>) {
        let mut page = self.page();
        page.was = state;
        page.going = true;
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps to the configuration.
pub(crate) async fn follow(app: AppHandle, mut settings: watch::Receiver<Arc<Settings>>) {
    let release = app.state::<Release>();
    loop {
        let after = settings.borrow_and_update().window.release_after();
        release.after.send_if_modified(|known| std::mem::replace(known, after) != after);
        if settings.changed().await.is_err() {
            return;
        }
    }
}

/// Lets the window go whenever it was closed for long enough.
pub(crate) async fn watch(app: AppHandle) {
    let release = app.state::<Release>();
    let (mut closed, mut after) = (release.closed.subscribe(), release.after.subscribe());
    loop {
        let since = *closed.borrow_and_update();
        let due = due(since, *after.borrow_and_update());
        tokio::select! {
            _ = closed.changed() => {}
            _ = after.changed() => {}
            () = sleep_until(due) => {
                let answer = ask(&app).await;
                // It may have been opened while it was asked, and closed again: that is another time.
                let still = release.closed.send_if_modified(|closed| {
                    let still = *closed == since;
                    if still {
                        *closed = matches!(answer, Answer::Busy).then(Instant::now);
                    }
                    still
                });
                match answer {
                    Answer::Is(state) if still => let_go(&app, Some(state)).await,
                    Answer::Silence if still => let_go(&app, None).await,
                    Answer::Is(_) | Answer::Silence | Answer::Busy => {}
                }
            }
        }
    }
}

/// When a window that is closed since then is let go.
fn due(closed: Option<Instant>, after: Option<Duration>) -> Option<Instant> {
    Some(closed? + after?)
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

enum Answer {
    Is(Value),
    Busy,
    Silence,
}

async fn ask(app: &AppHandle) -> Answer {
    let (asked, answer) = oneshot::channel();
    app.state::<Release>().page().asked = Some(asked);
    log(app.emit_to(LABEL, "release-page", ()));
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(Some(state))) => Answer::Is(state),
        Ok(Ok(None)) => Answer::Busy,
        Ok(Err(_)) | Err(_) => Answer::Silence,
    }
}

/// Ends the webview and its processes, unless the window was opened this very moment.
async fn let_go(app: &AppHandle, state: Option<Value>) {
    let (done, over) = oneshot::channel();
    on_main_thread(app, move |app| {
        let closed = app.get_webview_window(LABEL).filter(|window| !window.is_visible().unwrap_or(true));
        if let Some(window) = closed {
            tracing::info!(kept = state.is_some(), "the window is let go");
            app.state::<PageReady>().set(false);
            app.state::<Release>().go(state);
            if let Err(error) = window.destroy() {
                tracing::warn!("the window cannot be let go: {error}");
                gone(app);
            }
        }
        // Whoever waits is there as long as the app is.
        let _ = done.send(());
    });
    let _ = over.await;
}

/// The window is gone, and another can be made.
pub(super) fn gone(app: &AppHandle) {
    let wanted = {
        let release = app.state::<Release>();
        let mut page = release.page();
        page.going = false;
        std::mem::take(&mut page.wanted)
    };
    if wanted {
        // Not in the middle of the old one's end.
        let app = app.clone();
        async_runtime::spawn(async move { show(&app) });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AFTER: Duration = Duration::from_secs(300);

    #[tokio::test]
    async fn only_a_closed_window_is_let_go_and_only_if_it_may_be() {
        let now = Instant::now();
        assert_eq!(due(Some(now), Some(AFTER)), Some(now + AFTER));
        assert_eq!(due(None, Some(AFTER)), None);
        assert_eq!(due(Some(now), None), None);
    }

    #[test]
    fn a_window_that_is_wanted_while_it_goes_comes_afterwards() {
        let release = Release::new();
        release.closed();
        assert!(release.shown(), "it is only hidden");
        assert_eq!(*release.closed.borrow(), None, "what is shown is not let go");
        release.go(None);
        assert!(!release.shown());
        assert!(release.page().wanted);
    }

    #[test]
    fn what_a_page_said_is_for_one_page() {
        let release = Release::new();
        release.go(Some(json!({ "version": 1 })));
        assert_eq!(release.take(), Some(json!({ "version": 1 })));
        assert_eq!(release.take(), None);
    }

    #[test]
    fn a_page_answers_when_it_is_asked() {
        let release = Release::new();
        release.said(None).unwrap();
        let (asked, mut answer) = oneshot::channel();
        release.page().asked = Some(asked);
        assert_eq!(release.said(Some(json!("x".repeat(MOST)))).unwrap_err().code, "window.page_too_large");
        release.said(Some(json!(7))).unwrap();
        assert_eq!(answer.try_recv().unwrap(), Some(json!(7)));
    }
}
