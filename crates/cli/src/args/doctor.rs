//! `beatkeeper doctor`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use beatkeeper_core::doctor::{Hold, Symptom};
use clap::ValueEnum;

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 all is well; 1 something was found; 2 nobody could look.")]
pub(crate) struct DoctorOptions {
    /// Entity id, the beginning of one, or a name
    pub(crate) agent: String,
    /// What you see: the answer is one cause of it, or what it is not
    #[arg(long, value_enum)]
    pub(crate) symptom: Option<Seen>,
    /// Hold two sockets open for so many seconds, one silent and one with pings, to find out what cuts them
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(held()))]
    pub(crate) hold: Option<u32>,
    /// Be silent for a while, shorter than anybody calls late, to hear whether somebody else beats with this key
    #[arg(long)]
    pub(crate) listen: bool,
    /// The report as JSON
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// The report as Markdown, to paste into an issue: redacted
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Write the report to a file: JSON where its name ends with .json, else Markdown
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

fn held() -> RangeInclusive<i64> {
    i64::from(*Hold::SECONDS.start())..=i64::from(*Hold::SECONDS.end())
}

/// What a person sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Seen {
    /// It never connects
    NeverConnects,
    /// It connects, then drops every few minutes
    Drops,
    /// Its process is alive, but it is shown inactive
    Inactive,
}

impl From<Seen> for Symptom {
    fn from(seen: Seen) -> Self {
        match seen {
            Seen::NeverConnects => Self::NeverConnects,
            Seen::Drops => Self::Drops,
            Seen::Inactive => Self::Inactive,
        }
    }
}
