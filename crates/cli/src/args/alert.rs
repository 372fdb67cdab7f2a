//! `beatkeeper alert`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// Really send a test, and wait for what comes of it
    Test {
        /// Its name, or `desktop` [default: every channel that is switched on]
        channel: Option<String>,
    },
    /// List the channels and how they are doing
    Channels {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List what channels did not take and nobody tries any more, newest first
    Dead {
        /// As JSON
        #[arg(long)]
        json: bool,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Try one of those again
    Retry {
        /// The notice's number, as `beatkeeper alert dead` shows it
        notice: u64,
        /// The channel's name
        channel: String,
    },
}

impl AlertCommand {
    /// Whether stdout is read by a program.
    pub(super) const fn wants_json(&self) -> bool {
        match self {
            Self::Channels { json } | Self::Dead { json, .. } => *json,
            Self::Test { .. } | Self::Retry { .. } => false,
        }
    }
}
