//! Agents' own processes: how they are started, their logs, and their recovery.

use std::path::PathBuf;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_engine::command::{BeatsBy, Command, RunEntry, RungEntry};
use tauri::{AppHandle, command};

use super::{Answer, ask};

#[command]
pub(crate) async fn agent_up(app: AppHandle, ids: Vec<EntityId>) -> Answer {
    ask(&app, Command::AgentUp { ids }).await
}

#[command]
pub(crate) async fn agent_down(app: AppHandle, ids: Vec<EntityId>) -> Answer {
    ask(&app, Command::AgentDown { ids }).await
}

#[command]
pub(crate) async fn agent_run(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::AgentRun { id }).await
}

#[command]
pub(crate) async fn agent_run_set(
    app: AppHandle,
    id: EntityId,
    run: Option<Box<RunEntry>>,
    recover: Vec<RungEntry>,
    beats: BeatsBy,
    truthful: Option<bool>,
) -> Answer {
    ask(&app, Command::AgentRunSet { id, run, recover, beats, truthful }).await
}

#[command]
pub(crate) async fn run_propose(app: AppHandle, folder: PathBuf) -> Answer {
    ask(&app, Command::RunPropose { folder }).await
}

#[command]
pub(crate) async fn project_preview(app: AppHandle, folder: PathBuf) -> Answer {
    ask(&app, Command::ProjectPreview { folder }).await
}

#[command]
pub(crate) async fn project_adopt(app: AppHandle, folder: PathBuf, seen: String) -> Answer {
    ask(&app, Command::ProjectAdopt { folder, seen: Some(seen) }).await
}

#[command]
pub(crate) async fn signer_audit(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::SignerAudit { id }).await
}

#[command]
pub(crate) async fn agent_log(
    app: AppHandle,
    id: EntityId,
    after: Option<String>,
    before: Option<String>,
    limit: u32,
) -> Answer {
    ask(&app, Command::AgentLog { id, after, before, limit }).await
}

#[command]
pub(crate) async fn agent_log_search(
    app: AppHandle,
    id: EntityId,
    pattern: String,
    from: Option<String>,
    back: bool,
    limit: u32,
) -> Answer {
    ask(&app, Command::AgentLogSearch { id, pattern, from, back, limit }).await
}

#[command]
pub(crate) async fn agent_log_mark(app: AppHandle, id: EntityId, text: String) -> Answer {
    ask(&app, Command::AgentLogMark { id, text }).await
}

#[command]
pub(crate) async fn agent_log_clear(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::AgentLogClear { id }).await
}

#[command]
pub(crate) async fn agent_log_starts(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::AgentLogStarts { id }).await
}

#[command]
pub(crate) async fn agent_usage(app: AppHandle, id: EntityId, from: Time, to: Time) -> Answer {
    ask(&app, Command::AgentUsage { id, from, to }).await
}

#[command]
pub(crate) async fn ladder_hold(app: AppHandle, id: EntityId, on: bool) -> Answer {
    ask(&app, Command::LadderHold { id, on }).await
}

#[command]
pub(crate) async fn ladder_skip(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::LadderSkip { id }).await
}
