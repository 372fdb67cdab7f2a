//! `beatkeeper drill`.

#[derive(Debug, clap::Args)]
pub(crate) struct DrillOptions {
    /// Entity id, the beginning of one, or a name [default: one of the demo registry]
    pub(crate) agent: Option<String>,
    /// Show earlier drills instead
    #[arg(long, conflicts_with_all = ["agent", "stop"])]
    pub(crate) list: bool,
    /// End the drill that is under way
    #[arg(long, conflicts_with = "agent")]
    pub(crate) stop: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}
