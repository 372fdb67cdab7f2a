//! `beatkeeper.toml`: registries, agents and the window. Read strictly, written atomically, and only changed where it must be.

mod alerts;
mod edit;
mod edit_alerts;
mod file;
mod registry;
mod window;

pub(crate) use alerts::RuleBook;
pub use alerts::{AlertRulesView, AlertsEntry, FlappingEntry, FlappingView, OverridesEntry, QuietEntry};
pub(crate) use edit::add_demo;
pub use edit::{add_agent, add_registry, remove_agent, remove_registry, set_paused, set_tags};
pub use edit_alerts::set_alert_rules;
pub(crate) use file::check_tags;
pub use file::{AgentEntry, Derived, Settings, SettingsError};
pub use registry::{PingEntry, RegistryEntry, ThresholdsEntry};
pub use window::WindowEntry;
