//! What the window may ask. Each command hands one request to the engine; what is wrong comes back as a [`Refusal`].

mod alerts;
mod buses;
mod doctor;
mod runs;
mod writes;

use std::path::PathBuf;
use std::time::Duration;

use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_core::time::Time;
use beatkeeper_engine::command::{Command, EngineStatus, Occupant, Refusal};
use beatkeeper_engine::export::{ExportFormat, Exported};
use serde::Deserialize;
use serde_json::Value;
use tauri::ipc::Invoke;
use tauri::{AppHandle, Manager, WebviewWindow, Wry, command};
use tauri_plugin_dialog::{DialogExt, FilePath};

use crate::shell::Shell;
use crate::window::{self, release::Release};
// Each command is a function and two macros.
use alerts::*;
use buses::*;
use doctor::*;
use runs::*;
use writes::*;

type Answer = Result<Value, Refusal>;

macro_rules! handler {
    ($($name:ident,)*) => {
        tauri::generate_handler![$($name),*]
    };
}

/// Answers them all.
pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    with_commands!(handler)
}

async fn ask(app: &AppHandle, command: Command) -> Answer {
    tracing::trace!(?command, "the window asks");
    app.state::<Shell>().execute(command).await
}

#[command]
async fn fleet_delta(app: AppHandle, since: u64) -> Answer {
    let answer = ask(&app, Command::FleetDelta { since }).await;
    // A page that pulls has its listeners in place.
    window::page_is_ready(&app);
    answer
}

#[command]
async fn beat_strips(app: AppHandle, ids: Vec<EntityId>, hours: u32) -> Answer {
    ask(&app, Command::BeatStrips { ids, hours }).await
}

#[command]
async fn agent_history(app: AppHandle, id: EntityId, limit: u32) -> Answer {
    ask(&app, Command::AgentHistory { id, limit }).await
}

/// How a key file is taken.
#[derive(Deserialize)]
struct ImportAs {
    allow_loose: bool,
    kind: Option<EntityKind>,
    project: Option<PathBuf>,
}

#[command]
async fn agent_import(
    app: AppHandle,
    path: PathBuf,
    registry: String,
    name: Option<String>,
    replace: Option<Occupant>,
    taken_as: ImportAs,
) -> Answer {
    let ImportAs { allow_loose, kind, project } = taken_as;
    ask(&app, Command::AgentImport { path, registry, name, allow_loose, kind, project, replace }).await
}

#[command]
async fn keys_find(app: AppHandle, folders: Vec<PathBuf>) -> Answer {
    ask(&app, Command::KeysFind { folders }).await
}

#[command]
async fn keys_look(app: AppHandle, files: Vec<PathBuf>) -> Answer {
    ask(&app, Command::KeysLook { files }).await
}

#[command]
async fn key_file_shred(app: AppHandle, path: PathBuf) -> Answer {
    ask(&app, Command::KeyFileShred { path }).await
}

#[command]
async fn agent_generate(app: AppHandle, registry: String, name: Option<String>) -> Answer {
    ask(&app, Command::AgentGenerate { registry, name }).await
}

#[command]
async fn agent_derive(
    app: AppHandle,
    developer_path: PathBuf,
    index: u32,
    registry: String,
    name: Option<String>,
    replace: Option<Occupant>,
) -> Answer {
    ask(&app, Command::AgentDerive { developer_path, index, registry, name, replace }).await
}

#[command]
async fn agent_remove(app: AppHandle, id: EntityId, confirm_name: String, delete_key: bool) -> Answer {
    ask(&app, Command::AgentRemove { id, confirm_name, delete_key }).await
}

#[command]
async fn agent_set_paused(app: AppHandle, id: EntityId, paused: bool) -> Answer {
    ask(&app, Command::AgentSetPaused { id, paused }).await
}

#[command]
async fn agent_retry(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::AgentRetry { id }).await
}

#[command]
async fn agent_restart(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::AgentRestart { id }).await
}

#[command]
async fn agent_snooze(app: AppHandle, id: EntityId, minutes: Option<u32>) -> Answer {
    ask(&app, Command::AgentSnooze { id, minutes }).await
}

#[command]
async fn agent_set_tags(app: AppHandle, id: EntityId, tags: Vec<String>) -> Answer {
    ask(&app, Command::AgentSetTags { id, tags }).await
}

#[command]
async fn agent_key(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::AgentKey { id }).await
}

#[command]
async fn demo_start(app: AppHandle) -> Answer {
    ask(&app, Command::DemoStart).await
}

#[command]
async fn demo_end(app: AppHandle) -> Answer {
    ask(&app, Command::DemoEnd).await
}

#[command]
async fn pause_alerts(app: AppHandle, minutes: Option<u32>) -> Answer {
    ask(&app, Command::PauseAlerts { minutes }).await
}

#[command]
async fn registries(app: AppHandle) -> Answer {
    ask(&app, Command::Registries).await
}

/// How a registry is beaten at.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Spoken {
    dialect: DialectChoice,
    organization: Option<String>,
    challenge: Option<String>,
}

#[command]
async fn registry_add(app: AppHandle, name: String, url: String, spoken: Option<Spoken>) -> Answer {
    let Spoken { dialect, organization, challenge } = spoken.unwrap_or_default();
    ask(&app, Command::RegistryAdd { name, url, dialect, organization, challenge }).await
}

/// Writes an agent's history of the last hours into a file that the person chooses; nothing when that was cancelled.
#[command]
async fn agent_export(
    app: AppHandle,
    window: WebviewWindow,
    id: EntityId,
    hours: u32,
    format: ExportFormat,
    name: String,
) -> Result<Option<PathBuf>, Refusal> {
    let to = Time::from_timestamp(jiff::Timestamp::now());
    let from = to - Duration::from_secs(u64::from(hours) * 3600);
    let answer = ask(&app, Command::AgentExport { id, from, to, format }).await?;
    save(&window, name, exported(answer)?).await
}

fn exported(answer: Value) -> Result<String, Refusal> {
    serde_json::from_value(answer)
        .map(|exported: Exported| exported.text)
        .map_err(|error| Refusal::new("export.unreadable", error.to_string(), "This is a defect; please report it."))
}

/// Has the person choose a file, and writes it; nothing when that was cancelled.
async fn save(window: &WebviewWindow, name: String, text: String) -> Result<Option<PathBuf>, Refusal> {
    let (chosen, path) = tokio::sync::oneshot::channel();
    window.dialog().file().set_parent(window).set_file_name(name).save_file(move |file| _ = chosen.send(file));
    let Some(path) = local(path.await.ok().flatten())? else { return Ok(None) };
    tokio::fs::write(&path, text).await.map_err(|error| {
        let sentence = format!("{} cannot be written: {error}", path.display());
        Refusal::new("export.unwritable", sentence, "Choose another folder.")
    })?;
    Ok(Some(path))
}

/// The system's own file dialog; nothing when it was cancelled.
#[command]
async fn pick_file(window: WebviewWindow, title: String) -> Result<Option<PathBuf>, Refusal> {
    let (answer, chosen) = tokio::sync::oneshot::channel();
    let dialog = window.dialog().file().set_title(title).set_parent(&window);
    dialog.pick_file(move |file| _ = answer.send(file));
    local(chosen.await.ok().flatten())
}

/// As [`pick_file`], for a folder.
#[command]
async fn pick_folder(window: WebviewWindow, title: String) -> Result<Option<PathBuf>, Refusal> {
    let (answer, chosen) = tokio::sync::oneshot::channel();
    let dialog = window.dialog().file().set_title(title).set_parent(&window);
    dialog.pick_folder(move |folder| _ = answer.send(folder));
    local(chosen.await.ok().flatten())
}

fn local(chosen: Option<FilePath>) -> Result<Option<PathBuf>, Refusal> {
    chosen.map(|chosen| chosen.into_path()).transpose().map_err(|error| {
        Refusal::new("file.no_path", format!("This is not a file on this computer: {error}"), "Choose another one.")
    })
}

#[command]
async fn engine_status(app: AppHandle) -> Result<EngineStatus, Refusal> {
    Ok(app.state::<Shell>().status().await)
}

/// How the page was when its window was let go; nothing for the first page.
#[command]
async fn page_was(app: AppHandle) -> Option<Value> {
    app.state::<Release>().take()
}

/// The page's first rows are on the screen, this many milliseconds after it began to load.
#[command]
async fn page_drawn(app: AppHandle, loading: f64) {
    if let Some(all) = app.state::<Release>().drawn() {
        tracing::info!(ms = all.as_millis(), page_ms = loading.round(), "the window has its rows");
    }
}

/// What the page should come back as; nothing while it is in the middle of something.
#[command]
async fn page_release(app: AppHandle, state: Option<Value>) -> Result<(), Refusal> {
    app.state::<Release>().said(state)
}

/// Answers when it is known what became of it.
#[command]
async fn engine_start(app: AppHandle) -> Result<EngineStatus, Refusal> {
    Ok(app.state::<Shell>().start_again().await)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    macro_rules! permissions {
        ($($name:ident,)*) => {
            [$(format!("allow-{}", stringify!($name).replace('_', "-"))),*]
        };
    }

    #[test]
    fn the_window_may_ask_each_command_and_listen_and_nothing_else() {
        let file: serde_json::Value = serde_json::from_str(include_str!("../../capabilities/main.json")).unwrap();
        let granted: BTreeSet<String> = serde_json::from_value(file["permissions"].clone()).unwrap();
        let listen = ["core:event:allow-listen", "core:event:allow-unlisten"].map(str::to_owned);
        assert_eq!(granted, with_commands!(permissions).into_iter().chain(listen).collect());
    }
}
