//! The bytes that registrations, updates and deletions sign (protocols.md 1.7).

use serde_json::{Value, json};

use crate::identity::{EntityId, EntityKind, PublicKey, canonical_json};

/// What a registration of an entity signs.
#[derive(Clone, Debug)]
pub struct Registration<'a> {
    /// At most 100 bytes.
    pub name: &'a str,
    /// Where the agent serves.
    pub entity_url: &'a str,
    /// Such as `general`.
    pub category: &'a str,
    /// `None` is signed as `null`, and an empty list as `[]`.
    pub tags: Option<&'a [&'a str]>,
    /// At most 200 bytes.
    pub summary: &'a str,
    /// The entity's key.
    pub public_key: PublicKey,
    /// Signed only when the request names it.
    pub kind: Option<EntityKind>,
}

impl Registration<'_> {
    /// The canonical bytes that the entity's key signs.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        canonical_json(&self.signed_value()).into_bytes()
    }

    /// The signed members, to which the request adds the unsigned ones.
    #[must_use]
    pub fn signed_value(&self) -> Value {
        let mut value = json!({
            "category": self.category,
            "entity_url": self.entity_url,
            "name": self.name,
            "public_key": self.public_key.to_wire(),
            "summary": self.summary,
            "tags": self.tags,
        });
        if let (Some(kind), Some(object)) = (self.kind, value.as_object_mut()) {
            object.insert("entity_type".into(), kind_word(kind).into());
        }
        value
    }
}

/// The registry's word for a kind.
#[must_use]
pub const fn kind_word(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Agent => "agent",
        EntityKind::Service => "service",
    }
}

/// What a developer's key signs to prove that it derived an entity's key: the raw key and the index, big-endian
/// (protocols.md 2.2).
#[must_use]
pub fn derivation_proof_bytes(entity: &PublicKey, index: u32) -> [u8; 36] {
    let mut bytes = [0; 36];
    bytes[..32].copy_from_slice(entity.as_bytes());
    bytes[32..].copy_from_slice(&index.to_be_bytes());
    bytes
}

/// What a deletion signs: the id's bytes.
#[must_use]
pub fn deletion_bytes(id: &EntityId) -> &[u8] {
    id.as_str().as_bytes()
}

/// What a developer's own registration signs. Unlike everything else it is written by Go's default encoder, which
/// escapes `<`, `>` and `&` (protocols.md 1.7).
#[must_use]
pub fn developer_bytes(name: &str, github: &str, profile_url: &str, public_key: &PublicKey) -> Vec<u8> {
    canonical_json(&json!({
        "github": github,
        "name": name,
        "profile_url": profile_url,
        "public_key": public_key.to_wire(),
    }))
    .replace('&', "\\u0026")
    .replace('<', "\\u003c")
    .replace('>', "\\u003e")
    .into_bytes()
}
