//! The app, for release, on the user's own configuration.

use std::process::Command;

use anyhow::Result;

use crate::setup::{self, Need};
use crate::{exec, paths, say};

/// Builds and opens it; `arguments` are the app's.
pub fn run(arguments: &[String]) -> Result<()> {
    setup::ensure(&[Need::Build])?;
    build_ui()?;
    say::heading("Building the app (release; the first time takes some minutes)");
    exec::run(&mut exec::cargo(&["build", "--release", "-p", "beatkeeper-desktop", "-p", "beatkeeper-cli"]))?;
    say::heading("Opening Beatkeeper");
    exec::run(Command::new(paths::release_binary("beatkeeper-desktop")).args(arguments))
}

/// The window's files: the app embeds them, so they come first.
pub fn build_ui() -> Result<()> {
    build_window("build")
}

/// The window with a fleet in memory instead of the app's: for its pictures.
pub fn build_fixture() -> Result<()> {
    build_window("build:fixture")
}

fn build_window(script: &str) -> Result<()> {
    setup::node_modules()?;
    say::heading("Building the window");
    exec::run(&mut exec::npm(&["run", script]))
}
