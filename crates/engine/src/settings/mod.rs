//! `beatkeeper.toml`: registries and agents. Read strictly, written atomically, and only changed where it must be.

mod edit;
mod file;

pub use edit::{add_agent, add_registry, remove_agent, set_paused};
pub use file::{AgentEntry, RegistryEntry, Settings, SettingsError, ThresholdsEntry};
