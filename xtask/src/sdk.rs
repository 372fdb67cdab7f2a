//! The registry's own Python kit, in a folder of its own: a test runs a real agent of it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{exec, paths, say};

/// What the tests were written against.
const KIT: &str = "zyndai-agent[heartbeat]==0.6.5";
/// The oldest Python that it runs on.
const OLDEST: (u32, u32) = (3, 12);
/// Under which names a Python may be on the PATH.
const NAMES: [&str; 6] = ["python3", "python3.14", "python3.13", "python3.12", "python", "py"];

/// Installs the kit unless it is there already. Answers its Python.
///
/// # Errors
/// When there is no Python that is new enough, or the kit cannot be had.
pub fn sdk() -> Result<PathBuf> {
    let python = paths::sdk_python();
    // Written last: what was begun and not ended is begun anew.
    let mark = paths::sdk().join("kit");
    if python.is_file() && fs::read_to_string(&mark).is_ok_and(|kit| kit == KIT) {
        say::line(&format!("{KIT} is in {}", paths::sdk().display()));
        return Ok(python);
    }
    let base = python_of_the_system()?;
    say::line(&format!("{} makes {}", base.display(), paths::sdk().display()));
    exec::run(Command::new(&base).args(["-m", "venv", "--clear"]).arg(paths::sdk()))
        .with_context(|| format!("{} makes no environments; on Debian: apt install python3-venv", base.display()))?;
    let mut pip = Command::new(&python);
    // A network that swallows packets must not hold us up.
    pip.args(["-m", "pip", "--disable-pip-version-check", "--timeout", "10", "--retries", "1", "install", "--quiet"]);
    exec::run(pip.arg(KIT)).with_context(|| format!("{KIT} cannot be had from here"))?;
    fs::write(&mark, KIT)?;
    Ok(python)
}

/// The first Python that is new enough.
fn python_of_the_system() -> Result<PathBuf> {
    let on_path = NAMES.iter().filter_map(|name| paths::program(name));
    match on_path.chain(pyenv()).find(|python| version(python).is_some_and(|version| version >= OLDEST)) {
        Some(python) => Ok(python),
        None => bail!("there is no Python {}.{} or newer on the PATH, and none of pyenv's", OLDEST.0, OLDEST.1),
    }
}

/// What pyenv has installed, whichever of them it was told to use.
fn pyenv() -> Vec<PathBuf> {
    let home = std::env::home_dir().map(|home| home.join(".pyenv"));
    let Some(root) = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or(home) else { return Vec::new() };
    let versions = fs::read_dir(root.join("versions")).into_iter().flatten().flatten();
    let mut pythons: Vec<PathBuf> = versions.map(|version| version.path().join("bin/python3")).collect();
    pythons.sort();
    pythons
}

/// What a Python says of itself. A name on the PATH may stand for none: it is asked.
fn version(python: &PathBuf) -> Option<(u32, u32)> {
    parse(&exec::output(Command::new(python).arg("--version")).ok()?)
}

/// `Python 3.12.1`
fn parse(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().strip_prefix("Python ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_and_no_text() {
        assert_eq!(parse("Python 3.12.1\n"), Some((3, 12)));
        assert!(parse("Python 3.9.2").unwrap() < OLDEST, "9 is less than 12");
        assert!(parse("Python 3.14.0rc1").unwrap() > OLDEST);
        assert_eq!(parse("pyenv: python3.12: command not found"), None);
    }
}
