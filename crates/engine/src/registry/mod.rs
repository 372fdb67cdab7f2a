//! The registry's own word: its records, and its activity stream.

mod activity;
mod client;
mod record;
mod watch;
mod wishes;

pub(crate) use client::{client_for, direct_client};
pub use record::{Answer, Problem, RegistryClient};
pub(crate) use record::{clock_ahead, reason};
pub use watch::{WatchCommand, WatchSetup, Watcher, start};
