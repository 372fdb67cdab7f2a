//! What this computer itself is going through: sleep, and a network that is not there. A registry that seems silent may
//! be fine.

pub mod network;
pub mod power;
