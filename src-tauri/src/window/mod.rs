//! The one window: made when it is needed, hidden when it is closed and let go when it stays closed, and told only that
//! something changed.

mod front;
mod menu;
pub(crate) mod release;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use tauri::utils::config::Color;
use tauri::{
    AppHandle, Emitter, Manager, Theme, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Window, WindowEvent,
};
use tokio::sync::watch;

use crate::main_thread::{log, on_main_thread};
use crate::shell::{Engine, Shell};
use release::Release;

pub(crate) const LABEL: &str = "main";
/// At most four a second: more than a person can read, and WebKit keeps what every event costs.
const PACE: Duration = Duration::from_millis(250);
/// At login the panel may come after the app.
const HOST_GRACE: Duration = Duration::from_secs(5);
/// The page's own background, so that the window does not flash before the page is there.
const DARK: Color = Color(0x15, 0x17, 0x1b, 0xff);
const LIGHT: Color = Color(0xfc, 0xfc, 0xfa, 0xff);

/// Where the webview keeps what the page stores.
struct WebviewData(Option<PathBuf>);

/// Whether the page has its listeners in place.
#[derive(Default)]
struct PageReady(AtomicBool);

impl PageReady {
    fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }
}

/// Says where the webview keeps its data, before the window is made.
pub(crate) fn keep_data_in(app: &AppHandle, dir: Option<PathBuf>) {
    app.manage(WebviewData(dir));
    app.manage(PageReady::default());
    app.manage(Release::new());
}

/// Brings the window to the person, wherever it was. From any thread.
pub(crate) fn show(app: &AppHandle) {
    on_main_thread(app, |app| {
        if let Err(error) = show_now(app, None) {
            tracing::error!("the window cannot be shown: {error}");
        }
    });
}

/// The tray came or went. On the main thread.
#[cfg(target_os = "linux")]
pub(crate) fn adapt(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        menu::adapt(app, &window);
    }
}

/// Hides it; the engine and the tray go on. From any thread.
pub(crate) fn hide(app: &AppHandle) {
    on_main_thread(app, |app| {
        if let Some(window) = app.get_webview_window(LABEL) {
            log(window.hide());
            observe(app, &window);
        }
    });
}

/// Brings the window: with the agent's page if it is one, else with these alone in the table. `token` is what the desktop gave for coming to the front. From any thread.
pub(crate) fn open(app: &AppHandle, agents: Vec<EntityId>, token: Option<String>) {
    app.state::<Shell>().want(agents);
    on_main_thread(app, move |app| match show_now(app, token.as_deref()) {
        // A page that is still to come asks by itself.
        Ok(there) => {
            if there && app.state::<PageReady>().get() {
                page_is_ready(app);
            }
        }
        Err(error) => tracing::error!("the window cannot be shown: {error}"),
    });
}

/// The page listens: it hears of the agents that were asked for meanwhile.
pub(crate) fn page_is_ready(app: &AppHandle) {
    app.state::<PageReady>().set(true);
    let agents = app.state::<Shell>().take_wanted();
    if !agents.is_empty() {
        log(app.emit_to(LABEL, "open-agents", agents));
    }
}

/// Waits for a tray host as long as a login may take; without one the window is the only way in.
pub(crate) async fn show_unless_hosted(app: AppHandle) {
    tokio::time::sleep(HOST_GRACE).await;
    let state = app.state::<Shell>();
    if !state.tray.hosted() && !*state.visible.borrow() {
        tracing::warn!("there is no tray host, so the window does not stay hidden");
        show(&app);
    }
}

/// Tells the page of new revisions, while it can be seen.
pub(crate) async fn follow(app: AppHandle, mut revision: watch::Receiver<u64>) {
    let mut visible = app.state::<Shell>().visible.subscribe();
    loop {
        if visible.wait_for(|visible| *visible).await.is_err() {
            return;
        }
        let changed = *revision.borrow_and_update();
        on_main_thread(&app, move |app| {
            // The last look is taken here: not every system says that a window was minimised.
            if app.get_webview_window(LABEL).is_some_and(|window| observe(app, &window)) {
                tracing::trace!(revision = changed, "the window is told");
                log(app.emit_to(LABEL, "fleet-changed", changed));
            }
        });
        tokio::time::sleep(PACE).await;
        tokio::select! {
            changed = revision.changed() => if changed.is_err() { return },
            // Seen again: what changed meanwhile is told at once.
            changed = visible.changed() => if changed.is_err() { return },
        }
    }
}

/// What the app does after something happened to the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Then {
    /// It goes on.
    GoOn,
    /// It ends: nothing beats, and nothing else is left to see.
    Quit,
}

/// What happens to the window.
pub(crate) fn on_event(window: &Window, event: &WindowEvent) -> Then {
    let app = window.app_handle();
    if let WindowEvent::Destroyed = event {
        release::gone(app);
    }
    let Some(webview) = app.get_webview_window(LABEL) else { return Then::GoOn };
    if let WindowEvent::CloseRequested { api, .. } = event {
        api.prevent_close();
        return close(app, &webview);
    } else if let WindowEvent::Focused(_) | WindowEvent::Resized(_) = event {
        observe(app, &webview);
    } else if let WindowEvent::ThemeChanged(theme) = event {
        paint(&webview, *theme);
        app.state::<Shell>().theme.send_replace(*theme);
    }
    Then::GoOn
}

/// Where it can be brought back from the tray it hides; elsewhere it stays within reach.
fn close(app: &AppHandle, window: &WebviewWindow) -> Then {
    let state = app.state::<Shell>();
    let failed = matches!(*state.engine.borrow(), Engine::Failed(_));
    if state.tray.hosted() {
        log(window.hide());
        app.state::<Release>().closed();
    } else if failed {
        return Then::Quit;
    } else {
        log(window.minimize());
    }
    observe(app, window);
    Then::GoOn
}

/// Answers whether the window was there already.
fn show_now(app: &AppHandle, token: Option<&str>) -> tauri::Result<bool> {
    if !app.state::<Release>().shown() {
        return Ok(false);
    }
    let there = app.get_webview_window(LABEL);
    let was_there = there.is_some();
    let window = match there {
        Some(window) => window,
        None => create(app)?,
    };
    if let Some(token) = token {
        front::allow(&window, token);
    }
    window.show()?;
    window.unminimize()?;
    window.set_focus()?;
    observe(app, &window);
    Ok(was_there)
}

fn create(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    app.state::<PageReady>().set(false);
    app.state::<Release>().coming();
    let mut builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Beatkeeper")
        .inner_size(1120.0, 720.0)
        .min_inner_size(560.0, 360.0)
        .visible(false)
        .on_navigation(is_own);
    if let Some(dir) = &app.state::<WebviewData>().0 {
        builder = builder.data_directory(dir.clone());
    }
    let window = builder.build()?;
    let theme = window.theme().unwrap_or(Theme::Dark);
    paint(&window, theme);
    app.state::<Shell>().theme.send_replace(theme);
    menu::adapt(app, &window);
    Ok(window)
}

fn paint(window: &WebviewWindow, theme: Theme) {
    log(window.set_background_color(Some(if theme == Theme::Light { LIGHT } else { DARK })));
}

/// The window shows its own page and nothing else, whatever a link or a server's text says.
fn is_own(url: &Url) -> bool {
    let own = matches!((url.scheme(), url.host_str()), ("tauri", Some("localhost")))
        || matches!((url.scheme(), url.host_str()), ("http" | "https", Some("tauri.localhost")));
    if !own {
        tracing::warn!("the window was asked to leave for another page, and stays");
    }
    own
}

/// Notes whether the window can be seen. On the main thread.
fn observe(app: &AppHandle, window: &WebviewWindow) -> bool {
    let visible = window.is_visible().unwrap_or(false) && !window.is_minimized().unwrap_or(false);
    if app.state::<Shell>().visible.send_if_modified(|known| std::mem::replace(known, visible) != visible) {
        tracing::debug!(visible, "the window");
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn the_window_never_leaves_its_own_page() {
        let own = |url: &str| is_own(&url.parse().unwrap());
        assert!(own("tauri://localhost/"));
        assert!(own("http://tauri.localhost/index.html"));
        assert!(!own("https://registry.example/"));
        assert!(!own("tauri://elsewhere/"));
        assert!(!own("data:text/html,hello"));
    }
}
