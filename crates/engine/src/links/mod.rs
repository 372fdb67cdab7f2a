//! Links: one small task a connection, which owns its socket and asks its machine what to do. What is said on it is a matter of
//! its dialect's driver.

mod artcafe;
pub(crate) mod connect;
pub mod dial;
pub(crate) mod proxy;
mod speech;
mod task;

pub use artcafe::Cafe;
pub use task::{LinkCommand, LinkHandle, LinkOutput, LinkSetup, LinkShared, Signing, start};
