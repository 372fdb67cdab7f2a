//! How the engine says no.

use beatkeeper_core::identity::EntityId;
use beatkeeper_vault::Occupant;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A refusal: a code for machines, a sentence with the remedy for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{sentence}")]
#[ts(export)]
pub struct Refusal {
    /// Stable, such as `keyfile.not_json`.
    pub code: String,
    /// What is wrong, and where.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
    /// What it is about, where the command has several fields: its name there, such as `flapping.changes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
    /// With `vault.exists`, `vault.other_key` and `vault.damaged`: what a person compares before replacing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub taken: Option<Box<Taken>>,
}

/// An id under which something else is stored than the key that was to be stored there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Taken {
    /// Which id. Its digits are the fingerprint of the key that belongs there.
    pub id: EntityId,
    /// What is there, as `replace` must name it: a fingerprint, or `damaged-N` for N bytes that are no key.
    #[ts(type = "string")]
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
        Self { code: code.into(), sentence: sentence.into(), remedy: remedy.into(), field: None, taken: None }
    }

    /// The same, about this field of the command.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }
}
