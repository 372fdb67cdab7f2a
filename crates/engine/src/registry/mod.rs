//! The registry's own word: its records, and its activity stream.

mod activity;
mod record;
mod watch;
mod wishes;

pub(crate) use record::reason;
pub use record::{Answer, Problem, RegistryClient};
pub use watch::{WatchCommand, WatchSetup, Watcher, start};
