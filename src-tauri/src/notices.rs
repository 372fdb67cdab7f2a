//! Notices between the engine and the desktop, and what a click on one does.

use beatkeeper_engine::alerts::{Click, ClickAction, OnClick};
use beatkeeper_engine::{Handle, Telling, telling};
use tauri::{AppHandle, Manager};
use tokio::sync::mpsc;

use crate::shell::Shell;
use crate::{agents, window};

/// Hands each notice to the desktop, and tells the engine what became of it.
pub(crate) async fn follow(app: AppHandle, engine: Handle, tellings: mpsc::Receiver<Telling>) {
    let clicks = app.clone();
    let (desktop, outcomes) = telling::desktop(OnClick::call(move |click| clicked(&clicks, click)));
    let state = app.state::<Shell>();
    telling::carry(engine, tellings, state.alerts.get_or_init(|| desktop), outcomes).await;
}

fn clicked(app: &AppHandle, click: Click) {
    match click.action {
        ClickAction::Open => window::open(app, click.agents, click.activation_token),
        ClickAction::Restart => click.agents.into_iter().for_each(|agent| agents::restart(app, agent)),
        ClickAction::Snooze => click.agents.into_iter().for_each(|agent| agents::snooze(app, agent)),
    }
}
