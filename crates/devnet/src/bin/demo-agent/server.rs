//! What the agent serves on its port, as the current SDKs do (protocols.md 7.1).

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use axum::{Json, Router};
use beatkeeper_core::identity::EntityId;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{Clock, say};

/// The agent's port on loopback, taken but not yet served.
pub(crate) struct Port {
    listener: TcpListener,
    /// Where it is.
    pub(crate) addr: SocketAddr,
}

/// What is served there.
pub(crate) struct Pages {
    pub(crate) entity_id: EntityId,
    /// The time that is shown: a wrong clock shows here too.
    pub(crate) clock: Clock,
    /// While this file is there, `/health` answers 500.
    pub(crate) unwell_while: Option<PathBuf>,
    pub(crate) card: Value,
    /// Whether each request gets a line on stdout.
    pub(crate) access_log: bool,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    entity_id: EntityId,
    timestamp: String,
}

impl Port {
    pub(crate) async fn take(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("cannot serve /health on port {port} of 127.0.0.1"))?;
        let addr = listener.local_addr()?;
        Ok(Self { listener, addr })
    }

    /// Serves from now on.
    pub(crate) fn serve(self, pages: Pages) {
        let Pages { entity_id, clock, unwell_while, card, access_log } = pages;
        let health = async move || {
            let timestamp = clock.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            if unwell_while.as_ref().is_some_and(|file| file.exists()) {
                return Err(StatusCode::INTERNAL_SERVER_ERROR);
            }
            Ok(Json(Health { status: "ok", entity_id, timestamp }))
        };
        let mut router = Router::new()
            .route("/health", get(health))
            .route("/.well-known/agent-card.json", get(async move || Json(card)));
        if access_log {
            router = router.fallback(async || StatusCode::NOT_FOUND).layer(from_fn(log));
        }
        tokio::spawn(async move {
            if let Err(error) = axum::serve(self.listener, router).await {
                say(&format!("the port is no longer served: {error}"));
            }
        });
    }
}

/// A line for each request: what was asked for, and the status of the answer.
async fn log(request: Request, next: Next) -> axum::response::Response {
    let asked = format!("{} {}", request.method(), request.uri());
    let response = next.run(request).await;
    let mut stdout = std::io::stdout().lock();
    // Nobody has to read it.
    let _ = writeln!(stdout, "{asked} {}", response.status().as_u16()).and_then(|()| stdout.flush());
    response
}
