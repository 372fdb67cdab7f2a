//! Real processes: trees of them, killed apps, killed shims.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod life;
mod reclaim;
mod refusals;
mod scene;
mod secret;
mod tree;
