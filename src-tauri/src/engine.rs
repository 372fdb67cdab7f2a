//! The engine's life in the shell: one task starts it, hands out what it says, and ends it.

use std::time::Duration;

use beatkeeper_core::tray::TrayModel;
use beatkeeper_engine::Options;
use beatkeeper_engine::command::Refusal;
use tauri::{AppHandle, Manager, async_runtime};

use crate::shell::{self, Engine, Shell};
use crate::{notices, tray, window};

/// The engine bounds its own farewell; this holds even if it does not.
const FAREWELL: Duration = Duration::from_secs(4);

/// From the start to the end. An engine that did not start is tried again whenever a person asks for it.
pub(crate) async fn live(app: AppHandle, options: Result<Options, Refusal>) {
    let state = app.state::<Shell>();
    loop {
        tokio::select! {
            () = state.quit.notified() => break,
            started = start(options.clone()) => match started {
                Ok(engine) => break run(&app, engine).await,
                Err(refusal) => failed(&app, refusal),
            }
        }
        tokio::select! {
            () = state.quit.notified() => break,
            () = state.again.notified() => {
                tracing::info!("the engine is started again");
                say(&app, "Starting…".to_owned());
            }
        }
    }
    state.engine.send_replace(Engine::Ended);
    tracing::info!("the engine ended");
    app.exit(0);
}

async fn start(options: Result<Options, Refusal>) -> Result<beatkeeper_engine::Engine, Refusal> {
    let starting = Box::pin(beatkeeper_engine::Engine::start(options?));
    starting.await.map_err(|error| Refusal::from(&error))
}

async fn run(app: &AppHandle, mut engine: beatkeeper_engine::Engine) {
    let state = app.state::<Shell>();
    let handle = engine.handle();
    async_runtime::spawn(tray::follow(app.clone(), handle.tray()));
    async_runtime::spawn(window::follow(app.clone(), handle.revision()));
    async_runtime::spawn(window::release::follow(app.clone(), handle.settings()));
    if let Some(tellings) = engine.tellings() {
        async_runtime::spawn(notices::follow(app.clone(), handle.clone(), tellings));
    }
    state.engine.send_replace(Engine::Running(handle));
    tracing::info!("the engine runs");
    tokio::select! {
        () = state.quit.notified() => {}
        () = engine.quit_asked() => tracing::info!("asked to quit over the control channel"),
    }
    if tokio::time::timeout(FAREWELL, Box::pin(engine.shutdown())).await.is_err() {
        tracing::warn!("the engine did not end in time; it is left behind");
    }
}

/// The app stays, to say why nothing beats.
fn failed(app: &AppHandle, refusal: Refusal) {
    let text = shell::both(&refusal);
    tracing::error!(code = refusal.code, "the engine does not start: {text}");
    say(app, format!("Not running: {}", refusal.sentence.trim_end_matches('.')));
    app.state::<Shell>().engine.send_replace(Engine::Failed(refusal));
    // Whoever started it hidden must learn that nothing beats.
    window::show(app);
}

/// On the tray, while no engine has anything to draw there.
fn say(app: &AppHandle, sentence: String) {
    tray::draw(app, TrayModel { sentence, ..TrayModel::default() });
}
