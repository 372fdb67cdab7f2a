//! Agents that run on this computer: `up`, `down`, `restart` and `logs`.

mod ansi;
mod engine;
pub(crate) mod foreground;
pub(crate) mod logs;
mod merge;
pub(crate) mod orders;
mod wait;
mod whom;

use std::path::PathBuf;

use beatkeeper_core::identity::EntityId;

use crate::failure::Failure;

/// An agent that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Local {
    pub(crate) id: EntityId,
    pub(crate) name: String,
}

/// The folder that the command runs in.
fn here() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| {
        Failure::refused("project.no_folder", format!("This folder cannot be used: {error}"), "Change to another one.")
    })
}
