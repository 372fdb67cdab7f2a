//! Incidents, channels, rules and drills.

use std::path::PathBuf;

use beatkeeper_core::alert::IncidentCursor;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{NoticeId, NoticeKind};
use beatkeeper_core::time::Time;
use beatkeeper_engine::command::{AlertRulesView, ChannelEntry, Command, Refusal};
use beatkeeper_engine::export::ExportFormat;
use serde_json::Value;
use tauri::{AppHandle, WebviewWindow, command};

use super::{Answer, ask, exported, save};

#[command]
pub(crate) async fn incidents(
    app: AppHandle,
    id: Option<EntityId>,
    open_only: bool,
    limit: u32,
    before: Option<IncidentCursor>,
) -> Answer {
    ask(&app, Command::Incidents { id, open_only, limit, before }).await
}

#[command]
pub(crate) async fn agent_acknowledge(app: AppHandle, id: EntityId, minutes: Option<u32>) -> Answer {
    ask(&app, Command::AgentAcknowledge { id, minutes }).await
}

#[command]
pub(crate) async fn black_box(app: AppHandle, id: EntityId, opened_at: Time) -> Answer {
    ask(&app, Command::BlackBox { id, opened_at }).await
}

/// Answers where it was saved; nothing when that was cancelled.
#[command]
pub(crate) async fn black_box_save(
    app: AppHandle,
    window: WebviewWindow,
    id: EntityId,
    opened_at: Time,
    name: String,
) -> Result<Option<PathBuf>, Refusal> {
    let answer = ask(&app, Command::BlackBox { id, opened_at }).await?;
    let text = answer.get("markdown").and_then(Value::as_str).unwrap_or_default();
    save(&window, name, text.to_owned()).await
}

#[command]
pub(crate) async fn downtime(app: AppHandle, id: Option<EntityId>, from: Time, to: Time) -> Answer {
    ask(&app, Command::Downtime { id, from, to }).await
}

/// Answers where it was saved; nothing when that was cancelled.
#[command]
pub(crate) async fn downtime_export(
    app: AppHandle,
    window: WebviewWindow,
    id: Option<EntityId>,
    from: Time,
    to: Time,
    format: ExportFormat,
    name: String,
) -> Result<Option<PathBuf>, Refusal> {
    let answer = ask(&app, Command::DowntimeExport { id, from, to, format }).await?;
    save(&window, name, exported(answer)?).await
}

#[command]
pub(crate) async fn channels(app: AppHandle) -> Answer {
    ask(&app, Command::Channels).await
}

#[command]
pub(crate) async fn channel_save(
    app: AppHandle,
    channel: ChannelEntry,
    secret: Option<String>,
    replace: Option<String>,
) -> Answer {
    ask(&app, Command::ChannelSave { channel, secret: secret.map(Into::into), replace }).await
}

#[command]
pub(crate) async fn channel_remove(app: AppHandle, name: String) -> Answer {
    ask(&app, Command::ChannelRemove { name }).await
}

#[command]
pub(crate) async fn channel_test(app: AppHandle, name: String) -> Answer {
    ask(&app, Command::ChannelTest { name }).await
}

#[command]
pub(crate) async fn channel_preview(app: AppHandle, channel: ChannelEntry, kind: NoticeKind) -> Answer {
    ask(&app, Command::ChannelPreview { channel, kind }).await
}

#[command]
pub(crate) async fn dead_letters(app: AppHandle, limit: u32) -> Answer {
    ask(&app, Command::DeadLetters { limit }).await
}

#[command]
pub(crate) async fn delivery_retry(app: AppHandle, notice: NoticeId, channel: String) -> Answer {
    ask(&app, Command::DeliveryRetry { notice, channel }).await
}

#[command]
pub(crate) async fn alert_rules(app: AppHandle) -> Answer {
    ask(&app, Command::AlertRules).await
}

#[command]
pub(crate) async fn alert_rules_set(app: AppHandle, rules: AlertRulesView) -> Answer {
    ask(&app, Command::AlertRulesSet { rules }).await
}

#[command]
pub(crate) async fn drill_start(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::DrillStart { id }).await
}

#[command]
pub(crate) async fn drill_stop(app: AppHandle) -> Answer {
    ask(&app, Command::DrillStop).await
}

#[command]
pub(crate) async fn drills(app: AppHandle, limit: u32) -> Answer {
    ask(&app, Command::Drills { limit }).await
}
