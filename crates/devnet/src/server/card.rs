//! An entity's card, which the registry fetches from where the entity is published (protocols.md 1.8).

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State as Extract};
use axum::http::header::{HOST, USER_AGENT};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use beatkeeper_core::identity::EntityId;
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Shared, answer};

/// Where it looks, in this order.
const PLACES: [&str; 3] = ["/.well-known/agent-card.json", "/.well-known/zynd-agent.json", "/.well-known/agent.json"];
/// For each of them.
const WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a card.
const LONGEST: usize = 50 * 1024;

/// `GET /v1/entities/{id}/card`. The devnet fetches over plain HTTP alone: what it is for runs on this computer.
pub(super) async fn get(Extract(registry): Extract<Shared>, Path(id): Path<String>) -> Response {
    let Some(record) = id.parse::<EntityId>().ok().and_then(|id| registry.state.record(&id)) else {
        return answer::no_such_entity();
    };
    let base = record.entity_url.trim_end_matches('/');
    let mut last = String::new();
    for place in PLACES {
        match timeout(WITHIN, fetch(&format!("{base}{place}"))).await {
            Ok(Ok(card)) => return answer::json(StatusCode::OK, &card),
            Ok(Err(reason)) => last = reason,
            Err(_) => last = "context deadline exceeded".to_owned(),
        }
    }
    // As the real one, this tells the address that a record hides.
    let sentence = format!("failed to fetch agent card: {base}: {last}");
    answer::json(StatusCode::BAD_GATEWAY, &json!({ "error": sentence }))
}

async fn fetch(url: &str) -> Result<Value, String> {
    let uri: Uri = url.parse().map_err(|error| format!("{error}"))?;
    let host = uri.host().ok_or("no host")?;
    if uri.scheme_str() != Some("http") {
        return Err("unsupported protocol scheme".to_owned());
    }
    let address = (host.trim_matches(['[', ']']), uri.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let request = Request::get(uri.path())
        .header(HOST, uri.authority().map_or(host, |authority| authority.as_str()))
        .header(USER_AGENT, "ZyndDNS/1.0 (Card Fetcher)")
        .body(Body::empty())
        .map_err(|error| error.to_string())?;
    let asking = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        if response.status() != StatusCode::OK {
            return Err(format!("status {}", response.status().as_u16()));
        }
        let body = axum::body::to_bytes(Body::new(response.into_body()), LONGEST).await;
        serde_json::from_slice(&body.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
    };
    let connection = async {
        // Its end is seen by whoever asks.
        let _ = connection.await;
        std::future::pending::<Result<Value, String>>().await
    };
    tokio::select! {
        answered = asking => answered,
        never = connection => never,
    }
}
