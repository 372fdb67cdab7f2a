//! The registry's own word: its records, and its activity stream.

mod activity;
mod record;
mod watch;
mod wishes;

pub use record::{Answer, Problem, RegistryClient};
pub(crate) use record::{clock_ahead, direct_client, http_client, reason};
pub use watch::{WatchCommand, WatchSetup, Watcher, start};
