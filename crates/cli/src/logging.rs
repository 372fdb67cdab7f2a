//! The log, on stderr.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// Starts it. A command shows what a person must act on; the engine also what is degraded.
pub(crate) fn start(verbose: u8, engine: bool) {
    let ours = |level: &str| {
        let crates = ["beatkeeper", "beatkeeper_engine", "beatkeeper_store", "beatkeeper_vault", "beatkeeper_devnet"];
        let ours: Vec<String> = crates.iter().map(|name| format!("{name}={level}")).collect();
        format!("warn,{}", ours.join(","))
    };
    let default = match (verbose, engine) {
        (0, false) => "error".to_owned(),
        (0, true) => ours("warn"),
        (1, _) => ours("info"),
        (2, _) => ours("debug"),
        (_, _) => "trace".to_owned(),
    };
    let filter = EnvFilter::try_from_env("BEATKEEPER_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    log.with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).with_target(false).init();
}
