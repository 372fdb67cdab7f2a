//! Redis heartbeat buses: one hub a bus, which listens there and keeps the connection that all of its agents beat over; and
//! a link for each agent that we beat for (protocols.md 6).

mod buffer;
mod figures;
mod host;
mod hub;
mod link;
mod listen;
mod read;
mod server;

pub(crate) use figures::Figures;
pub(crate) use hub::{BusCommand, Hub, HubSetup, start};
pub(crate) use link::{BeatSetup, start as start_link};
pub(crate) use server::{Server, is_remote, probe};
