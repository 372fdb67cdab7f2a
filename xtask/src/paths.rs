//! Where things are.

use std::path::{Path, PathBuf};

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's target directory.
#[must_use]
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The window's sources.
#[must_use]
pub fn ui() -> PathBuf {
    root().join("ui")
}

/// A debug binary of this workspace.
#[must_use]
pub fn debug_binary(name: &str) -> PathBuf {
    target().join("debug").join(executable(name))
}

/// A release binary of this workspace.
#[must_use]
pub fn release_binary(name: &str) -> PathBuf {
    target().join("release").join(executable(name))
}

/// A cargo tool that `setup` installed.
#[must_use]
pub fn tool(name: &str) -> PathBuf {
    tools().join("bin").join(executable(name))
}

/// Where `setup` installs cargo tools.
#[must_use]
pub fn tools() -> PathBuf {
    target().join("tools")
}

/// Where `sdk` installs the registry's own Python kit.
#[must_use]
pub fn sdk() -> PathBuf {
    target().join("sdk")
}

/// The Python that has the kit.
#[must_use]
pub fn sdk_python() -> PathBuf {
    sdk().join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// Whether a program is on the PATH, and where.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(executable(name))).find(|candidate| candidate.is_file())
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
