//! `beatkeeper export`.

#[derive(Debug, clap::Args)]
pub(crate) struct ExportOptions {
    /// Entity id, the beginning of one, or a name
    pub(crate) agent: String,
    /// From when, such as 2026-11-01T00:00:00Z [default: 24 h before the end]
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<jiff::Timestamp>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<jiff::Timestamp>,
    /// JSON instead of CSV
    #[arg(long)]
    pub(crate) json: bool,
}
