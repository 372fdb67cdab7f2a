//! The way out: Quit quits, whoever asks for it, and whatever hangs.

use std::thread;
use std::time::Duration;

use tauri::{AppHandle, Manager, async_runtime};

use crate::shell::{Engine, Shell};
use crate::window;

/// Longer than the engine's farewell.
const PATIENCE: Duration = Duration::from_secs(6);

/// Ends the app: the window goes at once, the engine says goodbye, then the process ends.
pub(crate) fn quit(app: &AppHandle) {
    tracing::info!("quitting");
    window::hide(app);
    app.state::<Shell>().quit.notify_one();
    // A tray host that hangs would hold the main thread, and with it the process, for ever.
    thread::spawn(|| {
        thread::sleep(PATIENCE);
        std::process::exit(0);
    });
}

/// The system ends the app on its own way, such as Cmd+Q or the end of the session: the engine still says goodbye.
pub(crate) fn on_exit(app: &AppHandle) {
    let state = app.state::<Shell>();
    let mut engine = state.engine.subscribe();
    state.quit.notify_one();
    async_runtime::block_on(async {
        let ended = engine.wait_for(|engine| matches!(engine, Engine::Ended));
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            tracing::warn!("the engine did not end in time");
        }
    });
}

/// Signals that ask a program to end are Quit.
#[cfg(unix)]
pub(crate) async fn on_signal(app: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = (SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup());
    let (Ok(mut term), Ok(mut int), Ok(mut hup)) = (signal(kinds.0), signal(kinds.1), signal(kinds.2)) else {
        tracing::warn!("signals cannot be received; they will end the app without a goodbye");
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        _ = hup.recv() => {}
    }
    quit(&app);
}

/// Ctrl+C in a console is Quit.
#[cfg(not(unix))]
pub(crate) async fn on_signal(app: AppHandle) {
    if tokio::signal::ctrl_c().await.is_ok() {
        quit(&app);
    }
}
