//! The rules of Beatkeeper, as data: no clock, no randomness, no I/O.
//!
//! Every rule is a function of (state, event, now). Whoever drives it brings the time, the bytes and the dice.

pub mod alert;
pub mod backoff;
pub mod base_url;
pub mod bus;
pub mod confirm;
pub mod dialect;
pub mod doctor;
pub mod failure;
pub mod fleet;
pub mod history;
pub mod identity;
pub mod link;
pub mod liveness;
pub mod notice;
pub mod reckon;
pub mod signing;
pub mod supervise;
pub mod time;
pub mod tray;
pub mod verdict;
pub mod view;
pub mod wire;
pub mod witness;
