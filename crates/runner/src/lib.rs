//! Agents' own processes: started, watched, ended, and their output kept.

pub mod log;
