//! The benchmarks. They print ratios against a baseline of the same run: bare times say more about the machine.

use anyhow::{Result, bail};

use crate::run::build_ui;
use crate::setup::{self, Need, Tool};
use crate::{exec, say};

struct Bench {
    name: &'static str,
    shows: &'static str,
    cargo: &'static [&'static str],
    needs: &'static [Need],
    /// What is built before it, in the same way.
    first: fn() -> Result<()>,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "links",
        shows: "memory and CPU of 10,000 beating agents against a bare loop, and how late their beats are",
        cargo: &["bench", "-p", "beatkeeper-engine", "--bench", "links"],
        needs: &[Need::Build],
        first: || Ok(()),
    },
    Bench {
        name: "bus",
        shows: "what a beat of one of 5,000 agents on a Redis bus costs, against redis-benchmark's PUBLISH",
        cargo: &["bench", "-p", "beatkeeper-engine", "--bench", "bus"],
        needs: &[Need::Build, Need::Tests],
        first: || Ok(()),
    },
    Bench {
        name: "doctor",
        shows: "how long the doctor takes at a healthy registry, against reading the record once",
        cargo: &["bench", "-p", "beatkeeper-engine", "--bench", "doctor"],
        needs: &[Need::Build],
        first: || Ok(()),
    },
    Bench {
        name: "history",
        shows: "the size of thirty days of history, and how long a beat strip takes",
        cargo: &["bench", "-p", "beatkeeper-store", "--bench", "thirty_days"],
        needs: &[Need::Build],
        first: || Ok(()),
    },
    Bench {
        name: "log",
        shows: "what an agent's line costs on its way into the log, and what reading and searching it does",
        cargo: &["bench", "-p", "beatkeeper-runner", "--bench", "log"],
        needs: &[Need::Build],
        first: || Ok(()),
    },
    Bench {
        name: "usage",
        shows: "what it costs to ask what an agent costs",
        cargo: &["bench", "-p", "beatkeeper-runner", "--bench", "usage"],
        needs: &[Need::Build],
        first: || Ok(()),
    },
    Bench {
        name: "window",
        shows: "10,000 rows in the real webview, 333 changed a second: what an update costs, frames while scrolling, memory",
        cargo: &["bench", "--workspace", "--bench", "window"],
        needs: &[Need::Build, Need::Desktop, Need::Tests],
        first: release_app,
    },
];

/// Runs the named ones, or all.
pub fn bench(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| BENCHES.iter().all(|bench| bench.name != name.as_str())) {
        let known: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("no benchmark is called {unknown}; there are: {}", known.join(", "));
    }
    for bench in BENCHES.iter().filter(|bench| names.is_empty() || names.iter().any(|name| name == bench.name)) {
        setup::ensure(bench.needs)?;
        (bench.first)()?;
        say::heading(&format!("{}: {}", bench.name, bench.shows));
        exec::run(&mut exec::cargo(bench.cargo))?;
    }
    Ok(())
}

/// The app as it is shipped, with the window inside.
fn release_app() -> Result<()> {
    setup::cargo_tools(&[Tool::TauriDriver])?;
    build_ui()?;
    exec::run(&mut exec::cargo(&["build", "--release", "--workspace", "--bins"]))
}
