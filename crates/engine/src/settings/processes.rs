//! `[processes]`: what holds for all processes that are started here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `[processes]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessesEntry {
    /// What becomes of them when Beatkeeper ends.
    pub on_quit: OnQuit,
}

/// What becomes of processes when Beatkeeper ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum OnQuit {
    /// They are asked to end, and ended.
    #[default]
    Stop,
    /// They go on, and are taken over by the next run of Beatkeeper.
    Leave,
}
