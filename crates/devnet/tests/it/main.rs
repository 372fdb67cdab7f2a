//! The devnet over real sockets on loopback, held against what the live registry was seen to do (protocols.md 1).
#![allow(missing_docs, clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test may panic")]

mod activity;
mod artcafe;
mod demo_agent;
mod documented;
mod faults;
mod fleet;
mod heartbeat;
mod liveness;
mod names;
mod registration;
mod routes;
mod support;
