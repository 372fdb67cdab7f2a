//! `beatkeeper.toml`: registries and agents. Read strictly, written atomically, and only changed where it must be.

mod edit;
mod file;
mod registry;

pub use edit::{add_agent, add_registry, remove_agent, set_paused};
pub use file::{AgentEntry, Settings, SettingsError};
pub use registry::{PingEntry, RegistryEntry, ThresholdsEntry};
