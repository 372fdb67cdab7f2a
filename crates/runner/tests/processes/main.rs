//! Real processes: trees of them, killed apps, killed shims.
#![cfg(target_os = "linux")]

mod life;
mod reclaim;
mod refusals;
mod scene;
mod secret;
mod tree;
