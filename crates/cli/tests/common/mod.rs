//! What the tests of the command share: a folder with the real binary in it, the golden keys, and registrations.

pub mod golden;
#[allow(dead_code, reason = "one of the tests that need it runs on Linux alone")]
pub mod redis;
pub mod registration;
pub mod stage;
