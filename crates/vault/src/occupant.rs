//! What lies under an id, named.

use std::fmt;
use std::str::FromStr;

use beatkeeper_core::identity::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::seed::Seed;

/// What is stored under an id, by the name that someone must give who wants it replaced.
///
/// As text, 32 hex digits or `damaged-7`. Damage is named by its length alone: a digest of it could be searched for what
/// it was made of, and it may be a secret that somebody put there by mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Occupant {
    /// A key.
    Key(Fingerprint),
    /// Something that is no key.
    Damaged {
        /// How many bytes it has.
        bytes: usize,
    },
}

/// Why a text names nothing that can be stored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected the fingerprint of the stored key, 32 hex digits, or damaged-N for N bytes that are no key")]
pub struct OccupantError;

impl Occupant {
    const DAMAGED: &str = "damaged-";

    pub(crate) fn of(secret: &[u8]) -> Self {
        match Seed::from_slice(secret) {
            Some(seed) => Self::Key(seed.public_key().fingerprint()),
            None => Self::Damaged { bytes: secret.len() },
        }
    }

    /// In words, for a sentence.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Key(fingerprint) => format!("the key {fingerprint}"),
            Self::Damaged { bytes } => format!("{bytes} bytes that are no key"),
        }
    }
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(fingerprint) => fingerprint.fmt(f),
            Self::Damaged { bytes } => write!(f, "{}{bytes}", Self::DAMAGED),
        }
    }
}

impl FromStr for Occupant {
    type Err = OccupantError;

    fn from_str(text: &str) -> Result<Self, OccupantError> {
        let text = text.trim();
        if let Some(bytes) = text.strip_prefix(Self::DAMAGED) {
            return bytes.parse().map(|bytes| Self::Damaged { bytes }).map_err(|_| OccupantError);
        }
        text.parse().map(Self::Key).map_err(|_| OccupantError)
    }
}

impl TryFrom<String> for Occupant {
    type Error = OccupantError;

    fn try_from(text: String) -> Result<Self, OccupantError> {
        text.parse()
    }
}

impl From<Occupant> for String {
    fn from(occupant: Occupant) -> Self {
        occupant.to_string()
    }
}
