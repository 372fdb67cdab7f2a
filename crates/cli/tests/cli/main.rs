//! The real `beatkeeper` against a real registry in a box, in folders of its own.

// Modes of files and signals are Unix'.
#![cfg(unix)]

mod alerts;
mod bus_tls;
mod buses;
#[path = "../common/mod.rs"]
mod common;
mod keys;
mod life;
mod local;
mod readme;
mod refusals;
mod registry;
mod secrecy;
mod team;
#[cfg(target_os = "linux")]
mod terminal;
mod tls;
mod writes;

#[cfg(target_os = "linux")]
use common::redis;
use common::{golden, registration, stage};
