//! Installs what is missing: says what and why first, then does it.

mod packages;
mod tools;

use std::process::Command;

use anyhow::{Context, Result, bail};

pub use self::packages::{Need, PACKAGES, Package};
pub use self::tools::{Tool, cargo_tools, node_modules};
use crate::{exec, paths, say};

/// Everything that any chore needs.
pub fn everything() -> Result<()> {
    ensure(&[Need::Build, Need::Desktop, Need::Tests, Need::Icons])?;
    node_modules()?;
    cargo_tools(&[Tool::TauriDriver, Tool::CargoDeny])?;
    say::line("Everything is there.");
    Ok(())
}

/// Packages of the distribution.
pub fn ensure(needs: &[Need]) -> Result<()> {
    let system = System::here();
    let wanted = || PACKAGES.iter().filter(|package| needs.contains(&package.need) && system.offers(package));
    let missing: Vec<&Package> = wanted().filter(|package| !system.has(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say::heading("Missing on this machine");
    let width = missing.iter().filter_map(|package| system.name_of(package)).map(str::len).max().unwrap_or(0);
    for package in &missing {
        say::line(&format!("  {:width$}  {}", system.name_of(package).unwrap_or(package.apt), package.purpose));
    }
    system.install(&missing)
}

/// Where we are, as far as installing is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Debian,
    Fedora,
    Arch,
    MacOs,
    Other,
}

impl System {
    fn here() -> Self {
        if cfg!(target_os = "macos") {
            return Self::MacOs;
        }
        let tells = [("dpkg-query", Self::Debian), ("dnf", Self::Fedora), ("pacman", Self::Arch)];
        let found =
            tells.into_iter().find(|(program, _)| cfg!(target_os = "linux") && paths::program(program).is_some());
        found.map_or(Self::Other, |(_, system)| system)
    }

    /// macOS and Windows bring their own webview, tray, keychain and notifications.
    fn offers(self, package: &Package) -> bool {
        match self {
            Self::Debian => true,
            Self::Fedora | Self::Arch => package.probe.is_some(),
            Self::MacOs => package.brew.is_some(),
            Self::Other => cfg!(target_os = "linux") && package.probe.is_some(),
        }
    }

    fn has(self, package: &Package) -> bool {
        if self != Self::Debian {
            return package.probe.is_some_and(|probe| probe.finds());
        }
        let asked = exec::output(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package.apt]));
        asked.is_ok_and(|status| status == "installed")
    }

    fn name_of(self, package: &Package) -> Option<&'static str> {
        match self {
            Self::Debian | Self::Other => Some(package.apt),
            Self::Fedora => package.dnf,
            Self::Arch => package.pacman,
            Self::MacOs => package.brew,
        }
    }

    fn install(self, missing: &[&Package]) -> Result<()> {
        let mut names: Vec<&str> = missing.iter().filter_map(|package| self.name_of(package)).collect();
        names.dedup();
        let names = names.join(" ");
        match self {
            Self::Debian => apt(&names),
            Self::Fedora => by_hand(&format!("sudo dnf install {names}")),
            Self::Arch => by_hand(&format!("sudo pacman -S --needed {names}")),
            Self::MacOs => by_hand(&format!("brew install {names}")),
            Self::Other => {
                bail!("install these (Debian's names) with your system's package manager, then run this again: {names}")
            }
        }
    }
}

fn by_hand(command: &str) -> Result<()> {
    bail!("this is installed by hand here; run this, then the same command again:\n\n    {command}\n")
}

fn apt(names: &str) -> Result<()> {
    let as_root = exec::output(Command::new("id").arg("-u"))?.trim() == "0";
    let sudo = if as_root { "" } else { "sudo " };
    let install = format!("{sudo}apt-get install --yes --no-install-recommends {names}");
    if !as_root && paths::program("sudo").is_none() {
        bail!(
            "there is no sudo here; run this as root, then the same command again:\n\n    {}\n",
            install.replace("sudo ", "")
        );
    }
    // Lists that are missing or old make an install fail; ones that cannot be refreshed may still do.
    for (command, must) in [(format!("{sudo}apt-get update"), false), (install, true)] {
        say::heading(&command);
        let mut words = command.split(' ');
        let mut apt = Command::new(words.next().context("an empty command")?);
        if sudo.is_empty() {
            apt.env("DEBIAN_FRONTEND", "noninteractive");
        }
        let done = exec::run(apt.args(words));
        if must {
            done.with_context(|| format!("could not install what is missing; the command was:\n\n    {command}\n"))?;
        }
    }
    Ok(())
}
