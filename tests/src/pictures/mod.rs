//! The window's page in the engine that shows it, and its pictures against the ones that are kept.

mod browser;
mod picture;
mod site;

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use xtask::paths;

pub use browser::{Browser, Theme};
pub use picture::Picture;
pub use site::Site;

/// Set to `keep`, what looks different is kept instead of refused.
const MODE: &str = "BEATKEEPER_PICTURES";

/// Compares a picture with the kept one of this name, or keeps it.
pub fn check(name: &str, seen: &Picture) -> Result<()> {
    let kept = kept_path(name);
    let keep = std::env::var_os(MODE).is_some_and(|mode| mode == "keep");
    let help =
        "if it is meant to look like this, run `cargo xtask pictures --keep`, look at what changed, and commit it";
    let expected = match fs::read(&kept) {
        Ok(bytes) => Some(Picture::decode(&bytes)?),
        Err(error) if keep && error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("there is no {} yet; {help}", kept.display())),
    };
    let difference = match &expected {
        // One that looks the same is left as it is: nobody wants to review noise.
        Some(expected) => match expected.difference(seen) {
            Some(difference) => Some(difference),
            None => return Ok(()),
        },
        None => None,
    };
    let Some(difference) = difference.filter(|_| !keep) else { return Ok(fs::write(kept, seen.encode()?)?) };
    let dir = paths::target().join("e2e/pictures");
    fs::create_dir_all(&dir)?;
    let (actual, marked) = (dir.join(format!("{name}.png")), dir.join(format!("{name}-difference.png")));
    fs::write(&actual, seen.encode()?)?;
    fs::write(&marked, difference.marked.encode()?)?;
    bail!(
        "{name} does not look like {}: {}. It is in {}, with the places marked in {}; {help}",
        kept.display(),
        difference.words,
        actual.display(),
        marked.display()
    )
}

fn kept_path(name: &str) -> PathBuf {
    paths::root().join("tests/pictures").join(format!("{name}.png"))
}
