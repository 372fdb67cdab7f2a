//! The heartbeat socket's handshake and the activity stream.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::dialect::Dialect;
use beatkeeper_core::doctor::{ActivitySeen, Reading, Upgraded};
use beatkeeper_core::failure::Transient;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::wire::{zynd, zynd_documented};
use beatkeeper_core::witness::Activity;
use futures_util::StreamExt as _;
use rustls::ClientConfig;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::links::dial::{Socket, Traffic, dial};

/// How long a handshake may take.
const WITHIN: Duration = Duration::from_secs(5);
/// How long the stream's first word may take.
const FIRST_WORD: Duration = Duration::from_secs(2);

/// Where an agent's heartbeat socket is.
pub(super) fn path(id: &EntityId, dialect: Dialect) -> String {
    match dialect {
        Dialect::ZyndDocumentedShared => zynd_documented::SHARED_PATH.to_owned(),
        Dialect::Zynd | Dialect::ZyndDocumented | Dialect::ArtCafe | Dialect::Redis => zynd::heartbeat_path(id),
    }
}

/// Opens the heartbeat socket, says nothing, and closes it.
pub(super) async fn upgrade(base: &BaseUrl, path: &str, tls: &Arc<ClientConfig>, recorded: Option<bool>) -> Reading {
    let dialled = timeout(WITHIN, dial(&base.websocket(path), tls, Traffic::Silence)).await;
    let answer = match dialled {
        Ok(Ok(mut socket)) => {
            let _ = timeout(Duration::from_millis(300), socket.close(None)).await;
            Ok(())
        }
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Transient::DialTimeout.into()),
    };
    Upgraded { answer, recorded, path: format!("/{path}") }.read()
}

/// Opens the activity stream and waits for its first word.
pub(super) async fn activity(base: &BaseUrl, tls: &Arc<ClientConfig>) -> (Reading, Option<Socket>) {
    let dialled = timeout(WITHIN, dial(&base.websocket(zynd::ACTIVITY_PATH), tls, Traffic::Stream)).await;
    let (seen, socket) = match dialled {
        Ok(Ok(mut socket)) => match timeout(FIRST_WORD, word(&mut socket)).await {
            Ok(Some(_)) => (ActivitySeen::Live, Some(socket)),
            Ok(None) => (ActivitySeen::Closed("it was closed at once".into()), None),
            Err(_) => (ActivitySeen::Mute, Some(socket)),
        },
        Ok(Err(failure)) => (ActivitySeen::Closed(failure.to_string()), None),
        Err(_) => (ActivitySeen::Closed("no answer in time".into()), None),
    };
    (seen.read(), socket)
}

/// The next event of the stream; nothing when it ended.
pub(super) async fn word(socket: &mut Socket) -> Option<Activity> {
    loop {
        match socket.next().await? {
            Ok(Message::Text(text)) => {
                if let Ok(activity) = zynd::parse_activity(&text) {
                    return Some(activity);
                }
            }
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
        }
    }
}
