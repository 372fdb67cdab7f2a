//! `beatkeeper.toml`: registries, agents and the window. Read strictly, written atomically, and only changed where it must be.

mod alerts;
mod alerts_view;
mod bus;
mod channel;
mod edit;
mod edit_alerts;
mod edit_bus;
mod edit_entity;
mod edit_registry;
mod edit_run;
mod file;
mod processes;
mod registry;
mod run;
mod run_table;
mod template;
mod window;

pub(crate) use alerts::RuleBook;
pub use alerts::{AlertsEntry, BadRule, FlappingEntry, OverridesEntry, QuietEntry};
pub use alerts_view::{AlertRulesView, FlappingView};
pub use bus::{BusEntry, BusMode, LimitsEntry, MissedEntry};
pub use channel::{ChannelEntry, ChannelKind, MailTls};
pub use edit::{
    add_agent, add_registry, remove_agent, remove_channel, remove_registry, save_channel, set_paused, set_tags,
};
pub(crate) use edit::{add_demo, draft_channel, draft_without_channel};
pub use edit_alerts::set_alert_rules;
pub(crate) use edit_bus::{draft_bus, draft_without_bus};
pub(crate) use edit_entity::set_entity;
pub(crate) use edit_registry::draft_registry;
pub use edit_run::set_run;
pub(crate) use edit_run::upsert;
pub use file::{AgentEntry, Derived, Settings, SettingsError};
pub(crate) use file::{check_tags, parse, read};
pub use processes::{OnQuit, ProcessesEntry};
pub use registry::{PingEntry, RegistryEntry, ThresholdsEntry};
pub use run::{
    BadField, KeyUse, Names, ProbeEntry, ProbeTarget, RunEntry, RungEntry, StartOrder, StartWhen, StopSignal,
    rung_command, start_order,
};
pub use template::{FIELDS, Template};
pub use window::WindowEntry;
