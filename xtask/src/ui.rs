//! The window in a plain browser, on the local engine, for its development.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::children::Children;
use crate::setup::{self, Need};
use crate::{exec, paths, say};

const BRIDGE: &str = "the bridge";
const BUILDER: &str = "the window's builder";

/// Options of `cargo xtask ui`.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Print the address and leave the browser alone.
    #[arg(long)]
    no_open: bool,
    /// Passed on to the bridge, such as --config FILE --data DIR --vault file --port N.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the window for the bridge, serves it, and builds it again whenever it changes.
pub fn ui(options: &Options) -> Result<()> {
    setup::ensure(&[Need::Build])?;
    setup::node_modules()?;
    say::heading("Building the window for a browser");
    exec::run(&mut vite(false))?;
    say::heading("Building the bridge (the first time takes some minutes)");
    exec::run(&mut exec::cargo(&["build", "-p", "beatkeeper-bridge"]))?;

    say::heading("Open this address, once; press Ctrl+C here to end it");
    let mut children = Children::new(None)?;
    let mut bridge = Command::new(paths::debug_binary("beatkeeper-bridge"));
    bridge.arg("--dist").arg(dist()).args(&options.arguments).stdin(Stdio::null());
    if !options.no_open {
        bridge.arg("--open");
    }
    children.start(BRIDGE, bridge)?;
    let mut builder = vite(true);
    // Ends with its input, also on systems where nobody else would end it.
    builder.stdin(Stdio::piped()).stdout(Stdio::null());
    children.start(BUILDER, builder)?;
    loop {
        for name in [BRIDGE, BUILDER] {
            if let Some(status) = children.ended(name)? {
                if name == BRIDGE && status.success() {
                    return Ok(());
                }
                bail!("{name} ended: {status}");
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Where the build for a browser goes: beside the shipped one it could be taken for it.
fn dist() -> std::path::PathBuf {
    paths::target().join("ui")
}

fn vite(watch: bool) -> Command {
    let mut command = exec::npm(&["run", "build", "--", "--mode", "bridge", "--emptyOutDir", "--outDir"]);
    command.arg(dist());
    if watch {
        command.arg("--watch");
    }
    command
}
