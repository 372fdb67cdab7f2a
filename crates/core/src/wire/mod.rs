//! One file a dialect: bytes in, bytes out. Golden vectors stand beside them.

pub mod artcafe;
pub mod ownership;
pub mod redis_bus;
pub mod registration;
pub mod zynd;
pub mod zynd_documented;
