//! Real processes: trees of them, killed apps, killed shims.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test fails by panicking")]

mod inherited;
mod life;
mod reclaim;
mod refusals;
mod scene;
mod secret;
mod tree;
