//! `beatkeeper agent`.

use std::path::PathBuf;

use beatkeeper_core::alert::Silence;
use beatkeeper_engine::command::Occupant;
use clap::Subcommand;

use super::{DeregisterOptions, NextIndexOptions, RegisterOptions, UpdateOptions, UsageOptions};

#[derive(Debug, Subcommand)]
pub(crate) enum AgentCommand {
    /// Put a key file's key into the vault and watch its agent; prints the entity id
    Import {
        /// Such as ~/.zynd/agents/NAME/keypair.json
        file: PathBuf,
        /// A registry's base URL, or its name in the configuration
        #[arg(long, value_name = "URL")]
        registry: String,
        /// What to call it [default: as the file says or is called]
        #[arg(long)]
        name: Option<String>,
        /// Take the file although others can read it
        #[arg(long)]
        allow_loose: bool,
        /// It is registered as a service, and not as an agent
        #[arg(long)]
        service: bool,
        /// Replace what the vault has under the agent's id: the fingerprint that the refusal names, or damaged-N
        #[arg(long, value_name = "FINGERPRINT")]
        replace: Option<Occupant>,
        /// Overwrite and delete the file, once its key is in the vault
        #[arg(long)]
        shred: bool,
    },
    /// List the keys that are on this computer already: where the tools leave them, and in projects
    Find {
        /// Folders of projects, and folders that hold such folders [default: the current folder]
        #[arg(value_name = "FOLDER")]
        folders: Vec<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Add an agent with a new key at a registry, or by its name alone on a Redis bus; prints the entity id
    #[command(group = clap::ArgGroup::new("key"))]
    Add {
        /// A registry's base URL, or its name in the configuration, or a bus's
        #[arg(long, value_name = "URL")]
        registry: String,
        /// Generate a new key
        #[arg(long, group = "key")]
        generate: bool,
        /// Derive the key from this developer key file
        #[arg(long, value_name = "FILE", group = "key", requires = "index")]
        developer: Option<PathBuf>,
        /// Which of the developer's agents
        #[arg(long, value_name = "N", requires = "developer", conflicts_with = "generate")]
        index: Option<u32>,
        /// What to call it; on a bus, what it is called there
        #[arg(long, required_unless_present_any = ["generate", "developer"])]
        name: Option<String>,
        /// Replace what the vault has under the agent's id: the fingerprint that the refusal names, or damaged-N
        #[arg(long, value_name = "FINGERPRINT", requires = "developer", conflicts_with = "generate")]
        replace: Option<Occupant>,
        /// On a bus: only watch it, since it beats by itself
        #[arg(long, conflicts_with = "key")]
        watch: bool,
        /// On a bus: time between two of its beats [default: 30]
        #[arg(long, value_name = "SECONDS", conflicts_with = "key", value_parser = clap::value_parser!(u32).range(1..=120))]
        interval: Option<u32>,
    },
    /// List the agents
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one agent: verdict and remedy, and what process, link and registry say
    Show {
        /// Entity id, the beginning of one, or a name
        agent: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Register an agent at its registry, or again after its record was deleted; shows what is signed, and asks
    Register(RegisterOptions),
    /// Change where an agent is published; shows what is signed, and asks
    Update(UpdateOptions),
    /// Delete an agent's record at its registry, and release its name; shows what is signed, and asks
    Deregister(DeregisterOptions),
    /// Give an agent the developer's next key: store it, register it, and have it take the old one's place
    NextIndex(NextIndexOptions),
    /// Remove an agent from the configuration; its key stays unless --delete-key
    Remove {
        /// Entity id, the beginning of one, or a name
        agent: String,
        /// The agent's name, instead of typing it when asked
        #[arg(long, value_name = "NAME")]
        yes_remove: Option<String>,
        /// Delete its key from the vault, too
        #[arg(long)]
        delete_key: bool,
    },
    /// Stop beating for an agent
    Pause {
        /// Entity id, the beginning of one, or a name
        agent: String,
    },
    /// Beat for it again
    Resume {
        /// Entity id, the beginning of one, or a name
        agent: String,
    },
    /// Dial its registry again now
    Retry {
        /// Entity id, the beginning of one, or a name
        agent: String,
    },
    /// Close its link with a goodbye, and dial anew
    Restart {
        /// Entity id, the beginning of one, or a name
        agent: String,
    },
    /// Hold its notices back for a time, or until it recovers
    Snooze {
        /// Entity id, the beginning of one, or a name
        agent: String,
        /// For how long, a week at most
        #[arg(long, value_name = "MINUTES", default_value_t = Silence::Snooze.usual(), value_parser = clap::value_parser!(u32).range(1..=i64::from(Silence::LONGEST)))]
        minutes: u32,
        /// Let it interrupt again
        #[arg(long, conflicts_with = "minutes")]
        end: bool,
    },
    /// Show what was signed for an agent that does not hold its key, and what was refused, newest first
    Signer {
        /// Entity id, the beginning of one, or a name
        agent: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what its process cost, as far as it ran here
    Usage(UsageOptions),
    /// Give it these tags and no others; none takes them away
    Tag {
        /// Entity id, the beginning of one, or a name
        agent: String,
        /// Each 1 to 32 characters without commas
        #[arg(value_name = "TAG")]
        tags: Vec<String>,
    },
}

impl AgentCommand {
    /// Whether stdout is read by a program.
    pub(super) const fn wants_json(&self) -> bool {
        match self {
            Self::List { json }
            | Self::Find { json, .. }
            | Self::Show { json, .. }
            | Self::Signer { json, .. }
            | Self::Usage(UsageOptions { json, .. }) => *json,
            Self::Register(RegisterOptions { consent, .. })
            | Self::Update(UpdateOptions { consent, .. })
            | Self::Deregister(DeregisterOptions { consent, .. })
            | Self::NextIndex(NextIndexOptions { consent, .. }) => consent.json,
            Self::Import { .. }
            | Self::Add { .. }
            | Self::Remove { .. }
            | Self::Pause { .. }
            | Self::Resume { .. }
            | Self::Retry { .. }
            | Self::Restart { .. }
            | Self::Snooze { .. }
            | Self::Tag { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Subject, parse};

    #[test]
    fn a_key_comes_from_one_place() {
        assert!(parse("agent add --registry r --generate").is_ok());
        assert!(parse("agent add --registry r --developer f --index 3").is_ok());
        for wrong in ["", " --generate --developer f --index 3", " --developer f", " --generate --index 3"] {
            assert!(parse(&format!("agent add --registry r{wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_agent_of_a_bus_has_a_name_and_no_key() {
        assert!(parse("agent add --registry team --name worker").is_ok());
        assert!(parse("agent add --registry team --name worker --watch --interval 10").is_ok());
        for wrong in ["--watch", "--name w --generate --watch", "--name w --interval 0", "--generate --interval 5"] {
            assert!(parse(&format!("agent add --registry team {wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_replaced_is_named_in_full() {
        let import = |replace: &str| parse(&format!("agent import key.json --registry r --replace {replace}"));
        for good in ["56475aa75463474c0285df5dbf2bcab7", "damaged-7"] {
            let Subject::Agent(AgentCommand::Import { replace, .. }) = import(good).unwrap().subject else { panic!() };
            assert_eq!(replace.map(|named| named.to_string()).as_deref(), Some(good));
        }
        let error = import("56475aa7").unwrap_err().to_string();
        assert!(error.contains("32 hex digits") && error.contains("damaged-N"), "{error}");
        // A key that is made anew has nothing to replace.
        assert!(parse("agent add --registry r --generate --replace damaged-7").is_err());
        assert!(parse("agent add --registry r --developer f --index 3 --replace damaged-7").is_ok());
    }
}
