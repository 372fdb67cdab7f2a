//! `beatkeeper agent usage`.

use std::time::Duration;

use super::downtime::length;

#[derive(Debug, clap::Args)]
pub(crate) struct UsageOptions {
    /// Entity id, the beginning of one, or a name
    pub(crate) agent: String,
    /// How far back, such as 12h or 30d; a day is kept in quarters of an hour, what is older in steps of six hours
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = length)]
    pub(crate) last: Duration,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}
