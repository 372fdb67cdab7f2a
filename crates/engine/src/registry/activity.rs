//! The activity stream: one WebSocket a registry, listened to for beats that were accepted.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::failure::Failure;
use beatkeeper_core::wire::zynd;
use beatkeeper_core::witness::Activity;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::links::dial::{Socket, Traffic, dial};

/// The server sends no pings (protocols.md 1.6), so silence is asked about.
const PING_AFTER: Duration = Duration::from_secs(20);

/// An open stream.
pub(super) struct Stream {
    socket: Socket,
    /// When silence has lasted too long. Kept here, since `next` is dropped and called anew all the time.
    patience: Instant,
    pinged: bool,
}

/// Opens the stream.
pub(super) async fn open(
    base: &beatkeeper_core::base_url::BaseUrl,
    tls: &Arc<rustls::ClientConfig>,
) -> Result<Stream, Failure> {
    let socket = dial(&base.websocket(zynd::ACTIVITY_PATH), tls, Traffic::Stream).await?;
    Ok(Stream { socket, patience: Instant::now() + PING_AFTER, pinged: false })
}

impl Stream {
    /// The next thing that happened; nothing when the stream is over.
    pub(super) async fn next(&mut self) -> Option<Activity> {
        loop {
            match tokio::time::timeout_at(self.patience, self.socket.next()).await {
                Err(_) if self.pinged => return None,
                Err(_) => {
                    self.pinged = true;
                    self.patience = Instant::now() + PING_AFTER;
                    self.socket.send(Message::Ping(Bytes::new())).await.ok()?;
                }
                Ok(Some(Ok(message))) => {
                    self.pinged = false;
                    self.patience = Instant::now() + PING_AFTER;
                    match message {
                        Message::Text(text) => match zynd::parse_activity(&text) {
                            Ok(activity) => return Some(activity),
                            Err(error) => tracing::debug!("a frame of the activity stream is not JSON: {error}"),
                        },
                        Message::Close(_) => return None,
                        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                    }
                }
                Ok(_) => return None,
            }
        }
    }
}
