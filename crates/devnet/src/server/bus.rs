//! Events for the activity streams (protocols.md 1.6).

use std::sync::{PoisonError, RwLock};

use beatkeeper_core::identity::EntityId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Registry;
use super::answer::go_json;
use crate::registry::{EntityRecord, Name};

/// Events that a slow stream may have waiting; further ones are dropped in silence.
const BUFFER: usize = 256;

/// What a stream is told.
pub(crate) enum Event<'a> {
    Connected,
    Registered(&'a EntityRecord),
    Deregistered(&'a EntityRecord),
    Heartbeat(&'a EntityId),
    BecameActive(&'a EntityId),
    BecameInactive(&'a EntityId),
    Gossip { entity_id: &'a str, name: &'a str, action: Announcement },
    HandleClaimed { handle: &'a str, developer_id: &'a str },
    NameRegistered(&'a Name),
}

/// What gossip is about.
#[derive(Clone, Copy)]
pub(crate) enum Announcement {
    Register,
    Update,
    Deregister,
    AgentStatus,
}

impl Announcement {
    const fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Update => "update",
            Self::Deregister => "deregister",
            Self::AgentStatus => "agent_status",
        }
    }
}

impl Event<'_> {
    /// Whom it concerns.
    pub(crate) fn entity(&self) -> Option<&EntityId> {
        match self {
            Self::Registered(record) | Self::Deregistered(record) => Some(&record.entity_id),
            Self::Heartbeat(id) | Self::BecameActive(id) | Self::BecameInactive(id) => Some(id),
            Self::NameRegistered(name) => Some(&name.entity_id),
            Self::Connected | Self::Gossip { .. } | Self::HandleClaimed { .. } => None,
        }
    }

    /// The text frame.
    pub(crate) fn frame(&self, at: Timestamp) -> Utf8Bytes {
        #[derive(Serialize)]
        struct Entity<'a> {
            entity_id: &'a EntityId,
            name: &'a str,
            category: &'a str,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            tags: &'a [String],
            #[serde(skip_serializing_if = "str::is_empty")]
            summary: &'a str,
        }
        #[derive(Serialize)]
        struct Liveness<'a> {
            entity_id: &'a EntityId,
            status: &'static str,
        }
        #[derive(Serialize)]
        struct Gossip<'a> {
            entity_id: &'a str,
            name: &'a str,
            action: &'static str,
            home_registry: String,
            hop_count: u32,
            direction: &'static str,
        }
        fn entity<'a>(record: &'a EntityRecord, summary: &'a str) -> Entity<'a> {
            let EntityRecord { entity_id, name, category, tags, .. } = record;
            Entity { entity_id, name, category, tags, summary }
        }
        match self {
            Self::Connected => frame(
                "connected",
                at,
                json!({"message": "streaming network activity", "registry_id": Registry::registry_id()}),
            ),
            Self::Registered(record) => frame("entity_registered", at, entity(record, &record.summary)),
            Self::Deregistered(record) => frame("entity_deregistered", at, entity(record, "")),
            Self::Heartbeat(entity_id) => frame("entity_heartbeat", at, Liveness { entity_id, status: "active" }),
            Self::BecameActive(entity_id) => {
                frame("entity_became_active", at, Liveness { entity_id, status: "active" })
            }
            Self::BecameInactive(entity_id) => {
                frame("entity_became_inactive", at, Liveness { entity_id, status: "inactive" })
            }
            Self::Gossip { entity_id, name, action } => frame(
                "gossip_outgoing",
                at,
                Gossip {
                    entity_id,
                    name,
                    action: action.word(),
                    home_registry: Registry::registry_id(),
                    hop_count: 0,
                    direction: "outgoing",
                },
            ),
            Self::HandleClaimed { handle, developer_id } => {
                frame("handle_claimed", at, json!({"action": "claim", "developer_id": developer_id, "handle": handle}))
            }
            Self::NameRegistered(Name { fqan, developer_id, entity_id, .. }) => frame(
                "name_registered",
                at,
                json!({"action": "register", "developer_id": developer_id, "entity_id": entity_id, "fqan": fqan}),
            ),
        }
    }
}

fn frame(kind: &'static str, at: Timestamp, data: impl Serialize) -> Utf8Bytes {
    #[derive(Serialize)]
    struct Frame<T> {
        r#type: &'static str,
        timestamp: String,
        data: T,
    }
    go_json(&Frame { r#type: kind, timestamp: at.to_string(), data }).into()
}

/// Everybody who listens.
#[derive(Default)]
pub(super) struct Bus(RwLock<Vec<mpsc::Sender<Utf8Bytes>>>);

impl Bus {
    pub(super) fn subscribe(&self) -> mpsc::Receiver<Utf8Bytes> {
        let (sender, receiver) = mpsc::channel(BUFFER);
        let mut streams = self.0.write().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|stream| !stream.is_closed());
        streams.push(sender);
        receiver
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub(super) fn publish(&self, event: &Event<'_>, at: Timestamp) {
        let frame = event.frame(at);
        for stream in self.0.read().unwrap_or_else(PoisonError::into_inner).iter() {
            // A full buffer loses the event, and nobody is told.
            let _ = stream.try_send(frame.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_buffer_loses_the_newest_in_silence() {
        let bus = Bus::default();
        let mut stream = bus.subscribe();
        for count in 0..300_u16 {
            let handle = &*count.to_string();
            bus.publish(&Event::HandleClaimed { handle, developer_id: "" }, Timestamp::UNIX_EPOCH);
        }
        let heard: Vec<_> = std::iter::from_fn(|| stream.try_recv().ok()).collect();
        assert_eq!(heard.len(), BUFFER);
        assert!(heard[0].contains(r#""handle":"0""#) && heard[255].contains(r#""handle":"255""#));
        drop(stream);
        drop(bus.subscribe());
        assert_eq!(bus.0.read().unwrap().len(), 1, "who left is forgotten");
    }
}
