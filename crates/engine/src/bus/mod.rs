//! Redis heartbeat buses: one hub a bus, which listens there and keeps the connection that all of its agents beat over; and
//! a link for each agent that we beat for (protocols.md 6). Where several Beatkeepers share a bus, a team settles there who beats.

mod beat;
mod buffer;
mod cluster;
mod dial;
mod host;
mod hub;
mod link;
mod listen;
mod read;
mod sentinel;
mod server;
mod team;

pub(crate) use hub::{BusCommand, Hub, HubSetup, start};
pub(crate) use link::{BeatSetup, start as start_link};
pub(crate) use server::{Server, answers, is_remote, probe};
pub(crate) use team::{Confirmed, News, Team, TeamCommand, TeamSetup};
