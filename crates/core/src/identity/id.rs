//! Entity and developer ids. A Zynd id is a prefix and half a SHA-256 of the public key; the ids of other fields are in
//! [`named`](super::named).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::PublicKey;

/// What kind of entity an id names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum EntityKind {
    /// `zns:<32 hex>`
    Agent,
    /// `zns:svc:<32 hex>`
    Service,
}

impl EntityKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Agent => "zns:",
            Self::Service => "zns:svc:",
        }
    }
}

/// The id of an agent or service in whatever [`Realm`](super::Realm) it lives, one spelling for each.
///
/// At a Zynd registry it is the registry's own, `zns:` or `zns:svc:` and 32 hex digits. Those are lower-case: the registry
/// answers 404 to an upper-cased one (protocols.md 1.11), so that is refused here. Elsewhere ids are names, which somebody
/// chose: `artcafe:ORGANIZATION/NAME` and `bus:BUS/NAME`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, ts_rs::TS)]
#[serde(transparent)]
#[ts(export, type = "string")]
pub struct EntityId(pub(super) Arc<str>);

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not {wanted}")]
pub struct IdError {
    pub(super) text: String,
    pub(super) wanted: &'static str,
}

impl IdError {
    pub(super) fn new(text: &str, wanted: &'static str) -> Self {
        Self { text: text.chars().take(80).flat_map(char::escape_debug).collect(), wanted }
    }
}

impl EntityId {
    /// The id that `key` has as an entity of this kind.
    #[must_use]
    pub fn from_key(key: &PublicKey, kind: EntityKind) -> Self {
        Self(format!("{}{}", kind.prefix(), key.fingerprint()).into())
    }

    /// Agent or service. Only Zynd tells them apart.
    #[must_use]
    pub fn kind(&self) -> EntityKind {
        if self.0.starts_with(EntityKind::Service.prefix()) { EntityKind::Service } else { EntityKind::Agent }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Short enough for a table: prefix, first and last four digits; or the name.
    #[must_use]
    pub fn short(&self) -> String {
        match self.digits() {
            Some(digits) => format!("{}{}…{}", self.kind().prefix(), &digits[..4], &digits[28..]),
            None => self.short_name(),
        }
    }

    /// Whether this is the id of `key`. A name belongs to no key by itself.
    #[must_use]
    pub fn belongs_to(&self, key: &PublicKey) -> bool {
        self.digits().is_some_and(|digits| digits == key.fingerprint().to_hex())
    }

    /// What its key decided, at a Zynd registry.
    fn digits(&self) -> Option<&str> {
        self.0.strip_prefix(self.kind().prefix())
    }
}

impl FromStr for EntityId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = text.strip_prefix("zns:svc:").or_else(|| text.strip_prefix("zns:"));
        match digits {
            Some(digits) if is_half_digest(digits) => Ok(Self(text.into())),
            None if Self::is_named(text) => Self::from_named(text),
            _ => Err(IdError::new(
                text,
                "an entity id: expected zns: or zns:svc: and 32 lower-case hex digits, artcafe:ORGANIZATION/NAME or bus:BUS/NAME",
            )),
        }
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EntityId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The id of a developer: `zns:dev:<32 hex>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, ts_rs::TS)]
#[serde(transparent)]
#[ts(export, type = "string")]
pub struct DeveloperId(Arc<str>);

impl DeveloperId {
    const PREFIX: &str = "zns:dev:";

    /// The developer id of `key`.
    #[must_use]
    pub fn from_key(key: &PublicKey) -> Self {
        Self(format!("{}{}", Self::PREFIX, key.fingerprint()).into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeveloperId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.strip_prefix(Self::PREFIX) {
            Some(digits) if is_half_digest(digits) => Ok(Self(text.into())),
            _ => Err(IdError::new(text, "a developer id: expected zns:dev: and 32 lower-case hex digits")),
        }
    }
}

impl fmt::Display for DeveloperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeveloperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DeveloperId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn is_half_digest(digits: &str) -> bool {
    digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
