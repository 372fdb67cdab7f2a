//! An agent's socket: what it says is noted, and answered as the server's modules do.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use beatkeeper_core::wire::artcafe::{FromClient, heartbeat_ack};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Acks, Cafe};

/// The policy does not allow it (RFC 6455, 7.4.1).
const POLICY: u16 = 1008;
const NORMAL: u16 = 1000;
/// How long a client may take to answer a goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Closes with the reason, after the socket was opened.
pub(super) async fn turn_away(socket: WebSocket, reason: &'static str) {
    close(socket, POLICY, reason).await;
}

/// Listens until the client or the server ends it.
pub(super) async fn listen(cafe: Arc<Cafe>, agent: String, mut socket: WebSocket) {
    cafe.state.opened(&agent);
    let welcome = json!({
        "type": "welcome", "agent_id": agent, "connection_id": agent, "subscribed_channels": [], "server_id": "devnet"
    });
    if socket.send(Message::text(welcome.to_string())).await.is_ok()
        && let Some(goodbye) = cafe.stop.run_until_cancelled(converse(&cafe, &agent, &mut socket)).await.flatten()
    {
        close(socket, goodbye, "").await;
    }
    cafe.state.closed(&agent);
}

/// Answers the code to close with, when the server is to.
async fn converse(cafe: &Cafe, agent: &str, socket: &mut WebSocket) -> Option<u16> {
    let mut beats = 0;
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        let answer = match serde_json::from_str(&text) {
            Ok(FromClient::Heartbeat { .. }) => {
                cafe.state.beaten(agent);
                beats += 1;
                let acks = match cafe.acks() {
                    Acks::Always => true,
                    Acks::Never => false,
                    Acks::Until(number) => cafe.state.acks(agent) < number,
                };
                if acks {
                    cafe.state.acked(agent);
                }
                acks.then(|| heartbeat_ack(Timestamp::now()))
            }
            Ok(FromClient::Presence { status }) => {
                cafe.state.said(agent, status);
                None
            }
            Ok(FromClient::Subscribe) => {
                // Either name of the field: the client of 0.4.3 writes another one than the server reads.
                let asked: Value = serde_json::from_str(&text).unwrap_or_default();
                let subject = asked.get("subject").or_else(|| asked.get("channel"));
                Some(json!({ "type": "subscribed", "subject": subject }).to_string())
            }
            Ok(FromClient::Ping) => {
                Some(json!({ "type": "pong", "timestamp": Timestamp::now().to_string() }).to_string())
            }
            Ok(FromClient::Publish) | Err(_) => None,
        };
        if let Some(answer) = answer
            && socket.send(Message::text(answer)).await.is_err()
        {
            return None;
        }
        if cafe.config.close_after == Some(beats) && cafe.state.openings(agent) == 1 {
            return Some(NORMAL);
        }
    }
    None
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        // A stream that is dropped with words unread is reset, and the goodbye lost.
        let rest = async { while let Some(Ok(_)) = socket.recv().await {} };
        let _ = timeout(GOODBYE, rest).await;
    }
}
