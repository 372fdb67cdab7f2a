//! The rules of Beatkeeper, as data: no clock, no randomness, no I/O.
//!
//! Every rule is a function of (state, event, now). Whoever drives it brings the time, the bytes and the dice.

pub mod base_url;
pub mod history;
pub mod identity;
pub mod liveness;
pub mod time;
pub mod view;
pub mod wire;
