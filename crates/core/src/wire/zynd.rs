//! What the live Zynd registry sends and accepts (protocols.md 1.2 to 1.6).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity::{EntityId, PublicKey, Signature};
use crate::time::Time;
use crate::witness::{Activity, RecordFacts};

/// How far a beat's timestamp may be from the registry's clock, in either direction (protocols.md 1.4).
pub const MAX_CLOCK_SKEW: std::time::Duration = std::time::Duration::from_secs(60);

/// The timestamp of a beat as the registry reads it: RFC 3339, UTC, upper-case `T` and `Z`, whole seconds.
///
/// These UTF-8 bytes are exactly what is signed; the entity id is not.
#[must_use]
pub fn beat_timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// One beat: a single JSON object in one text frame.
#[must_use]
pub fn beat_frame(timestamp: &str, signature: &Signature) -> String {
    // Neither value can hold a character that JSON escapes.
    format!(r#"{{"timestamp":"{timestamp}","signature":"{}"}}"#, signature.to_wire())
}

/// A beat as a registry reads it: other fields are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct BeatMessage {
    /// RFC 3339; empty when missing.
    pub timestamp: String,
    /// `ed25519:` and base64; empty when missing.
    pub signature: String,
}

/// Path of an entity's heartbeat socket, below the registry's base.
#[must_use]
pub fn heartbeat_path(id: &EntityId) -> String {
    format!("v1/entities/{id}/ws")
}

/// Path of an entity's record.
#[must_use]
pub fn record_path(id: &EntityId) -> String {
    format!("v1/entities/{id}")
}

/// Path of a developer's records, at most 100 in one answer.
#[must_use]
pub fn developer_path(developer: &str) -> String {
    format!("v1/developers/{developer}/entities")
}

/// Path of the activity stream.
pub const ACTIVITY_PATH: &str = "v1/ws/activity";

/// What we use of a registry record. Every field but the id may be missing: a record that is known only by gossip has no
/// heartbeat, no key and no registration time (protocols.md 1.2).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Record {
    /// Whose.
    pub entity_id: String,
    /// The name at the registry.
    #[serde(default)]
    pub name: String,
    /// The registered key, in wire form.
    #[serde(default)]
    pub public_key: Option<String>,
    /// `active`, `inactive`, or whatever a registry says.
    #[serde(default)]
    pub status: Option<String>,
    /// On the registry's clock, whole seconds.
    #[serde(default)]
    pub last_heartbeat: Option<String>,
    /// On the registry's clock, whole seconds.
    #[serde(default)]
    pub registered_at: Option<String>,
    /// The developer it belongs to.
    #[serde(default)]
    pub developer_id: Option<String>,
    /// The host name of the registry where it is registered; empty where none is configured.
    #[serde(default)]
    pub home_registry: Option<String>,
    /// A gossip copy of an entity that its home registry deleted.
    #[serde(default)]
    pub tombstoned: bool,
}

impl Record {
    /// Whether the registry knows the entity by gossip alone: such a copy has none of what a registration leaves behind.
    #[must_use]
    pub const fn is_by_gossip(&self) -> bool {
        self.public_key.is_none() && self.registered_at.is_none() && self.last_heartbeat.is_none()
    }
}

impl From<&Record> for RecordFacts {
    fn from(record: &Record) -> Self {
        let time = |text: &Option<String>| text.as_deref().and_then(parse_time);
        Self {
            public_key: record.public_key.as_deref().and_then(|key| PublicKey::from_file(key).ok()),
            status: record.status.clone().filter(|status| !status.is_empty()),
            last_heartbeat: time(&record.last_heartbeat),
            registered_at: time(&record.registered_at),
            developer: record.developer_id.clone().filter(|id| !id.is_empty()),
            home: record.home_registry.clone().filter(|home| !home.is_empty()),
            by_gossip: record.is_by_gossip(),
            tombstoned: record.tombstoned,
        }
    }
}

/// The answer of a developer's list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DeveloperEntities {
    /// The records, active or not.
    pub agents: Vec<Record>,
}

/// Reads an RFC 3339 time.
#[must_use]
pub fn parse_time(text: &str) -> Option<Time> {
    text.parse::<Timestamp>().ok().map(Time::from_timestamp)
}

/// Reads one frame of the activity stream. An id that is not one of ours to read, or a type we do not know, is
/// [`Activity::Other`].
///
/// # Errors
/// When the frame is not such a JSON object at all.
pub fn parse_activity(frame: &str) -> Result<Activity, serde_json::Error> {
    #[derive(Deserialize)]
    struct Frame<'a> {
        r#type: std::borrow::Cow<'a, str>,
        #[serde(default)]
        timestamp: Option<std::borrow::Cow<'a, str>>,
        #[serde(default, borrow)]
        data: Option<&'a serde_json::value::RawValue>,
    }
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(default, borrow)]
        entity_id: Option<std::borrow::Cow<'a, str>>,
    }
    let frame: Frame<'_> = serde_json::from_str(frame)?;
    if frame.r#type == "connected" {
        return Ok(Activity::Connected);
    }
    if !frame.r#type.starts_with("entity_") {
        return Ok(Activity::Other);
    }
    let data: Option<Data<'_>> = frame.data.map(|raw| serde_json::from_str(raw.get())).transpose()?;
    let Some(id) = data.and_then(|data| data.entity_id).and_then(|id| id.parse::<EntityId>().ok()) else {
        return Ok(Activity::Other);
    };
    let at = frame.timestamp.as_deref().and_then(parse_time).unwrap_or(Time::ZERO);
    Ok(match &*frame.r#type {
        "entity_heartbeat" => Activity::Heartbeat { id, at },
        "entity_became_active" => Activity::BecameActive { id, at },
        "entity_became_inactive" => Activity::BecameInactive { id, at },
        "entity_registered" => Activity::Registered { id },
        "entity_deregistered" => Activity::Deregistered { id },
        _ => Activity::Other,
    })
}
