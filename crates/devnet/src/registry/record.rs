//! The registry's records, and the key order in which it writes them (protocols.md 1.2).

use std::collections::BTreeMap;

use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey};
use beatkeeper_core::wire::registration::kind_word;
use beatkeeper_core::wire::zynd::beat_timestamp;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Name;

/// The two states that the live registry knows, and two that its guide adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Beaten or registered within the threshold, as far as the sweep noticed.
    Active,
    /// Found silent by the sweep; by the guide, never beaten.
    Inactive,
    /// By the guide: silent for the threshold.
    Stale,
    /// By the guide: silent for three times that.
    Offline,
}

impl Status {
    /// The registry's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Stale => "stale",
            Self::Offline => "offline",
        }
    }

    pub(crate) const fn is_active(self) -> bool {
        matches!(self, Self::Active)
    }
}

/// A developer's proof that an entity's key is its own (protocols.md 2.2).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeveloperProof {
    /// `ed25519:` and base64.
    pub developer_public_key: String,
    /// The derivation index.
    pub entity_index: i64,
    /// Over the entity's key and the index.
    pub developer_signature: String,
}

/// What an entity costs.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are the registry's own")]
pub struct Pricing {
    pub model: String,
    pub base_price_usd: f64,
    pub currency: String,
    pub payment_methods: Option<Vec<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, f64>,
}

/// A record as the registry keeps it.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the registry's own, explained in protocols.md 1.2")]
pub struct EntityRecord {
    pub entity_id: EntityId,
    /// The key in [`public_key`](Self::public_key), read.
    pub key: PublicKey,
    /// As the client wrote it.
    pub public_key: String,
    pub name: String,
    pub entity_url: String,
    pub category: String,
    pub tags: Vec<String>,
    pub summary: String,
    pub home_registry: String,
    pub registered_at: Timestamp,
    pub updated_at: Timestamp,
    pub ttl: i64,
    pub signature: String,
    /// Also the owner.
    pub developer_id: String,
    pub developer_proof: Option<DeveloperProof>,
    pub status: Status,
    pub last_heartbeat: Timestamp,
    pub service_endpoint: String,
    pub openapi_url: String,
    pub entity_pricing: Option<Pricing>,
}

/// A record as an answer shows it. The fields stand in the registry's order.
#[derive(Serialize)]
pub(crate) struct RecordView<'a> {
    entity_id: &'a EntityId,
    name: &'a str,
    owner: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_url: Option<&'a str>,
    category: &'a str,
    tags: &'a [String],
    summary: &'a str,
    public_key: &'a str,
    home_registry: &'a str,
    schema_version: &'static str,
    registered_at: String,
    updated_at: String,
    ttl: i64,
    signature: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    developer_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_index: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer_proof: Option<&'a DeveloperProof>,
    #[serde(skip_serializing_if = "str::is_empty")]
    codebase_hash: &'a str,
    status: &'static str,
    last_heartbeat: String,
    entity_type: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    service_endpoint: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    openapi_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_pricing: Option<&'a Pricing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fqan: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer_handle: Option<&'a str>,
}

impl<'a> RecordView<'a> {
    /// With the name that the entity has.
    pub(crate) fn named(self, name: Option<&'a Name>) -> Self {
        let fqan = name.map(|name| name.fqan.as_str());
        Self { fqan, developer_handle: name.map(|name| name.developer_handle.as_str()), ..self }
    }
}

impl EntityRecord {
    /// As lists and updates show it.
    pub(crate) fn full(&self) -> RecordView<'_> {
        RecordView {
            entity_id: &self.entity_id,
            name: &self.name,
            owner: &self.developer_id,
            entity_url: Some(&self.entity_url),
            category: &self.category,
            tags: &self.tags,
            summary: &self.summary,
            public_key: &self.public_key,
            home_registry: &self.home_registry,
            schema_version: "1.0",
            registered_at: beat_timestamp(self.registered_at),
            updated_at: beat_timestamp(self.updated_at),
            ttl: self.ttl,
            signature: &self.signature,
            developer_id: &self.developer_id,
            entity_index: self.developer_proof.as_ref().map(|proof| proof.entity_index),
            developer_proof: self.developer_proof.as_ref(),
            codebase_hash: "",
            status: self.status.word(),
            last_heartbeat: beat_timestamp(self.last_heartbeat),
            entity_type: kind_word(self.entity_id.kind()),
            service_endpoint: &self.service_endpoint,
            openapi_url: &self.openapi_url,
            entity_pricing: self.entity_pricing.as_ref(),
            fqan: None,
            developer_handle: None,
        }
    }

    /// As the record's own route shows it: where the entity lives is hidden.
    pub(crate) fn public(&self) -> RecordView<'_> {
        RecordView { entity_url: None, service_endpoint: "", ..self.full() }
    }

    /// As the answer to an update shows it: the hash is stored, and seen nowhere else.
    pub(crate) fn updated<'a>(&'a self, codebase_hash: &'a str) -> RecordView<'a> {
        RecordView { codebase_hash, ..self.full() }
    }

    /// A record without a registration: nothing of it was ever signed.
    pub(crate) fn unsigned(key: PublicKey, name: &str, kind: EntityKind, developer_id: &str, now: Timestamp) -> Self {
        Self {
            entity_id: EntityId::from_key(&key, kind),
            key,
            public_key: key.to_wire(),
            name: name.to_owned(),
            entity_url: "http://127.0.0.1:5000".to_owned(),
            category: "general".to_owned(),
            tags: Vec::new(),
            summary: String::new(),
            home_registry: String::new(),
            registered_at: now,
            updated_at: now,
            ttl: 86_400,
            signature: String::new(),
            developer_id: developer_id.to_owned(),
            developer_proof: None,
            status: Status::Active,
            last_heartbeat: now,
            service_endpoint: String::new(),
            openapi_url: String::new(),
            entity_pricing: None,
        }
    }
}

/// A developer as the registry keeps and shows it (protocols.md 1.7).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Developer {
    pub(crate) developer_id: String,
    pub(crate) name: String,
    pub(crate) public_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) profile_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) github: String,
    pub(crate) home_registry: String,
    pub(crate) schema_version: &'static str,
    pub(crate) registered_at: String,
    pub(crate) updated_at: String,
    pub(crate) signature: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) dev_handle: String,
}
