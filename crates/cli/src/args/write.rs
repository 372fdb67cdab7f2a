//! What changes an agent's record at its registry.

use std::path::PathBuf;

/// `beatkeeper agent register`.
#[derive(Debug, clap::Args)]
pub(crate) struct RegisterOptions {
    /// Entity id, the beginning of one, or a name
    pub(crate) agent: String,
    /// The developer's key file [default: where the tools keep it, ~/.zynd/developer.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) developer: Option<PathBuf>,
    /// Where it is published [default: as its card, its project or its health address says]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// What the registry calls it [default: as its card or its project says, or its name here]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Its category [default: as its card or its project says, or general]
    #[arg(long)]
    pub(crate) category: Option<String>,
    /// What it is found by, 20 at most; these are public [default: as its project says]
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// What it does, in 200 bytes [default: as its card or its project says]
    #[arg(long)]
    pub(crate) summary: Option<String>,
    /// Which of the developer's agents it is [default: found out]
    #[arg(long, value_name = "N")]
    pub(crate) index: Option<u32>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// `beatkeeper agent update`.
#[derive(Debug, clap::Args)]
pub(crate) struct UpdateOptions {
    /// Entity id, the beginning of one, or a name
    pub(crate) agent: String,
    /// Where it is from now on
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// `beatkeeper agent deregister`.
#[derive(Debug, clap::Args)]
pub(crate) struct DeregisterOptions {
    /// Entity id, the beginning of one, or a name
    pub(crate) agent: String,
    /// The developer's key file, for an agent that has a name there [default: where the tools keep it]
    #[arg(long, value_name = "FILE")]
    pub(crate) developer: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// `beatkeeper agent next-index`.
#[derive(Debug, clap::Args)]
pub(crate) struct NextIndexOptions {
    /// Entity id, the beginning of one, or a name
    pub(crate) agent: String,
    /// The developer's key file [default: where the tools keep it, ~/.zynd/developer.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) developer: Option<PathBuf>,
    /// Where it is published [default: as now]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// Whether a person agrees to what is signed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Consent {
    /// Sign and send without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) yes: bool,
    /// Only show what would be signed and sent
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// As JSON: what was done, or with --dry-run, what would be
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use crate::args::parse;

    #[test]
    fn a_person_agrees_or_only_looks() {
        assert!(parse("agent register a --yes --url http://w --tag a --tag b --index 3").is_ok());
        assert!(parse("agent next-index a --dry-run --json").is_ok());
        for wrong in ["register a --yes --dry-run", "update a", "deregister", "register a --index -1"] {
            assert!(parse(&format!("agent {wrong}")).is_err(), "{wrong}");
        }
    }
}
