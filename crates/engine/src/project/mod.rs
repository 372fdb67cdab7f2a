//! A developer's project: what its own `beatkeeper.toml` says of its agents, and how they could be started when it has none.

mod file;
mod probes;
mod propose;
mod published;
mod zynd;

pub(crate) use file::{ProjectAgent, ProjectFile};
pub(crate) use probes::health_in;
pub use probes::{Probes, probes};
pub use propose::{Proposal, propose};
pub(crate) use published::{Published, published};
pub(crate) use zynd::registry_of;
