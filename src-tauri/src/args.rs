//! The command line.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use beatkeeper_core::identity::EntityId;
use beatkeeper_engine::command::Refusal;
use beatkeeper_engine::{Options, Paths, ShimProgram, VaultChoice};
use clap::{Parser, ValueEnum};
use secrecy::SecretString;

const PASSPHRASE: &str = "BEATKEEPER_PASSPHRASE";

/// Keeps AI agents beating, and says when one does not.
#[derive(Clone, Debug, Parser)]
#[command(name = "beatkeeper-desktop", version)]
pub(crate) struct Args {
    /// The configuration file [default: beatkeeper.toml in the platform's configuration folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where history and logs are kept [default: the platform's data folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where keys are kept; `file` takes its passphrase from BEATKEEPER_PASSPHRASE
    #[arg(long, value_enum, default_value_t = Vault::Keychain)]
    vault: Vault,
    /// Start in the tray alone; without a tray host the window opens anyway
    #[arg(long)]
    pub(crate) hidden: bool,
    /// Open this agent's page
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<EntityId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Vault {
    /// The system's keychain
    Keychain,
    /// A file sealed with a passphrase
    File,
}

impl Args {
    /// The arguments that a second launch hands over. What makes no sense there counts as none: it still raises the
    /// window.
    pub(crate) fn handed_over(argv: &[String]) -> Self {
        Self::try_parse_from(argv).unwrap_or_else(|error| {
            tracing::warn!("a second launch had arguments that make no sense: {error}");
            Self { config: None, data: None, vault: Vault::Keychain, hidden: false, agent: None }
        })
    }

    /// Where configuration and data are.
    pub(crate) fn paths(&self) -> Result<Paths, Refusal> {
        Paths::resolve(self.config.clone(), self.data.clone()).map_err(|error| Refusal::from(&error))
    }

    /// What the engine needs to start.
    pub(crate) fn options(&self, paths: Paths) -> Result<Options, Refusal> {
        let passphrase = std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty());
        let vault = match (self.vault, passphrase) {
            (Vault::Keychain, _) => VaultChoice::Keychain,
            (Vault::File, Some(passphrase)) => VaultChoice::File { passphrase: SecretString::from(passphrase) },
            (Vault::File, None) => {
                return Err(Refusal::new(
                    "vault.no_passphrase",
                    "The keys are in a file (--vault file), and nobody gave its passphrase.",
                    format!("Start again with the passphrase in {PASSPHRASE}, or with --vault keychain."),
                ));
            }
        };
        // A shim that is linked to a window's libraries would cost each agent ten times the memory.
        Ok(Options { paths, vault, shim: ShimProgram::beside("beatkeeper").ok() })
    }

    /// One instance per data folder: a name for this one, or nothing when it is the platform's own.
    pub(crate) fn instance(&self) -> Option<String> {
        let data = self.data.as_ref()?;
        let absolute = std::path::absolute(data).unwrap_or_else(|_| data.clone());
        let mut hasher = DefaultHasher::new();
        absolute.canonicalize().unwrap_or(absolute).hash(&mut hasher);
        Some(format!("data-{:016x}", hasher.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Args {
        Args::try_parse_from([&["beatkeeper-desktop"], args].concat()).unwrap()
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn each_data_folder_has_an_instance_of_its_own() {
        assert_eq!(parse(&[]).instance(), None);
        let (one, other) = (parse(&["--data", "/tmp/one"]), parse(&["--data", "/tmp/other"]));
        assert_eq!(one.instance(), parse(&["--data", "/tmp/./one", "--hidden"]).instance());
        assert_ne!(one.instance(), other.instance());
    }

    #[test]
    fn a_second_launch_hands_over_the_agent_and_never_fails() {
        let argv = |args: &[&str]| args.iter().map(ToString::to_string).collect::<Vec<_>>();
        let id = "zns:56475aa75463474c0285df5dbf2bcab7";
        let handed = Args::handed_over(&argv(&["beatkeeper-desktop", "--agent", id]));
        assert_eq!(handed.agent, Some(id.parse().unwrap()));
        let nonsense = Args::handed_over(&argv(&["beatkeeper-desktop", "--agent", "x", "--no-such-thing"]));
        assert_eq!((nonsense.agent, nonsense.hidden), (None, false));
    }
}
