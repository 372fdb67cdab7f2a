//! The heartbeat socket as the registry's guide describes it (protocols.md 9, 1 to 4 and 9): another message, and a word when
//! it is refused.

use std::sync::Arc;

use axum::extract::{Request, State as Extract};
use axum::response::Response;
use beatkeeper_core::identity::{EntityId, Signature};
use beatkeeper_core::wire::zynd_documented::{BeatMessage, signed_bytes};
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use super::upgrade::{self, Socket};
use super::{Event, Shared, answer};
use crate::registry::{Ledger, ReceivedBeat, Rejection};

/// `GET /v1/heartbeat`: one socket for whichever entity beats on it.
pub(super) async fn open_shared(Extract(registry): Extract<Shared>, request: Request) -> Response {
    if !registry.config.speaks.has_shared_path() {
        return answer::no_such_page();
    }
    let line = Line { registry: registry.clone(), only: None };
    upgrade::upgrade(&registry, request, move |socket| line.listen(socket))
}

/// The entity's own socket.
pub(super) fn open(registry: &Shared, id: EntityId, request: Request) -> Response {
    let line = Line { registry: registry.clone(), only: Some(id) };
    upgrade::upgrade(registry, request, move |socket| line.listen(socket))
}

/// One open socket.
struct Line {
    registry: Shared,
    /// Whose beats are taken; everybody's when missing.
    only: Option<EntityId>,
}

impl Line {
    async fn listen(self, mut socket: Socket) {
        let counted = self.only.as_ref().map(|id| self.registry.state.socket_opened(&self.registry.state.ledger(id)));
        let patience = self.registry.config.inactive_after + self.registry.config.read_grace;
        let mut faults = self.registry.faults.subscribe();
        let dropped_before = faults.borrow().drops(self.only.as_ref());
        let mut read_by = Instant::now() + patience;
        loop {
            if faults.borrow_and_update().drops(self.only.as_ref()) != dropped_before {
                break;
            }
            let frame = tokio::select! {
                () = self.registry.stop.cancelled() => break,
                changed = faults.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => break,
                },
                () = sleep_until(read_by) => break,
                frame = socket.next() => frame,
            };
            let text = match frame {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => break,
            };
            read_by = Instant::now() + patience;
            if let Err(reason) = self.hear(&text)
                && self.registry.config.answers
            {
                let words = serde_json::json!({ "type": "error", "error": word(reason) });
                if socket.send(Message::text(words.to_string())).await.is_err() {
                    break;
                }
            }
        }
        drop(counted);
    }

    /// Takes one frame.
    fn hear(&self, frame: &str) -> Result<(), Rejection> {
        let registry = &self.registry;
        let beat: Option<BeatMessage> =
            serde_json::from_str(frame).ok().filter(|beat: &BeatMessage| beat.r#type == "heartbeat");
        let named = beat.as_ref().and_then(|beat| beat.agent_id.parse::<EntityId>().ok());
        let Some(id) = self.only.clone().or_else(|| named.clone()) else { return Err(Rejection::Malformed) };
        let verdict = match &beat {
            Some(_) if named.as_ref() != Some(&id) => Err(Rejection::NotFound),
            Some(beat) => self.judge(&id, beat).and_then(|()| self.count(&id)),
            None => Err(Rejection::Malformed),
        };
        let timestamp = beat.map_or_else(String::new, |beat| beat.timestamp.to_string());
        self.note(&registry.state.ledger(&id), timestamp, verdict);
        verdict
    }

    fn judge(&self, id: &EntityId, beat: &BeatMessage) -> Result<(), Rejection> {
        let registry = &self.registry;
        let record = registry.state.record(id).ok_or(Rejection::NotFound)?;
        let at = Timestamp::from_second(beat.timestamp).map_err(|_| Rejection::Timestamp)?;
        if registry.clock(Some(id)).duration_since(at).unsigned_abs() > registry.config.max_clock_skew {
            return Err(Rejection::Skew);
        }
        // The guide shows both: with the prefix and without.
        let wire =
            if beat.signature.contains(':') { beat.signature.clone() } else { format!("ed25519:{}", beat.signature) };
        let signature = Signature::from_wire(&wire).map_err(|_| Rejection::Signature)?;
        let signed = record.key.verifies(&signed_bytes(id, beat.timestamp), &signature);
        if signed { Ok(()) } else { Err(Rejection::Signature) }
    }

    fn count(&self, id: &EntityId) -> Result<(), Rejection> {
        let registry = &self.registry;
        if registry.faults.borrow().ignores(id) {
            return Err(Rejection::Ignored);
        }
        let was_active = registry.state.record(id).is_some_and(|record| record.status.is_active());
        if !registry.state.beaten(id, registry.now()) {
            return Err(Rejection::NotFound);
        }
        if !was_active {
            registry.publish(&Event::BecameActive(id));
        }
        registry.publish(&Event::Heartbeat(id));
        Ok(())
    }

    fn note(&self, ledger: &Arc<Ledger>, timestamp: String, verdict: Result<(), Rejection>) {
        let at = self.registry.now();
        let beat = ReceivedBeat { at, timestamp, accepted: verdict.is_ok(), reason: verdict.err() };
        self.registry.state.note(ledger, beat);
    }
}

/// What the client is told.
const fn word(reason: Rejection) -> &'static str {
    match reason {
        Rejection::Malformed => "invalid_message",
        Rejection::Timestamp | Rejection::Skew => "timestamp_invalid",
        Rejection::Signature => "signature_invalid",
        Rejection::NotFound => "entity_not_found",
        Rejection::Ignored => "try_later",
    }
}
