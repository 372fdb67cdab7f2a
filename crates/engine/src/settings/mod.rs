//! `beatkeeper.toml`: registries, agents and the window. Read strictly, written atomically, and only changed where it must be.

mod edit;
mod file;
mod registry;
mod window;

pub(crate) use edit::add_demo;
pub use edit::{add_agent, add_registry, remove_agent, remove_registry, set_paused, set_tags};
pub(crate) use file::check_tags;
pub use file::{AgentEntry, Derived, Settings, SettingsError};
pub use registry::{PingEntry, RegistryEntry, ThresholdsEntry};
pub use window::WindowEntry;
