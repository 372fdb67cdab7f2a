//! What the tests of the command share: a folder with the real binary in it, the golden keys, and registrations.

pub mod golden;
pub mod redis;
pub mod registration;
pub mod stage;
