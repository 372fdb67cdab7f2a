//! Agents' own processes: started, watched, ended, and their output kept.
//!
//! Each agent has a small process of ours beside it, the [`shim`], that outlives the app: it holds the agent's output and
//! its exit, and knows everything that descends from it. [`Run`] is the app's handle on one.

pub mod log;

mod order;
mod os;
mod place;
mod run;
pub mod shim;
mod sink;
mod usage;
mod wire;

pub use order::{Exit, Order, ShimProgram, StartError, StopSignal};
pub use run::{Member, Orphans, Reclaimed, Run, Tree};
pub use usage::Usage;
