//! What commands carry and answer beside what belongs to a part of the engine.

use std::fmt;

use beatkeeper_core::identity::EntityId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use zeroize::Zeroize as _;

use crate::refusal::Refusal;
use crate::settings::Derived;

/// A text that is never shown, not even in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Answer of the commands that add an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The entity id.
    pub id: EntityId,
    /// Its name in the configuration.
    pub name: String,
    /// Its public key, in wire form; an agent of a bus has none.
    #[serde(default)]
    pub public_key: Option<String>,
    /// The agent was here already, and has its key again.
    #[serde(default)]
    pub restored: bool,
}

/// What became of an agent that was to be started or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Ordered {
    /// Whose.
    pub id: EntityId,
    /// Why it was not; the others were.
    pub refusal: Option<Refusal>,
}

/// What may be shown of an agent's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFace {
    /// Whether the vault has it: `present`, `absent`, `locked` or `unavailable`.
    pub presence: String,
    /// Where it is, or would be.
    pub place: String,
    /// Of the key that is there, in hex. The agent's id ends with it.
    pub fingerprint: Option<String>,
    /// In wire form.
    pub public_key: Option<String>,
    /// Why the vault is unavailable.
    pub reason: Option<String>,
    /// Of whose key it was derived, where that is known.
    pub derived: Option<Derived>,
}

/// A demo registry that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demo {
    /// Its agents.
    pub agents: Vec<EntityId>,
}

/// Whether all is well with the engine itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// `running`, `starting` or `failed`.
    pub state: String,
    /// What is wrong, such as a history that cannot be written.
    pub problem: Option<String>,
    /// Until when notices are held back; milliseconds since the epoch.
    pub alerts_paused_until: Option<u64>,
    /// What is wrong with the configuration file; the last good one stays in force.
    pub config_problem: Option<String>,
    /// The program's version.
    pub version: String,
    /// Why there is no tray; only the desktop shell knows.
    pub tray_problem: Option<String>,
}
