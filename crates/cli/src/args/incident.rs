//! `beatkeeper incident`.

use beatkeeper_core::alert::{IncidentCursor, Silence};
use beatkeeper_core::time::Time;
use clap::Subcommand;

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
        #[arg(long, value_name = "MINUTES", default_value_t = Silence::Acknowledge.usual(), value_parser = clap::value_parser!(u32).range(1..=i64::from(Silence::LONGEST)))]
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

impl IncidentCommand {
    /// Whether stdout is read by a program.
    pub(super) const fn wants_json(&self) -> bool {
        match self {
            Self::List { json, .. } | Self::Show { json, .. } => *json,
            Self::Ack { .. } => false,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Subject, parse};

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
    fn an_incident_is_shown_by_a_time() {
        assert!(parse("incident show weather").is_ok());
        assert!(parse("incident show weather 2026-11-22T13:00:00Z --json").unwrap().subject.wants_json());
        assert!(parse("incident show weather yesterday").is_err());
        assert!(parse("incident ack weather --end --minutes 5").is_err());
        assert!(parse("incident ack weather --minutes 10081").is_err());
    }
}
