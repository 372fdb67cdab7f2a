//! The bytes that registrations sign, and the requests that carry them (protocols.md 1.7). What is asked by whoever owns a
//! record already is in [`ownership`](super::ownership).

use serde_json::{Value, json};

use crate::identity::{DeveloperId, EntityId, EntityKind, PublicKey, canonical_json};

/// Where entities are registered.
pub const ENTITIES_PATH: &str = "v1/entities";
/// Where developers are registered.
pub const DEVELOPERS_PATH: &str = "v1/developers";
/// Where a registry says what it is, and whether it takes developers.
pub const INFO_PATH: &str = "v1/info";

/// The longest name of an entity, in bytes.
pub const LONGEST_NAME: usize = 100;
/// The longest summary, in bytes.
pub const LONGEST_SUMMARY: usize = 200;
/// The most tags.
pub const MOST_TAGS: usize = 20;

/// Path of a developer's own record.
#[must_use]
pub fn developer_record_path(developer: &DeveloperId) -> String {
    format!("{DEVELOPERS_PATH}/{developer}")
}

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

/// A developer's word that an entity's key is theirs, as a registration carries it.
#[derive(Clone, Debug)]
pub struct Proof<'a> {
    /// The developer's key.
    pub developer: PublicKey,
    /// Which of the developer's entities.
    pub index: u32,
    /// Over [`derivation_proof_bytes`], in wire form.
    pub signature: &'a str,
}

/// The request of an entity's registration. `signature` is over [`Registration::signed_bytes`], in wire form.
///
/// A service serves where it is published, so its endpoint is that address, too.
#[must_use]
pub fn registration_body(registration: &Registration<'_>, signature: &str, proof: &Proof<'_>) -> Value {
    let mut body = registration.signed_value();
    if let Some(members) = body.as_object_mut() {
        members.insert("signature".into(), signature.into());
        members.insert("developer_id".into(), DeveloperId::from_key(&proof.developer).as_str().into());
        members.insert(
            "developer_proof".into(),
            json!({
                "developer_public_key": proof.developer.to_wire(),
                "entity_index": proof.index,
                "developer_signature": proof.signature,
            }),
        );
        if registration.kind == Some(EntityKind::Service) {
            members.insert("service_endpoint".into(), registration.entity_url.into());
        }
    }
    body
}

/// The request of a developer's own registration. `signature` is over [`developer_bytes`], in wire form.
#[must_use]
pub fn developer_body(name: &str, public_key: &PublicKey, signature: &str) -> Value {
    json!({"name": name, "public_key": public_key.to_wire(), "signature": signature})
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
