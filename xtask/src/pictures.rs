//! Pictures of the window: those that the tests compare it with, and those of the README.

use std::path::Path;

use anyhow::Result;

use crate::setup::{self, Need};
use crate::{demo, exec, paths, run, say};

/// Options of `cargo xtask pictures`.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Keep what the window looks like now, instead of comparing it with what was kept.
    #[arg(long)]
    keep: bool,
    /// Take the pictures of the README instead: the demo, once in each theme.
    #[arg(long, conflicts_with = "keep")]
    readme: bool,
}

/// Takes them.
pub fn pictures(options: &Options) -> Result<()> {
    setup::ensure(&[Need::Build, Need::Desktop, Need::Tests])?;
    if options.readme {
        return readme();
    }
    run::build_fixture()?;
    say::heading("Looking at every state of the window, in both themes");
    let mut test = exec::cargo(&["test", "--workspace", "--test", "pictures"]);
    test.env("BEATKEEPER_PICTURES", if options.keep { "keep" } else { "compare" });
    exec::run(&mut test)
}

fn readme() -> Result<()> {
    demo::build()?;
    for (theme, gtk) in [("light", "Adwaita"), ("dark", "Adwaita:dark")] {
        let taken = paths::target().join(format!("window-{theme}.png"));
        demo::portrait(gtk, &taken)?;
        let kept = paths::root().join("docs/img").join(format!("window-{theme}.png"));
        shrink(&taken, &kept)?;
        say::line(&format!("docs/img/window-{theme}.png: {} bytes", kept.metadata()?.len()));
    }
    Ok(())
}

/// A window has few colours: a palette loses nothing that can be seen.
fn shrink(from: &Path, to: &Path) -> Result<()> {
    let mut convert = std::process::Command::new("convert");
    convert.arg(from).args(["-strip", "+dither", "-colors", "256", "-define", "png:compression-level=9"]);
    exec::run(convert.arg(format!("png8:{}", to.display())))
}
