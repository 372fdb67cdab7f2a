//! The steps of `cargo xtask test`.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Outcome, Step, cargo, cargo_with};
use crate::children::Children;
use crate::{exec, paths, say, sim, wait};

const E2E: &str = "beatkeeper-tests";
const BINDINGS: &str = "ui/src/host/bindings";
const ADVISORIES: &str = "https://github.com/rustsec/advisory-db";

/// The window is built before anything that embeds it is compiled.
pub(super) const STEPS: &[Step] = &[
    Step { name: "fmt", proves: "Rust is formatted", run: || cargo(&["fmt", "--all", "--check"]) },
    Step { name: "ui-format", proves: "the window's sources are formatted", run: || npm("format:check") },
    Step { name: "ui-lint", proves: "the window's sources keep the rules", run: || npm("lint") },
    Step { name: "ui-check", proves: "the window's types fit", run: || npm("check") },
    Step { name: "ui-test", proves: "the window's own tests", run: || npm("test") },
    Step { name: "ui-build", proves: "the window builds", run: || npm("build") },
    Step { name: "ui-size", proves: "the window is small enough", run: || npm("size") },
    Step { name: "ui-fixture", proves: "the window builds for its pictures", run: || npm("build:fixture") },
    Step { name: "clippy", proves: "Rust keeps the rules", run: clippy },
    Step { name: "deny", proves: "licences, bans and sources of the dependencies", run: deny },
    Step { name: "advisories", proves: "no known vulnerability among the dependencies", run: advisories },
    Step { name: "build", proves: "the programs and their tests build", run: build },
    Step { name: "bindings", proves: "the window's types are those of the engine", run: bindings },
    Step { name: "sdk", proves: "the registry's own Python kit is there, for a test of a real agent", run: sdk },
    Step { name: "rust-test", proves: "unit, property and integration tests", run: rust_test },
    Step { name: "sim", proves: "alerts over simulated months, against a reference model", run: simulate },
    Step { name: "e2e", proves: "the real programs on a real desktop", run: e2e },
];

fn clippy() -> Result<Outcome> {
    cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

// Whoever reads a log of a machine far away wants all that failed, so tests go on after the first that does.
//
// Cargo compiles a dependency once for each set of features that the selected packages want of it. So every step selects
// the whole workspace, and says which targets of it to run: nothing is compiled twice.

fn build() -> Result<Outcome> {
    cargo(&["build", "--workspace", "--lib", "--bins", "--tests"])
}

/// Nobody's test fails since there is no Python here, or no way to its packages.
fn sdk() -> Result<Outcome> {
    Ok(match crate::sdk::sdk() {
        Ok(_) => Outcome::Passed,
        Err(error) => Outcome::Skipped(format!("no real agent will be run: {error:#}")),
    })
}

fn rust_test() -> Result<Outcome> {
    let tests = integration_tests(|package| package != E2E)?;
    let mut arguments = vec!["test", "--workspace", "--no-fail-fast", "--lib", "--bins"];
    arguments.extend(tests.iter().flat_map(|test| ["--test", test.as_str()]));
    // They wait for intervals, processes and servers more than they reckon.
    let at_once = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    cargo_with(&arguments, &[("RUST_TEST_THREADS", &at_once.to_string())])?;
    cargo(&["test", "--workspace", "--doc"])
}

fn simulate() -> Result<Outcome> {
    sim::TESTED.into_iter().try_for_each(sim::run)?;
    Ok(Outcome::Passed)
}

fn e2e() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        let why = "the private desktop and the window's WebDriver exist on Linux only";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    let tests = integration_tests(|package| package == E2E)?;
    let mut arguments = vec!["test", "--workspace", "--no-fail-fast"];
    arguments.extend(tests.iter().flat_map(|test| ["--test", test.as_str()]));
    cargo(&arguments)
}

/// The names of the integration tests of some packages.
fn integration_tests(of: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let metadata = exec::output(&mut exec::cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let mut tests = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let owner = package["name"].as_str().unwrap_or_default();
        let targets = package["targets"].as_array().into_iter().flatten();
        for name in targets.filter(|target| target["kind"][0] == "test").filter_map(|target| target["name"].as_str()) {
            // A test is asked for by its name alone, so the other one would be run with it.
            if let Some(other) = tests.insert(name.to_owned(), owner.to_owned()) {
                bail!("{owner} and {other} both have a test called {name}: rename one of them");
            }
        }
    }
    Ok(tests.into_iter().filter(|(_, owner)| of(owner)).map(|(name, _)| name).collect())
}

fn npm(script: &str) -> Result<Outcome> {
    let manifest = paths::ui().join("package.json");
    let text = fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let package: Value = serde_json::from_str(&text).with_context(|| format!("{} is broken", manifest.display()))?;
    if package["scripts"][script].is_null() {
        return Ok(Outcome::Skipped(format!("ui/package.json has no script {script}")));
    }
    say::line(&format!("$ npm run {script}"));
    // Without CI some tools wait for changes instead of ending.
    exec::run(exec::npm(&["run", script]).env("CI", "true"))?;
    Ok(Outcome::Passed)
}

/// Writes the bindings anew and compares them with the committed ones.
fn bindings() -> Result<Outcome> {
    cargo(&["test", "--workspace", "--lib", "export_bindings"])?;
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(paths::root()).args(arguments).args(["--", BINDINGS]);
        command
    };
    exec::run(&mut git(&["diff", "--exit-code"]))
        .with_context(|| format!("{BINDINGS} is not what the Rust types say: commit the files just written"))?;
    let new = exec::output(&mut git(&["ls-files", "--others", "--exclude-standard"]))?;
    if !new.trim().is_empty() {
        bail!("bindings that nobody committed:\n{}", new.trim());
    }
    Ok(Outcome::Passed)
}

fn deny() -> Result<Outcome> {
    cargo_deny(&["licenses", "bans", "sources"])
}

fn advisories() -> Result<Outcome> {
    if !advisories_reachable()? {
        return Ok(Outcome::Skipped(format!("{ADVISORIES} cannot be reached from here")));
    }
    cargo_deny(&["advisories"])
}

fn cargo_deny(checks: &[&str]) -> Result<Outcome> {
    let mut command = Command::new(paths::tool("cargo-deny"));
    command.current_dir(paths::root()).args(["--all-features", "check", "--hide-inclusion-graph"]).args(checks);
    say::line(&format!("$ {}", exec::show(&command)));
    exec::run(&mut command)?;
    Ok(Outcome::Passed)
}

/// Asks git, which is what cargo-deny will ask; a network that swallows packets must not hold us up.
fn advisories_reachable() -> Result<bool> {
    let mut ask = Command::new("git");
    ask.args(["ls-remote", "--exit-code", ADVISORIES, "HEAD"]).env("GIT_TERMINAL_PROMPT", "0");
    ask.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut children = Children::new(None)?;
    children.start("git", ask)?;
    let ended = wait::until("git", Duration::from_secs(20), || children.ended("git"));
    Ok(ended.is_ok_and(|status| status.success()))
}
