//! `beatkeeper bus`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum BusCommand {
    /// Add a Redis heartbeat bus, once it answers
    Add {
        /// What to call it; a part of its agents' ids
        name: String,
        /// Such as redis://127.0.0.1:6379 or rediss://user:password@host; the password goes into the vault
        url: String,
        /// Show agents that nobody configured here, too [default]
        #[arg(long, overrides_with = "no_watch")]
        watch: bool,
        /// Show only agents that are configured here
        #[arg(long)]
        no_watch: bool,
        /// Several Beatkeepers share it
        #[arg(long)]
        team: bool,
        /// Add it although it does not answer
        #[arg(long)]
        force: bool,
    },
    /// List the buses
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a bus that no configured agent is at, and its password
    Remove {
        /// Its name
        name: String,
    },
    /// Give a bus another password: asked for in a terminal, else the first line of the input; none when it is empty
    Password {
        /// Its name
        name: String,
        /// Keep it although the bus does not answer to it
        #[arg(long)]
        force: bool,
    },
    /// Ask a bus whether it answers
    Test {
        /// Its name
        name: String,
    },
}

impl BusCommand {
    /// Whether stdout is read by a program.
    pub(super) const fn wants_json(&self) -> bool {
        matches!(self, Self::List { json: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Subject, parse};

    #[test]
    fn a_bus_is_watched_unless_that_is_not_wanted() {
        let watches = |line: &str| {
            let Subject::Bus(BusCommand::Add { no_watch, .. }) = parse(line).unwrap().subject else { panic!("{line}") };
            !no_watch
        };
        assert!(watches("bus add team redis://127.0.0.1"));
        assert!(watches("bus add team redis://127.0.0.1 --no-watch --watch"));
        assert!(!watches("bus add team redis://127.0.0.1 --no-watch --team"));
    }
}
