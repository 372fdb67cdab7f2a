//! The chores of the repository, and the private desktop that the demo and the end-to-end tests run in.

pub mod bench;
pub mod children;
pub mod demo;
pub mod exec;
pub mod icons;
pub mod paths;
pub mod pictures;
pub mod rig;
pub mod run;
pub mod say;
pub mod sdk;
pub mod setup;
pub mod sim;
pub mod test;
pub mod ui;
pub mod wait;
