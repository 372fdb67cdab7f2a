//! The doctor finds what is wrong: every cause is staged for real, and asked about with the real `beatkeeper`.

// Modes of files and signals are Unix'.
#![cfg(unix)]

mod agent;
mod between;
mod buses;
mod causes;
#[allow(dead_code, reason = "the tests of the other commands need more of it")]
#[path = "../common/mod.rs"]
mod common;
mod hole;
mod homes;
mod http;
mod interrupted;
mod keychain;
mod names;
mod namespace;
mod net;
mod proxy;
mod registry;
mod report;
mod scene;
mod teams;
mod tls;

use common::{golden, redis, registration, stage};
