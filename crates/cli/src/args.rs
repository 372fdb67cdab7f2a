//! The command line's shape.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use beatkeeper_core::alert::IncidentCursor;
use beatkeeper_core::time::Time;
use beatkeeper_devnet::Fault;
use beatkeeper_engine::command::Occupant;
use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use crate::downtime::DowntimeOptions;

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
    /// Have an agent fall silent for real, and measure how soon that is noticed and told
    Drill(DrillOptions),
    /// A registry in a box, with faults to order
    Devnet(DevnetOptions),
    /// End the running app or engine
    Quit,
}

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
    /// Make a key and watch its agent; prints the entity id
    #[command(group = clap::ArgGroup::new("key").required(true))]
    Add {
        /// A registry's base URL, or its name in the configuration
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
        /// What to call it
        #[arg(long)]
        name: Option<String>,
        /// Replace what the vault has under the agent's id: the fingerprint that the refusal names, or damaged-N
        #[arg(long, value_name = "FINGERPRINT", requires = "developer", conflicts_with = "generate")]
        replace: Option<Occupant>,
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
        #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_080))]
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
    /// Give it these tags and no others; none takes them away
    Tag {
        /// Entity id, the beginning of one, or a name
        agent: String,
        /// Each 1 to 32 characters without commas
        #[arg(value_name = "TAG")]
        tags: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// List incidents, newest first
    List {
        /// Entity id, the beginning of one, or a name [default: all agents]
        agent: Option<String>,
        /// Only those that go on
        #[arg(long)]
        open: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only those that began before a time, such as 2026-11-01T00:00:00Z, or follow the `cursor` that --json gives
        /// with each incident
        #[arg(long, value_name = "TIME|CURSOR", value_parser = incident_cursor)]
        before: Option<IncidentCursor>,
    },
    /// Say that you know of an agent's open incident, until it recovers
    Ack {
        /// Entity id, the beginning of one, or a name
        agent: String,
        /// For how long at most, a week at most
        #[arg(long, value_name = "MINUTES", default_value_t = 1440, value_parser = clap::value_parser!(u32).range(1..=10_080))]
        minutes: u32,
        /// Take it back
        #[arg(long, conflicts_with = "minutes")]
        end: bool,
    },
    /// Write what was known when an incident began to stdout, redacted, as Markdown
    Show {
        /// Entity id, the beginning of one, or a name
        agent: String,
        /// A time in it, such as 2026-11-01T00:00:00Z [default: the newest incident]
        #[arg(value_name = "WHEN")]
        when: Option<jiff::Timestamp>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

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

#[derive(Debug, clap::Args)]
pub(crate) struct DevnetOptions {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7717")]
    pub(crate) listen: SocketAddr,
    /// Seconds of silence after which an entity becomes inactive
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    pub(crate) inactive_after: Duration,
    /// Seconds between two looks for silent entities
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) sweep: Duration,
    /// A fault from the start, such as slow=200 or ignore:zns:…; may be given often, and a wrong one lists them all
    #[arg(long = "fault", value_name = "FAULT")]
    pub(crate) faults: Vec<Fault>,
}

impl Subject {
    /// Whether stdout is read by a program.
    pub(crate) const fn wants_json(&self) -> bool {
        match self {
            Self::Status { json, .. }
            | Self::History { json, .. }
            | Self::Export(ExportOptions { json, .. })
            | Self::Logs(LogsOptions { json, .. })
            | Self::Alert(AlertCommand::Channels { json } | AlertCommand::Dead { json, .. })
            | Self::Downtime(DowntimeOptions { json, .. })
            | Self::Drill(DrillOptions { json, .. })
            | Self::Incident(IncidentCommand::List { json, .. } | IncidentCommand::Show { json, .. })
            | Self::Agent(
                AgentCommand::List { json }
                | AgentCommand::Find { json, .. }
                | AgentCommand::Show { json, .. }
                | AgentCommand::Signer { json, .. },
            ) => *json,
            Self::Agent(
                AgentCommand::Import { .. }
                | AgentCommand::Add { .. }
                | AgentCommand::Remove { .. }
                | AgentCommand::Pause { .. }
                | AgentCommand::Resume { .. }
                | AgentCommand::Retry { .. }
                | AgentCommand::Restart { .. }
                | AgentCommand::Snooze { .. }
                | AgentCommand::Tag { .. },
            )
            | Self::Incident(IncidentCommand::Ack { .. })
            | Self::Alert(AlertCommand::Test { .. } | AlertCommand::Retry { .. })
            | Self::Up { .. }
            | Self::Down(_)
            | Self::Restart(_)
            | Self::Run
            | Self::Devnet(_)
            | Self::Quit => false,
        }
    }
}

fn incident_cursor(text: &str) -> Result<IncidentCursor, String> {
    text.parse().or_else(|_| {
        let moment: jiff::Timestamp =
            text.parse().map_err(|_| "give a time such as 2026-11-01T00:00:00Z, or a cursor")?;
        Ok(IncidentCursor::at(Time::from_timestamp(moment)))
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "give a number of seconds, more than 0".into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("beatkeeper").chain(line.split(' ')))
    }

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

    #[test]
    fn older_incidents_are_asked_for_by_time_or_by_place() {
        let before = |text: &str| -> Result<Option<String>, clap::Error> {
            let subject = parse(&format!("incident list --before {text}"))?.subject;
            let Subject::Incident(IncidentCommand::List { before, .. }) = subject else { panic!() };
            Ok(before.map(|cursor| cursor.to_string()))
        };
        let place = "1790000000000/zns:56475aa75463474c0285df5dbf2bcab7";
        assert_eq!(before(place).unwrap().as_deref(), Some(place));
        assert_eq!(before("1970-01-01T00:00:07Z").unwrap().as_deref(), Some("7000"));
        assert!(before("yesterday").unwrap_err().to_string().contains("give a time such as"));
    }

    #[test]
    fn a_key_comes_from_one_place() {
        assert!(parse("agent add --registry r --generate").is_ok());
        assert!(parse("agent add --registry r --developer f --index 3").is_ok());
        for wrong in ["", " --generate --developer f --index 3", " --developer f", " --generate --index 3"] {
            assert!(parse(&format!("agent add --registry r{wrong}")).is_err(), "{wrong}");
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

    #[test]
    fn an_incident_is_shown_by_a_time() {
        assert!(parse("incident show weather").is_ok());
        assert!(parse("incident show weather 2026-11-22T13:00:00Z --json").unwrap().subject.wants_json());
        assert!(parse("incident show weather yesterday").is_err());
        assert!(parse("incident ack weather --end --minutes 5").is_err());
        assert!(parse("incident ack weather --minutes 10081").is_err());
    }

    #[test]
    fn a_wrong_fault_is_answered_with_all_there_are() {
        let error = parse("devnet --fault explode").unwrap_err().to_string();
        assert!(error.contains("half-open") && error.contains("drop-after=SECONDS"), "{error}");
        assert!(parse("devnet --sweep 0").is_err());
        assert!(parse("devnet --inactive-after 0.5 --fault slow=200 --fault html").is_ok());
    }
}
