//! Commands of the page, as the control channel takes them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use beatkeeper_engine::command::{Command, Refusal};
use beatkeeper_engine::settings::ChannelKind;

use crate::answer::{json, refusal};
use crate::backend::Backend;

/// A command is a few hundred bytes.
pub(crate) const MOST: usize = 64 * 1024;

/// Answers with the engine's value, or with its refusal and status 422.
pub(crate) async fn post(State(backend): State<Arc<Backend>>, headers: HeaderMap, body: Bytes) -> Response {
    // Forms of other pages can send texts, but not this type.
    if headers.get(CONTENT_TYPE).is_none_or(|kind| kind != "application/json") {
        let wrong = Refusal::new("bridge.type", "A command is JSON", "Send it as application/json.");
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, &wrong);
    }
    let command = match serde_json::from_slice(&body) {
        Ok(Command::Quit) => {
            let quit =
                Refusal::new("bridge.quit", "A page does not end the engine", "Press Ctrl+C, or `beatkeeper quit`.");
            return refusal(StatusCode::FORBIDDEN, &quit);
        }
        Ok(Command::ChannelSave { channel, .. }) if channel.kind == ChannelKind::Command => {
            let runs = Refusal::new(
                "bridge.command",
                "A page does not choose a program that is run",
                "Set it up in the app, or in beatkeeper.toml.",
            );
            return refusal(StatusCode::FORBIDDEN, &runs);
        }
        Ok(command) => command,
        Err(error) => {
            let wrong =
                Refusal::new("control.bad_command", format!("That is no command: {error}"), "Rebuild the page.");
            return refusal(StatusCode::BAD_REQUEST, &wrong);
        }
    };
    match backend.execute(command).await {
        Ok(value) => json(StatusCode::OK, &value),
        Err(refused) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &refused),
    }
}
