//! Where a page of incidents ends and the next one begins.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Incident;
use crate::identity::EntityId;
use crate::time::Time;

/// A place in the list of incidents, newest first and, within one millisecond, in the order of their agents' ids.
///
/// Agents that fall together have one moment, so that a moment alone would lose some of them between two pages, or show
/// them twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(export, type = "string")]
pub struct IncidentCursor {
    /// What was opened later is on earlier pages.
    pub opened_at: Time,
    /// So is what was opened then, up to this agent; all of it when there is none.
    pub agent: Option<EntityId>,
}

/// Why a text is no [`IncidentCursor`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no place in the list of incidents; take the `cursor` of an incident as it was given")]
pub struct IncidentCursorError(String);

impl IncidentCursor {
    /// The place behind this incident.
    #[must_use]
    pub fn behind(incident: &Incident) -> Self {
        Self { opened_at: incident.opened_at, agent: Some(incident.agent.clone()) }
    }

    /// The place behind which is all that was opened before this moment.
    #[must_use]
    pub const fn at(moment: Time) -> Self {
        Self { opened_at: moment, agent: None }
    }
}

impl fmt::Display for IncidentCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.opened_at.as_millis())?;
        self.agent.as_ref().map_or(Ok(()), |agent| write!(f, "/{agent}"))
    }
}

impl FromStr for IncidentCursor {
    type Err = IncidentCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (moment, agent) = text.split_once('/').map_or((text, None), |(moment, agent)| (moment, Some(agent)));
            let agent = agent.map(str::parse).transpose().ok()?;
            Some(Self { opened_at: Time::from_millis(moment.parse().ok()?), agent })
        };
        read().ok_or_else(|| IncidentCursorError(text.escape_debug().to_string()))
    }
}

impl TryFrom<String> for IncidentCursor {
    type Error = IncidentCursorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<IncidentCursor> for String {
    fn from(cursor: IncidentCursor) -> Self {
        cursor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_nothing_else_is_one() {
        let agent = "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap();
        let behind = IncidentCursor { opened_at: Time::from_millis(7), agent: Some(agent) };
        for (cursor, text) in
            [(behind, "7/zns:56475aa75463474c0285df5dbf2bcab7"), (IncidentCursor::at(Time::from_millis(7)), "7")]
        {
            assert_eq!(cursor.to_string(), text);
            assert_eq!(text.parse(), Ok(cursor));
        }
        for wrong in ["", "/", "7/", "7/weather", "-7", "/zns:56475aa75463474c0285df5dbf2bcab7", "7/zns:1/2"] {
            let error = wrong.parse::<IncidentCursor>().unwrap_err().to_string();
            assert!(error.contains("no place"), "{error}");
        }
    }
}
