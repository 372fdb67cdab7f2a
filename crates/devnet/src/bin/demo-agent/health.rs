//! `/health`, as the current SDKs serve it (protocols.md 7.1).

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use beatkeeper_core::identity::EntityId;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::{Clock, say};

#[derive(Serialize)]
struct Health {
    status: &'static str,
    entity_id: EntityId,
    timestamp: String,
}

/// Serves it on loopback and says where. The time shown is the agent's, so a wrong clock shows here too. While the file
/// `unwell_while` is there, it answers 500.
pub(crate) async fn serve(
    port: u16,
    entity_id: EntityId,
    clock: Clock,
    unwell_while: Option<PathBuf>,
) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot serve /health on port {port} of 127.0.0.1"))?;
    let addr = listener.local_addr()?;
    let health = async move || {
        let timestamp = clock.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        if unwell_while.as_ref().is_some_and(|file| file.exists()) {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        }
        Ok(Json(Health { status: "ok", entity_id, timestamp }))
    };
    let router = Router::new().route("/health", get(health));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            say(&format!("/health ended: {error}"));
        }
    });
    Ok(addr)
}
