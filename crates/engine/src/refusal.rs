//! How the engine says no.

use beatkeeper_core::identity::EntityId;
use beatkeeper_vault::Occupant;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A refusal: a code for machines, a sentence with the remedy for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// Stable, such as `keyfile.not_json`.
    pub code: String,
    /// What is wrong, and where.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
    /// With `vault.exists`, `vault.other_key` and `vault.damaged`: what a person compares before replacing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Box<Taken>>,
}

/// An id under which something else is stored than the key that was to be stored there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Which id. Its digits are the fingerprint of the key that belongs there.
    pub id: EntityId,
    /// What is there, as `replace` must name it.
    pub by: Occupant,
}

/// An answer as JSON.
pub(crate) fn json_of<T: Serialize + ?Sized>(value: &T) -> Result<Value, Refusal> {
    let defect = "This is a defect; please report it.";
    serde_json::to_value(value).map_err(|error| Refusal::new("engine.json", error.to_string(), defect))
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub fn new(code: &str, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.into(), sentence: sentence.into(), remedy: remedy.into(), taken: None }
    }
}
