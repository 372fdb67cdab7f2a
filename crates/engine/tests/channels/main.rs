//! Channels against real servers on loopback: some that fail, hang, reset or refuse.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test fails by panicking")]

mod changes;
#[cfg(unix)]
mod command;
#[cfg(windows)]
mod command_windows;
mod delivery;
mod http_server;
mod keychain;
mod kinds;
mod mail;
mod rename;
mod scene;
mod secrecy;
mod smtp_server;
