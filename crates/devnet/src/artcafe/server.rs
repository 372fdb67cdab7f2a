//! The two routes: a challenge, and the socket that its signature opens.

use std::fmt::Write as _;
use std::future::IntoFuture as _;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State as Extract};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::wire::artcafe::{Challenge, TENANT_HEADER};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{Cafe, ChallengeAnswer, TurnsAway, socket};

const HUGE: usize = 1024 * 1024;

/// Serves until the server stops.
pub(super) async fn serve(cafe: Arc<Cafe>, listener: TcpListener) {
    let routes = Router::new()
        .route("/api/v1/agents/{id}/challenge", get(challenge))
        .route("/api/v1/ws/agent/{id}", get(open))
        .with_state(Arc::clone(&cafe));
    tokio::select! {
        () = cafe.stop.cancelled() => {}
        served = axum::serve(listener, routes).into_future() => {
            if let Err(error) = served {
                tracing::warn!("the ArtCafe server ended: {error}");
            }
        }
    }
}

/// `GET /api/v1/agents/{id}/challenge`, as the client of 0.4.3 asks for it.
async fn challenge(Extract(cafe): Extract<Arc<Cafe>>, Path(agent): Path<String>, headers: HeaderMap) -> Response {
    let Some(tenant) = headers.get(TENANT_HEADER).and_then(|value| value.to_str().ok()) else {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, &format!("the header {TENANT_HEADER} is missing"));
    };
    if tenant != cafe.config.organization || cafe.key(&agent).is_none() {
        return refuse(StatusCode::NOT_FOUND, "Agent not found");
    }
    match cafe.config.challenge {
        ChallengeAnswer::Good => {}
        ChallengeAnswer::Html => return "<!DOCTYPE html>\n<html><body>Welcome</body></html>\n".into_response(),
        ChallengeAnswer::Huge => return Json(Challenge { challenge: "f".repeat(HUGE) }).into_response(),
    }
    let mut bytes = [0; 32];
    if getrandom::fill(&mut bytes).is_err() {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "no randomness");
    }
    let digits = bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a text cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    cafe.state.issued(&agent, digits.clone(), Instant::now());
    Json(Challenge { challenge: digits }).into_response()
}

/// What opens a socket. All of it is required (protocols.md 5.2), but for the name, which the path has.
#[derive(Deserialize)]
struct Proof {
    challenge: String,
    signature: String,
    tenant_id: String,
}

/// `GET /api/v1/ws/agent/{id}`
async fn open(
    Extract(cafe): Extract<Arc<Cafe>>,
    Path(agent): Path<String>,
    Query(proof): Query<Proof>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let refusal = cafe.judge(&agent, &proof).err();
    if refusal.is_some() && cafe.config.turns_away == TurnsAway::AtHandshake {
        return StatusCode::FORBIDDEN.into_response();
    }
    let tasks = cafe.tasks.clone();
    upgrade.on_upgrade(move |socket| {
        tasks.track_future(async move {
            match refusal {
                Some(reason) => socket::turn_away(socket, reason).await,
                None => socket::listen(cafe, agent, socket).await,
            }
        })
    })
}

impl Cafe {
    fn key(&self, agent: &str) -> Option<&[u8]> {
        self.config.agents.iter().find(|(name, _)| name == agent).map(|(_, key)| key.as_slice())
    }

    fn judge(&self, agent: &str, proof: &Proof) -> Result<(), &'static str> {
        let known = self.key(agent).filter(|_| proof.tenant_id == self.config.organization);
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, known.ok_or("Agent not found")?);
        if !self.state.redeem(agent, &proof.challenge, Instant::now()) {
            return Err("Authentication failed");
        }
        let signature = STANDARD.decode(&proof.signature).map_err(|_| "Invalid signature")?;
        key.verify(proof.challenge.as_bytes(), &signature).map_err(|_| "Invalid signature")
    }
}

fn refuse(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}
