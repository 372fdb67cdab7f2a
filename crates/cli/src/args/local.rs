//! `beatkeeper up`, `down`, `restart` and `logs`: agents that are started here.

use beatkeeper_core::time::Time;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct OrderOptions {
    /// Entity ids, beginnings of such, or names [default: those of the project whose beatkeeper.toml is in this folder, else
    /// all that are started here]
    #[arg(value_name = "AGENT")]
    pub(crate) agents: Vec<String>,
    /// Do not wait for what comes of it
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LogsOptions {
    /// Entity ids, beginnings of such, or names [default: those of the project whose beatkeeper.toml is in this folder, else
    /// all that are started here]
    #[arg(value_name = "AGENT")]
    pub(crate) agents: Vec<String>,
    /// Go on with what they write, until Ctrl+C
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// So many lines of each at most [default: 100, or with --since all]
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) lines: Option<usize>,
    /// From a time on, such as 2026-11-01T00:00:00Z, or how long ago, such as 10m
    #[arg(long, value_name = "TIME", value_parser = crate::local::logs::since)]
    pub(crate) since: Option<Time>,
    /// Only lines that this regular expression fits; capital letters or not
    #[arg(long, value_name = "RE")]
    pub(crate) grep: Option<String>,
    /// As JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}
