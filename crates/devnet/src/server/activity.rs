//! The activity stream (protocols.md 1.6).

use std::time::Duration;

use axum::extract::{Request, State as Extract};
use axum::response::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::upgrade::{self, Socket};
use super::{Event, Shared, answer};

/// A client that takes no bytes for this long loses the stream.
const WRITE_DEADLINE: Duration = Duration::from_secs(5);
/// Nonsense, for those who ordered it.
const NOISE: &str = r#"{"type":"entity_heartbeat","timestamp":7,"data":["#;

/// `GET /v1/ws/activity`
pub(super) async fn open(Extract(registry): Extract<Shared>, request: Request) -> Response {
    if registry.faults.borrow().no_activity() {
        return answer::no_such_page();
    }
    let talking = registry.clone();
    upgrade::upgrade(&registry, request, move |mut socket| async move {
        // Before the first frame goes out, so that nothing after `connected` is missed.
        let events = talking.bus.subscribe();
        let counted = talking.state.stream_opened();
        stream(&talking, &mut socket, events).await;
        drop(socket);
        drop(counted);
    })
}

async fn stream(registry: &Shared, socket: &mut Socket, mut events: mpsc::Receiver<Utf8Bytes>) {
    let mut faults = registry.faults.subscribe();
    let dropped_before = faults.borrow().drops(None);
    if socket.send(Message::Text(Event::Connected.frame(registry.now()))).await.is_err() {
        return;
    }
    loop {
        let (half_open, noisy) = {
            let faults = faults.borrow_and_update();
            if faults.no_activity() || faults.drops(None) != dropped_before {
                return;
            }
            (faults.half_open(None), faults.noisy(None))
        };
        tokio::select! {
            () = registry.stop.cancelled() => return,
            changed = faults.changed() => if changed.is_err() { return },
            // What a client says is read and forgotten.
            frame = socket.next(), if !half_open => match frame {
                Some(Ok(_)) => {}
                Some(Err(Error::Protocol(_))) => return upgrade::close_protocol_error(socket).await,
                Some(Err(_)) | None => return,
            },
            event = events.recv(), if !half_open => {
                let Some(event) = event else { return };
                let noise = noisy.then(|| Message::text(NOISE));
                for message in noise.into_iter().chain([Message::Text(event)]) {
                    if !matches!(timeout(WRITE_DEADLINE, socket.send(message)).await, Ok(Ok(()))) {
                        return;
                    }
                }
            }
        }
    }
}
