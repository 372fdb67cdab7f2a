//! The command line's shape.

mod agent;
mod alert;
mod bus;
mod devnet;
mod doctor;
mod downtime;
mod drill;
mod export;
mod incident;
mod local;
mod usage;
mod write;

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

pub(crate) use agent::AgentCommand;
pub(crate) use alert::AlertCommand;
pub(crate) use bus::BusCommand;
pub(crate) use devnet::DevnetOptions;
pub(crate) use doctor::DoctorOptions;
pub(crate) use downtime::DowntimeOptions;
pub(crate) use drill::DrillOptions;
pub(crate) use export::ExportOptions;
pub(crate) use incident::IncidentCommand;
pub(crate) use local::{LogsOptions, OrderOptions};
pub(crate) use usage::UsageOptions;
pub(crate) use write::{Consent, DeregisterOptions, NextIndexOptions, RegisterOptions, UpdateOptions};

/// Keeps AI agents beating at their registry, and says when one does not.
#[derive(Debug, Parser)]
#[command(name = "beatkeeper", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) subject: Subject,
}

const EXIT_CODES: &str = "Exit codes: 0 fine; 1 refused or failed; 2 usage; 3 no Beatkeeper is running.";

#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// The configuration file [default: beatkeeper.toml in the platform's configuration folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where history and the control socket are [default: the platform's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where keys are kept
    #[arg(long, global = true, value_enum, default_value_t = VaultKind::Keychain)]
    pub(crate) vault: VaultKind,
    /// Log on stderr; -vv and -vvv say more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VaultKind {
    /// The system's keychain
    Keychain,
    /// A file in the data folder, sealed with a passphrase: from BEATKEEPER_PASSPHRASE, or asked for
    File,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Subject {
    /// Add, list, show and remove agents
    #[command(subcommand)]
    Agent(AgentCommand),
    /// The channels that are told of alerts beside the desktop: test them, and see what they did not take
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Redis heartbeat buses: add, list, remove and test them
    #[command(subcommand)]
    Bus(BusCommand),
    /// Start agents here, each after those that it depends on, and wait until they are up
    Up {
        #[command(flatten)]
        options: OrderOptions,
        /// Run the engine here as well, until Ctrl+C, which ends the agents
        #[arg(long)]
        foreground: bool,
    },
    /// End agents that were started here, and wait until they have ended
    Down(OrderOptions),
    /// End agents that were started here, start them again, and wait until they are up
    Restart(OrderOptions),
    /// Show what agents that were started here wrote
    Logs(LogsOptions),
    /// Run the engine without a window, until Ctrl+C, SIGTERM or `beatkeeper quit`
    Run,
    /// Show the fleet
    Status {
        /// As JSON; with --watch, one object a line whenever something changed
        #[arg(long)]
        json: bool,
        /// Keep showing it, until Ctrl+C
        #[arg(long)]
        watch: bool,
    },
    /// Show an agent's connections and changes of state, newest first
    History {
        /// Entity id, the beginning of one, or a name
        agent: String,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// How many connections and how many changes at most
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Write an agent's history of some time to stdout, for spreadsheets and programs
    Export(ExportOptions),
    /// List incidents, say that you know of one, and show what was frozen when it began
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Show for how long agents were down, and whose fault it was
    Downtime(DowntimeOptions),
    /// Look at everything between an agent and its registry's record, and say what is wrong
    Doctor(DoctorOptions),
    /// Have an agent fall silent for real, and measure how soon that is noticed and told
    Drill(DrillOptions),
    /// A registry in a box, with faults to order
    Devnet(DevnetOptions),
    /// End the running app or engine
    Quit,
}

impl Subject {
    /// Whether stdout is read by a program.
    pub(crate) const fn wants_json(&self) -> bool {
        match self {
            Self::Status { json, .. }
            | Self::History { json, .. }
            | Self::Export(ExportOptions { json, .. })
            | Self::Logs(LogsOptions { json, .. })
            | Self::Downtime(DowntimeOptions { json, .. })
            | Self::Doctor(DoctorOptions { json, .. })
            | Self::Drill(DrillOptions { json, .. }) => *json,
            Self::Agent(command) => command.wants_json(),
            Self::Alert(command) => command.wants_json(),
            Self::Bus(command) => command.wants_json(),
            Self::Incident(command) => command.wants_json(),
            Self::Up { .. } | Self::Down(_) | Self::Restart(_) | Self::Run | Self::Devnet(_) | Self::Quit => false,
        }
    }
}

#[cfg(test)]
fn parse(line: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(std::iter::once("beatkeeper").chain(line.split(' ')))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn global_options_may_stand_on_either_side() {
        let before = parse("--data d --vault file status --json").unwrap();
        let after = parse("status --json --vault file --data d").unwrap();
        assert_eq!((before.common.data, before.common.vault), (after.common.data, after.common.vault));
        assert!(after.subject.wants_json());
    }
}
