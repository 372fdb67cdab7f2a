//! The window's page in the engine that shows it, and its pictures against the ones that are kept.

mod browser;
mod picture;
mod site;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use xtask::paths;

pub use browser::{Browser, Theme};
pub use picture::Picture;
pub use site::Site;

/// Set to `keep`, whatever is seen is kept instead of compared.
const MODE: &str = "BEATKEEPER_PICTURES";

/// Compares a picture with the kept one of this name, or keeps it.
pub fn check(name: &str, seen: &Picture) -> Result<()> {
    let kept = kept_path(name);
    if std::env::var_os(MODE).is_some_and(|mode| mode == "keep") {
        return Ok(fs::write(kept, seen.encode()?)?);
    }
    let help =
        "if it is meant to look like this, run `cargo xtask pictures --keep`, look at what changed, and commit it";
    let bytes = fs::read(&kept).with_context(|| format!("there is no {} yet; {help}", kept.display()))?;
    let expected = Picture::decode(&bytes)?;
    let Some(difference) = expected.difference(seen) else { return Ok(()) };
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
