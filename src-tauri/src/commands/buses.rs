//! Redis buses, and agents that have a name there and no key.

use beatkeeper_core::view::BeatsBy;
use beatkeeper_engine::command::{Command, Secret};
use serde::Deserialize;
use tauri::{AppHandle, command};

use super::{Answer, ask};

/// A bus as a person wants it.
#[derive(Deserialize)]
pub(crate) struct NewBus {
    name: String,
    url: Secret,
    password: Option<Secret>,
    watch: bool,
    team: bool,
    force: bool,
}

#[command]
pub(crate) async fn bus_list(app: AppHandle) -> Answer {
    ask(&app, Command::BusList).await
}

#[command]
pub(crate) async fn bus_add(app: AppHandle, bus: NewBus) -> Answer {
    let NewBus { name, url, password, watch, team, force } = bus;
    ask(&app, Command::BusAdd { name, url, password, watch, team, force }).await
}

#[command]
pub(crate) async fn bus_test(app: AppHandle, name: String) -> Answer {
    ask(&app, Command::BusTest { name }).await
}

#[command]
pub(crate) async fn bus_remove(app: AppHandle, name: String) -> Answer {
    ask(&app, Command::BusRemove { name }).await
}

#[command]
pub(crate) async fn agent_on_bus(
    app: AppHandle,
    bus: String,
    name: String,
    beats: BeatsBy,
    interval: Option<u32>,
) -> Answer {
    ask(&app, Command::AgentOnBus { bus, name, beats, interval }).await
}
