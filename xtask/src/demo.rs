//! A fleet that lives, falls silent and dies within two minutes, in the real app.

mod fleet;
mod registry;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use self::registry::Registry;
use crate::children::Children;
use crate::rig::{Desktop, Notifications, Parts};
use crate::setup::{self, Need};
use crate::{exec, paths, run, say, wait};

/// Long enough for a busy machine, short enough to be told what is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
/// When the pictures are taken, in seconds after the window opened: all alive, one silent, one late or stale, one gone.
const PICTURES: [u64; 4] = [10, 40, 75, 110];
/// When the portrait is taken: one agent is stale by then.
const PORTRAIT: Duration = Duration::from_secs(75);
const APP: &str = "beatkeeper-desktop";

/// Options of `cargo xtask demo`.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Use a private virtual desktop even if there is a display.
    #[arg(long)]
    headless: bool,
    /// How long the demo lasts on a virtual desktop, in seconds.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
}

/// Builds what is needed and shows it.
pub fn demo(options: &Options) -> Result<()> {
    let headless = options.headless || !has_display();
    setup::ensure(if headless { &[Need::Build, Need::Desktop] } else { &[Need::Build] })?;
    build()?;
    let stage = cast(headless)?;
    if headless { stage.play(options.seconds) } else { stage.open_window() }
}

/// What the demo needs, built.
pub fn build() -> Result<()> {
    run::build_ui()?;
    say::heading("Building the app and the registry in a box (the first time takes some minutes)");
    exec::run(&mut exec::cargo(&["build", "--workspace", "--bins"]))
}

/// A picture of the window of the demo, and of nothing around it, when each of its agents has come to its end.
pub fn portrait(gtk_theme: &str, path: &Path) -> Result<()> {
    cast(true)?.pose(gtk_theme, path)
}

/// A stage with everyone on it but the app.
fn cast(headless: bool) -> Result<Stage> {
    let mut stage = Stage::set(headless)?;
    say::heading("Starting the registry and five agents");
    let registry = Registry::start(&mut stage)?;
    let fleet = fleet::start(&mut stage, &registry)?;
    fleet::configure(&stage, &registry, &fleet)?;
    fleet.iter().for_each(|agent| say::line(&agent.introduction()));
    Ok(stage)
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Where the demo happens, and who takes part.
struct Stage {
    // Declared first, so dropped first: the actors leave before the desktop goes.
    actors: Children,
    desktop: Option<Desktop>,
    dir: PathBuf,
}

impl Stage {
    fn set(headless: bool) -> Result<Self> {
        let dir = paths::target().join("demo");
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
        }
        for name in ["data", "keys", "logs"] {
            fs::create_dir_all(dir.join(name))?;
        }
        let desktop = if headless {
            say::heading("There is no display to use: building a private desktop");
            Some(Desktop::start(Parts::default())?)
        } else {
            None
        };
        Ok(Self { actors: Children::new(None)?, desktop, dir })
    }

    /// One of our programs, on whichever desktop this is.
    fn command(&self, binary: &str) -> Command {
        let program = paths::debug_binary(binary);
        let mut command = match &self.desktop {
            Some(desktop) => desktop.command(program),
            None => Command::new(program),
        };
        // Only used with the file vault, which the demo chooses on a person's own desktop: their keychain is not ours
        // to fill with keys that die in two minutes.
        command.env("BEATKEEPER_PASSPHRASE", "a demo, nothing secret");
        command.stdin(Stdio::null());
        command
    }

    /// One of our programs, on the demo's own configuration, data and keys.
    fn beatkeeper(&self, binary: &str) -> Command {
        let mut command = self.command(binary);
        command.arg("--config").arg(self.config()).arg("--data").arg(self.dir.join("data"));
        command.args(["--vault", if self.desktop.is_some() { "keychain" } else { "file" }]);
        command
    }

    /// Starts an actor; what it prints goes to a file.
    fn start(&mut self, name: &str, mut command: Command) -> Result<()> {
        command.stdout(File::create(self.log(name))?).stderr(File::create(self.complaints(name))?);
        self.actors.start(name, command).map(drop)
    }

    /// The first line that an actor prints and that `reads` understands.
    fn first_line<T>(&mut self, name: &str, reads: impl Fn(&str) -> Option<T>) -> Result<T> {
        let log = self.log(name);
        wait::until(&format!("{name} to say it is ready"), PATIENCE, || {
            let text = fs::read_to_string(&log)?;
            let found = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).find_map(&reads);
            if found.is_none() {
                self.must_run(name)?;
            }
            Ok(found)
        })
    }

    fn must_run(&mut self, name: &str) -> Result<()> {
        match self.actors.ended(name)? {
            Some(status) => bail!("{name} ended early ({status}); it said:\n{}", self.last_words(name)),
            None => Ok(()),
        }
    }

    fn last_words(&self, name: &str) -> String {
        let text = fs::read_to_string(self.complaints(name)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn config(&self) -> PathBuf {
        self.dir.join("beatkeeper.toml")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.dir.join("logs").join(format!("{name}.log"))
    }

    fn complaints(&self, name: &str) -> PathBuf {
        self.dir.join("logs").join(format!("{name}.err"))
    }

    /// On a person's own desktop: until they quit the app.
    fn open_window(mut self) -> Result<()> {
        say::heading("Opening the app; quit it, or press Ctrl+C here, to end the demo");
        say::line("Within two minutes weather-agent goes late, stale and offline, and the notifications say so.");
        let app = self.beatkeeper(APP);
        self.start(APP, app)?;
        loop {
            if let Some(status) = self.actors.ended(APP)? {
                if !status.success() {
                    bail!("the app ended with {status}; it said:\n{}", self.last_words(APP));
                }
                return Ok(());
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// On a private desktop: the live table here, pictures of the rest, and an end.
    fn play(mut self, seconds: u64) -> Result<()> {
        say::heading("Opening the app on the private desktop; the live table:");
        let app = self.beatkeeper(APP);
        self.start(APP, app)?;
        let opened = Instant::now();
        self.await_engine()?;
        let mut table = self.beatkeeper("beatkeeper");
        table.args(["status", "--watch"]);
        self.actors.start("status", table)?;

        let mut pictures = Vec::new();
        for at in PICTURES.into_iter().filter(|at| *at < seconds) {
            self.wait_until(opened + Duration::from_secs(at))?;
            pictures.push(self.take_picture(&format!("{at:03}s.png"))?);
        }
        self.wait_until(opened + Duration::from_secs(seconds))?;
        self.actors.stop("status");
        say::heading("What the desktop showed");
        for notice in self.desktop.as_ref().map(Desktop::notices).unwrap_or_default() {
            say::line(&format!("  notification: {}: {}", notice.summary, notice.body.replace('\n', " ")));
        }
        pictures.iter().for_each(|picture| say::line(&format!("  screenshot:   {}", picture.display())));
        Ok(())
    }

    /// The window with the page of the agent that fell silent, which is the first of those that need a person.
    fn pose(mut self, gtk_theme: &str, path: &Path) -> Result<()> {
        let mut app = self.beatkeeper(APP);
        app.env("GTK_THEME", gtk_theme);
        self.start(APP, app)?;
        let opened = Instant::now();
        self.await_engine()?;
        self.wait_until(opened + PORTRAIT)?;
        let desktop = self.desktop.as_mut().context("there is a portrait on a private desktop only")?;
        // What it has shown would lie over the window.
        desktop.set_notifications(Notifications::None)?;
        let window = desktop.window("^Beatkeeper$")?;
        let act = |arguments: &[&str]| exec::run(desktop.command("xdotool").args(arguments));
        act(&["windowactivate", "--sync", &window])?;
        act(&["key", "--clearmodifiers", "j", "Return"])?;
        // The page reads its history, and the window draws it.
        let mut last = Vec::new();
        wait::until("the window to be drawn", PATIENCE, || {
            desktop.picture_of(&window, path)?;
            let before = std::mem::replace(&mut last, fs::read(path)?);
            Ok((before == last).then_some(()))
        })
    }

    fn await_engine(&mut self) -> Result<()> {
        wait::until("the app to answer the command line", PATIENCE, || {
            self.must_run(APP)?;
            let mut ask = self.beatkeeper("beatkeeper");
            Ok(exec::succeeds(ask.args(["status", "--json"])).then_some(()))
        })
    }

    fn wait_until(&mut self, moment: Instant) -> Result<()> {
        while Instant::now() < moment {
            self.must_run(APP)?;
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    fn take_picture(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        if let Some(desktop) = &self.desktop {
            desktop.screenshot(&path)?;
        }
        Ok(path.strip_prefix(paths::root()).map(Path::to_path_buf).unwrap_or(path))
    }
}
