//! Notices between the engine and the desktop, and what a click on one does.

use beatkeeper_engine::alerts::{Click, ClickAction, Desktop, OnClick};
use beatkeeper_engine::{Handle, Shown, Telling};
use tauri::{AppHandle, Manager};
use tokio::sync::mpsc;

use crate::shell::Shell;
use crate::{agents, window};

/// Hands each notice to the desktop, and tells the engine what became of it.
pub(crate) async fn follow(app: AppHandle, engine: Handle, mut tellings: mpsc::Receiver<Telling>) {
    let clicks = app.clone();
    // No more than the desktop can fail at: it has a place for each notice, and a pause after each try.
    let (told, mut outcomes) = mpsc::unbounded_channel();
    let desktop = Desktop::start(OnClick::call(move |click| clicked(&clicks, click)), move |notice, outcome| {
        // After the end of the engine there is nobody to tell.
        let _ = told.send(Shown { notice, outcome });
    });
    let state = app.state::<Shell>();
    let desktop = state.alerts.get_or_init(|| desktop);
    loop {
        tokio::select! {
            telling = tellings.recv() => match telling {
                Some(Telling::Show(notice)) => desktop.show(*notice),
                Some(Telling::Withdraw(notices)) => desktop.withdraw(&notices),
                None => return,
            },
            Some(shown) = outcomes.recv() => engine.shown(shown).await,
        }
    }
}

fn clicked(app: &AppHandle, click: Click) {
    match click.action {
        ClickAction::Open => window::open(app, click.agents, click.activation_token),
        ClickAction::Restart => click.agents.into_iter().for_each(|agent| agents::restart(app, agent)),
        ClickAction::Snooze => click.agents.into_iter().for_each(|agent| agents::snooze(app, agent)),
    }
}
