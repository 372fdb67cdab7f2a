//! What npm and cargo install, inside this repository.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::{exec, paths, say};

/// The lowest Node that the window's build tools accept.
const NODE: (u32, u32) = (20, 19);

/// A program from crates.io that is not part of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// WebDriver for the app's window.
    TauriDriver,
    /// Licences, bans and sources of the dependencies.
    CargoDeny,
}

impl Tool {
    const fn krate(self) -> &'static str {
        match self {
            Self::TauriDriver => "tauri-driver",
            Self::CargoDeny => "cargo-deny",
        }
    }

    const fn version(self) -> &'static str {
        match self {
            Self::TauriDriver => "^2",
            Self::CargoDeny => ">=0.18, <0.30",
        }
    }

    const fn purpose(self) -> &'static str {
        match self {
            Self::TauriDriver => "drives the app's window in the end-to-end tests",
            Self::CargoDeny => "checks licences and sources of the dependencies",
        }
    }
}

/// Cargo tools, into the target directory, once.
pub fn cargo_tools(tools: &[Tool]) -> Result<()> {
    for tool in tools.iter().filter(|tool| !paths::tool(tool.krate()).is_file()) {
        say::heading(&format!("Installing {} into target/tools: it {}", tool.krate(), tool.purpose()));
        // It works for seconds: optimising it would take minutes.
        let mut install = exec::cargo(&["install", "--locked", "--debug", tool.krate(), "--version", tool.version()]);
        install.env("CARGO_PROFILE_DEV_DEBUG", "none");
        exec::run(install.arg("--root").arg(paths::tools()))?;
    }
    Ok(())
}

/// The window's packages, whenever the lock file says something else than what is installed.
pub fn node_modules() -> Result<()> {
    node()?;
    let ui = paths::ui();
    if !ui.join("package.json").is_file() {
        bail!("{} is missing: the window cannot be built", ui.join("package.json").display());
    }
    let lock = ui.join("package-lock.json");
    let installed = modified(&ui.join("node_modules/.package-lock.json"));
    let wanted = modified(&ui.join("package.json")).max(modified(&lock));
    if installed.is_some() && installed >= wanted {
        return Ok(());
    }
    let install: &[&str] =
        if lock.is_file() { &["ci", "--no-audit", "--no-fund"] } else { &["install", "--no-audit", "--no-fund"] };
    say::heading(&format!("npm {} in ui/: packages of the window", install[0]));
    exec::run(&mut exec::npm(install))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

fn node() -> Result<()> {
    let (major, minor) = NODE;
    let advice = format!("Node {major}.{minor} or newer builds the window: https://nodejs.org/en/download");
    let said = exec::output(std::process::Command::new("node").arg("--version")).with_context(|| advice.clone())?;
    let mut numbers = said.trim().trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(have_major), Some(have_minor)) if (have_major, have_minor) >= NODE => Ok(()),
        _ => bail!("node here is {}. {advice}", said.trim()),
    }
}
