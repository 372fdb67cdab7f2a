//! Two sockets that are held open, to find out what cuts them: one on which nothing is said, and one with pings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::doctor::Hold;
use beatkeeper_core::failure::{Failure, Transient};
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use url::Url;

use crate::links::dial::{Socket, Traffic, dial};

/// How long a socket may take to open.
const OPEN_WITHIN: Duration = Duration::from_secs(5);
/// As often as a good client pings.
const PING_EVERY: Duration = Duration::from_secs(15);
/// As often as is needed to tell a short idle time from a short life.
const LEAST: Duration = Duration::from_millis(250);

/// Holds them for `asked`, or until both are cut.
///
/// # Errors
/// When they do not open.
pub(super) async fn hold(
    base: &BaseUrl,
    path: &str,
    tls: &Arc<ClientConfig>,
    asked: Duration,
    registry_drops_after: Duration,
) -> Result<Hold, Failure> {
    let url = base.websocket(path);
    let (silent, pinged) = tokio::try_join!(open(&url, tls), open(&url, tls))?;
    let every = (asked / 40).clamp(LEAST, PING_EVERY);
    let (silent, pinged) = tokio::join!(cut(silent, asked, None), cut(pinged, asked, Some(every)));
    Ok(Hold { asked, silent, pinged, registry_drops_after })
}

async fn open(url: &Url, tls: &Arc<ClientConfig>) -> Result<Socket, Failure> {
    let dialled = tokio::time::timeout(OPEN_WITHIN, dial(url, tls, Traffic::Silence)).await;
    dialled.unwrap_or_else(|_| Err(Transient::DialTimeout.into()))
}

/// When the socket was cut; nothing when it lived.
async fn cut(mut socket: Socket, asked: Duration, ping_every: Option<Duration>) -> Option<Duration> {
    let began = Instant::now();
    let until = tokio::time::Instant::now() + asked;
    let mut pings = tokio::time::interval(ping_every.unwrap_or(asked * 2));
    pings.tick().await;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(until) => {
                let _ = tokio::time::timeout(Duration::from_millis(300), socket.close(None)).await;
                return None;
            }
            _ = pings.tick() => {
                if socket.send(Message::Ping(Bytes::new())).await.is_err() {
                    return Some(began.elapsed());
                }
            }
            frame = socket.next() => match frame {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Some(began.elapsed()),
                Some(Ok(_)) => {}
            },
        }
    }
}
