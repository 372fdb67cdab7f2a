//! Links: one small task a connection, which owns its socket and asks its machine what to do. What is said on it is a matter of
//! its dialect's driver.

mod artcafe;
pub mod dial;
mod speech;
mod task;

pub use artcafe::Cafe;
pub use task::{LinkCommand, LinkHandle, LinkOutput, LinkSetup, LinkShared, Signing, start};
