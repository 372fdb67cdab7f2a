//! `beatkeeper.toml`: registries, agents and the window. Read strictly, written atomically, and only changed where it must be.

mod edit;
mod file;
mod registry;
mod window;

pub use edit::{add_agent, add_registry, remove_agent, set_paused};
pub use file::{AgentEntry, Settings, SettingsError};
pub use registry::{PingEntry, RegistryEntry, ThresholdsEntry};
pub use window::WindowEntry;
