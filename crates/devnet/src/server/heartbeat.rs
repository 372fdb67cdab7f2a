//! The heartbeat socket (protocols.md 1.4): it listens, judges, and never says a word.

use std::sync::Arc;

use axum::extract::{Path, Request, State as Extract};
use axum::response::Response;
use beatkeeper_core::identity::{EntityId, PublicKey};
use futures_util::future::OptionFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::upgrade::{self, Socket};
use super::{Announcement, Event, Shared, answer, documented};
use crate::Speech;
use crate::registry::{Ledger, ReceivedBeat, Rejection, decode, judge};

/// Nonsense, for those who ordered it.
const NOISE: &str = r#"{"type":"heartbeat_ack","ok":maybe"#;

/// `GET /v1/entities/{id}/ws`: anyone may open the socket of any entity that is registered here.
pub(super) async fn open(Extract(registry): Extract<Shared>, Path(id): Path<String>, request: Request) -> Response {
    let Some(record) = id.parse::<EntityId>().ok().and_then(|id| registry.state.record(&id)) else {
        return answer::no_such_entity();
    };
    match registry.config.speaks {
        Speech::Live => {}
        Speech::Documented => return documented::open(&registry, record.entity_id, request),
        Speech::DocumentedShared => return answer::no_such_page(),
    }
    let line = Line {
        ledger: registry.state.ledger(&record.entity_id),
        id: record.entity_id,
        // Read once: a record that is replaced later does not change the key of an open socket.
        key: record.key,
        registry: registry.clone(),
    };
    upgrade::upgrade(&registry, request, move |socket| line.listen(socket))
}

/// One open socket.
struct Line {
    registry: Shared,
    id: EntityId,
    key: PublicKey,
    ledger: Arc<Ledger>,
}

/// What becomes of the socket after a frame.
#[derive(PartialEq, Eq)]
enum Next {
    KeepOpen,
    Drop,
}

impl Line {
    /// Listens until the client, a deadline, a fault or the registry's end closes the line. Whatever it is, there is no
    /// close frame: the stream is just dropped.
    async fn listen(self, mut socket: Socket) {
        let counted = self.registry.state.socket_opened(&self.ledger);
        self.read(&mut socket).await;
        drop(socket);
        drop(counted);
    }

    async fn read(&self, socket: &mut Socket) {
        let config = &self.registry.config;
        let patience = config.inactive_after + config.read_grace;
        let opened = Instant::now();
        let mut faults = self.registry.faults.subscribe();
        let dropped_before = faults.borrow().drops(Some(&self.id));
        let mut read_deadline = opened + patience;
        let mut announced = false;
        loop {
            let (half_open, drop_at) = {
                let faults = faults.borrow_and_update();
                if faults.drops(Some(&self.id)) != dropped_before {
                    return;
                }
                (faults.half_open(Some(&self.id)), faults.drop_at(&self.id, opened))
            };
            // While it is away it does not count the seconds either.
            let read_by = (!half_open).then_some(read_deadline);
            let deadline = read_by.into_iter().chain(drop_at).min();
            let frame = tokio::select! {
                () = self.registry.stop.cancelled() => return,
                changed = faults.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
                Some(()) = OptionFuture::from(deadline.map(sleep_until)) => return,
                frame = socket.next(), if !half_open => frame,
            };
            let next = match frame {
                Some(Ok(Message::Text(text))) => self.hear(text.as_bytes(), &mut announced).await,
                Some(Ok(Message::Binary(bytes))) => self.hear(&bytes, &mut announced).await,
                // The library answers pings and closes by itself, on the next read; neither counts as a sign of life.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_))) => continue,
                Some(Err(Error::Protocol(_))) => {
                    upgrade::close_protocol_error(socket).await;
                    Next::Drop
                }
                Some(Err(_)) | None => Next::Drop,
            };
            if next == Next::Drop {
                return;
            }
            if faults.borrow().noisy(Some(&self.id)) && socket.send(Message::text(NOISE)).await.is_err() {
                return;
            }
            read_deadline = Instant::now() + patience;
        }
    }

    /// Takes one data frame.
    async fn hear(&self, frame: &[u8], announced: &mut bool) -> Next {
        let registry = &self.registry;
        let slow = registry.faults.borrow().slow(Some(&self.id));
        if let Some(slow) = slow
            && registry.stop.run_until_cancelled(sleep(slow)).await.is_none()
        {
            return Next::Drop;
        }
        let now = registry.clock(Some(&self.id));
        let (timestamp, verdict) = match decode(frame) {
            Ok(beat) => {
                let verdict = judge(&beat, &self.key, now, registry.config.max_clock_skew);
                (beat.timestamp, verdict)
            }
            Err(rejection) => (String::new(), Err(rejection)),
        };
        let verdict = verdict.and_then(|()| self.count(announced));
        if let Err(reason) = verdict {
            tracing::debug!("heartbeat ws: {reason} from {}", self.id);
        }
        let reason = verdict.err();
        registry.state.note(&self.ledger, ReceivedBeat { at: now, timestamp, accepted: reason.is_none(), reason });
        if reason == Some(Rejection::Malformed) { Next::Drop } else { Next::KeepOpen }
    }

    /// A valid beat. The announcement comes first, and only once for each connection, whatever the record says.
    fn count(&self, announced: &mut bool) -> Result<(), Rejection> {
        let registry = &self.registry;
        if registry.faults.borrow().ignores(&self.id) {
            return Err(Rejection::Ignored);
        }
        if !std::mem::replace(announced, true) {
            registry.publish(&Event::BecameActive(&self.id));
            registry.announce(self.id.as_str(), "", Announcement::AgentStatus);
        }
        if !registry.state.beaten(&self.id, registry.now()) {
            return Err(Rejection::NotFound);
        }
        registry.publish(&Event::Heartbeat(&self.id));
        Ok(())
    }
}
