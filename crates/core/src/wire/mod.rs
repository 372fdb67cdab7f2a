//! One file a dialect: bytes in, bytes out. Golden vectors stand beside them.

pub mod registration;
pub mod zynd;
