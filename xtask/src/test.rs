//! Everything that must hold, in the order in which a failure is cheapest to find.

mod steps;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::steps::STEPS;
use crate::setup::{self, Need, Tool};
use crate::{exec, paths, say};

/// Options of `cargo xtask test`.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Only these steps (see --list); all of them without a name.
    steps: Vec<String>,
    /// Name the steps and stop.
    #[arg(long)]
    list: bool,
}

/// How a step went, when nothing failed.
enum Outcome {
    Passed,
    Skipped(String),
}

/// One thing to prove.
struct Step {
    name: &'static str,
    proves: &'static str,
    run: fn() -> Result<Outcome>,
}

/// What the summary says of a step.
struct Line {
    name: &'static str,
    verdict: &'static str,
    took: Option<Duration>,
    note: String,
}

/// Runs the steps, stops at the first that fails, and sums up in any case.
pub fn test(options: &Options) -> Result<()> {
    if options.list {
        STEPS.iter().for_each(|step| say::line(&format!("{:12} {}", step.name, step.proves)));
        return Ok(());
    }
    if let Some(unknown) = options.steps.iter().find(|name| STEPS.iter().all(|step| step.name != name.as_str())) {
        bail!("no step is called {unknown}; `cargo xtask test --list` names them");
    }
    set_up()?;
    let mut lines = Vec::new();
    let mut failure = None;
    for step in STEPS {
        let wanted = options.steps.is_empty() || options.steps.iter().any(|name| name == step.name);
        let not_run = match (&failure, wanted) {
            (Some(_), _) => Some("an earlier step failed"),
            (None, false) => Some("not asked for"),
            (None, true) => None,
        };
        if let Some(why) = not_run {
            lines.push(Line { name: step.name, verdict: "skipped", took: None, note: why.to_owned() });
            continue;
        }
        say::heading(&format!("{}: {}", step.name, step.proves));
        let start = Instant::now();
        let (verdict, note) = match (step.run)() {
            Ok(Outcome::Passed) => ("passed", String::new()),
            Ok(Outcome::Skipped(why)) => {
                say::line(&format!("skipped: {why}"));
                ("skipped", why)
            }
            Err(error) => {
                let note = format!("{error:#}");
                say::line(&format!("failed: {note}"));
                failure = Some(step.name);
                ("FAILED", note.lines().next().unwrap_or_default().to_owned())
            }
        };
        lines.push(Line { name: step.name, verdict, took: Some(start.elapsed()), note });
    }
    summary(&lines);
    match failure {
        Some(step) => bail!("{step} failed"),
        None => Ok(()),
    }
}

fn set_up() -> Result<()> {
    let mut needs = vec![Need::Build];
    if cfg!(target_os = "linux") {
        needs.extend([Need::Desktop, Need::Tests]);
    }
    setup::ensure(&needs)?;
    setup::node_modules()?;
    let tools =
        if cfg!(target_os = "linux") { vec![Tool::CargoDeny, Tool::TauriDriver] } else { vec![Tool::CargoDeny] };
    setup::cargo_tools(&tools)
}

fn summary(lines: &[Line]) {
    say::heading("Summary");
    for line in lines {
        let took = line.took.map_or_else(|| "-".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()));
        let text = format!("{:12} {:8} {took:>9}  {}", line.name, line.verdict, line.note);
        say::line(text.trim_end());
    }
    let total: Duration = lines.iter().filter_map(|line| line.took).sum();
    let (minutes, seconds) = (total.as_secs() / 60, total.as_secs() % 60);
    say::line(&format!("{:12} {:8} {:>9}", "all", "", format!("{minutes}:{seconds:02} min")));
}

/// A step that is one cargo command.
fn cargo(arguments: &[&str]) -> Result<Outcome> {
    cargo_with(arguments, &[])
}

fn cargo_with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Outcome> {
    let mut command = exec::cargo(arguments);
    command.envs(environment.iter().copied());
    // Tests of crates with bindings write them: always to the one place where they are kept.
    command.env("TS_RS_EXPORT_DIR", paths::ui().join("src/host/bindings"));
    say::line(&format!("$ {}", exec::show(&command)));
    exec::run(&mut command)?;
    Ok(Outcome::Passed)
}
