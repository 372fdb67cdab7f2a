//! The registry's own word: its records, and its activity stream.

mod activity;
mod near;
mod record;
mod watch;
mod wishes;

pub(crate) use near::{client_for, is_only_here};
pub use record::{Answer, Problem, RegistryClient};
pub(crate) use record::{clock_ahead, direct_client, reason};
pub use watch::{WatchCommand, WatchSetup, Watcher, start};
