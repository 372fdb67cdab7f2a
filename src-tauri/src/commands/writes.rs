//! What is written to registries.

use beatkeeper_core::identity::EntityId;
use beatkeeper_engine::command::{Command, Write};
use tauri::{AppHandle, command};

use super::{Answer, ask};

#[command]
pub(crate) async fn write_propose(app: AppHandle, id: EntityId, write: Write) -> Answer {
    ask(&app, Command::WritePropose { id, write }).await
}

#[command]
pub(crate) async fn write_carry_out(app: AppHandle, id: EntityId, write: Write, seal: String) -> Answer {
    ask(&app, Command::WriteCarryOut { id, write, seal }).await
}
