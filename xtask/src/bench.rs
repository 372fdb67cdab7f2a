//! The benchmarks. They print ratios against a baseline of the same run: bare times say more about the machine.

use anyhow::{Result, bail};

use crate::setup::{self, Need};
use crate::{exec, say};

struct Bench {
    name: &'static str,
    shows: &'static str,
    cargo: &'static [&'static str],
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "links",
        shows: "memory and CPU of 10,000 beating agents against a bare loop, and how late their beats are",
        cargo: &["bench", "-p", "beatkeeper-engine", "--bench", "links"],
    },
    Bench {
        name: "history",
        shows: "the size of thirty days of history, and how long a beat strip takes",
        cargo: &["bench", "-p", "beatkeeper-store", "--bench", "thirty_days"],
    },
];

/// Runs the named ones, or all.
pub fn bench(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| BENCHES.iter().all(|bench| bench.name != name.as_str())) {
        let known: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("no benchmark is called {unknown}; there are: {}", known.join(", "));
    }
    setup::ensure(&[Need::Build])?;
    for bench in BENCHES.iter().filter(|bench| names.is_empty() || names.iter().any(|name| name == bench.name)) {
        say::heading(&format!("{}: {}", bench.name, bench.shows));
        exec::run(&mut exec::cargo(bench.cargo))?;
    }
    Ok(())
}
