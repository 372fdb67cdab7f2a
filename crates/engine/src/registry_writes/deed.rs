//! What can be asked of a registry, and how each request is written.

use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey, canonical_json};
use beatkeeper_core::wire::ownership::{Fqan, Owner, Update, authorization};
use beatkeeper_core::wire::registration::{
    DEVELOPERS_PATH, ENTITIES_PATH, Proof, Registration, deletion_bytes, derivation_proof_bytes, developer_body,
    developer_bytes, registration_body,
};
use beatkeeper_core::wire::zynd;
use reqwest::Method;

use super::facts::Facts;
use crate::refusal::Refusal;

/// One thing that is asked of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// A developer is registered.
    Developer { name: String, key: PublicKey },
    /// An entity is registered.
    Register { facts: Facts, key: PublicKey, kind: EntityKind, developer: PublicKey, index: u32 },
    /// An entity is published elsewhere.
    Publish { id: EntityId, entity_url: String },
    /// A name is released.
    Release { name: Fqan },
    /// A record is deleted.
    Delete { id: EntityId, by: Owner },
}

/// Whatever puts signatures into a request.
pub(super) trait Pen {
    /// The signature over these bytes in wire form, or what stands in its place.
    fn sign(&mut self, by: Owner, bytes: &[u8]) -> Result<String, Refusal>;
}

/// A request, as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Below the registry's base.
    pub(super) path: String,
    pub(super) body: Option<String>,
    pub(super) authorization: Option<String>,
}

impl Request {
    pub(super) const fn get(path: String) -> Self {
        Self { method: Method::GET, path, body: None, authorization: None }
    }
}

impl Deed {
    /// What it does, as a line of a list.
    pub(super) fn what(&self) -> String {
        match self {
            Self::Developer { .. } => "Register the developer".to_owned(),
            Self::Register { facts, index, .. } => {
                format!("Register \"{}\" as number {index} of the developer's agents", facts.name)
            }
            Self::Publish { entity_url, .. } => format!("Publish it at {entity_url}"),
            Self::Release { name } => format!("Release the name {}", name.as_str()),
            Self::Delete { .. } => "Delete its record".to_owned(),
        }
    }

    /// The request. Whatever authorizes it is signed last.
    pub(super) fn write(&self, pen: &mut dyn Pen) -> Result<Request, Refusal> {
        match self {
            Self::Developer { name, key } => {
                let signature = pen.sign(Owner::Developer, &developer_bytes(name, "", "", key))?;
                Ok(Request {
                    method: Method::POST,
                    path: DEVELOPERS_PATH.to_owned(),
                    body: Some(canonical_json(&developer_body(name, key, &signature))),
                    authorization: None,
                })
            }
            Self::Register { facts, key, kind, developer, index } => {
                let tags: Vec<&str> = facts.tags.iter().map(String::as_str).collect();
                let registration = Registration {
                    name: &facts.name,
                    entity_url: &facts.entity_url,
                    category: &facts.category,
                    tags: Some(&tags),
                    summary: &facts.summary,
                    public_key: *key,
                    kind: Some(*kind),
                };
                let proof = pen.sign(Owner::Developer, &derivation_proof_bytes(key, *index))?;
                let proof = Proof { developer: *developer, index: *index, signature: &proof };
                let signature = pen.sign(Owner::Entity, &registration.signed_bytes())?;
                Ok(Request {
                    method: Method::POST,
                    path: ENTITIES_PATH.to_owned(),
                    body: Some(canonical_json(&registration_body(&registration, &signature, &proof))),
                    authorization: None,
                })
            }
            Self::Publish { id, entity_url } => {
                let update = Update::of_url(entity_url);
                let body = update.body(&pen.sign(Owner::Entity, &update.signed_bytes())?);
                let signature = pen.sign(Owner::Entity, body.as_bytes())?;
                Ok(Request {
                    method: Method::PUT,
                    path: zynd::record_path(id),
                    body: Some(body),
                    authorization: Some(authorization(Owner::Entity, &signature)),
                })
            }
            Self::Release { name } => {
                let signature = pen.sign(Owner::Developer, &name.release_bytes())?;
                Ok(Request {
                    method: Method::DELETE,
                    path: name.path(),
                    body: None,
                    // The name is the developer's own: no other key is meant by the plain scheme.
                    authorization: Some(authorization(Owner::Entity, &signature)),
                })
            }
            Self::Delete { id, by } => {
                let signature = pen.sign(*by, deletion_bytes(id))?;
                Ok(Request {
                    method: Method::DELETE,
                    path: zynd::record_path(id),
                    body: None,
                    authorization: Some(authorization(*by, &signature)),
                })
            }
        }
    }
}
