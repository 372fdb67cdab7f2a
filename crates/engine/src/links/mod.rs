//! Links: one small task a connection, which owns its socket and asks its machine what to do.

pub mod dial;
mod task;

pub use task::{LinkCommand, LinkHandle, LinkOutput, LinkSetup, LinkShared, Signing, start};
