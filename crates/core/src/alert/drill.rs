//! A fire drill: an agent falls silent because somebody asked for it, and what happens then is measured.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::identity::EntityId;
use crate::time::{Time, millis};

/// One drill. The same `(agent, started_at)` written again updates it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Drill {
    /// Who fell silent.
    pub agent: EntityId,
    /// Its name at that time.
    pub name: String,
    /// When it was asked for.
    pub started_at: Time,
    /// The last confirmed beat before the silence.
    pub silent_since: Option<Time>,
    /// When the silence was due to be noticed: the last beat and the threshold of the agent's rules.
    pub due_at: Option<Time>,
    /// When it was noticed: an incident was opened.
    pub detected_at: Option<Time>,
    /// When the desktop had taken the notice.
    pub told_at: Option<Time>,
    /// When it was let beat again.
    pub resumed_at: Option<Time>,
    /// When the incident was resolved.
    pub recovered_at: Option<Time>,
    /// When it ended, well or not.
    pub ended_at: Option<Time>,
    /// Why it ended early, as a sentence.
    pub problem: Option<String>,
}

impl Drill {
    /// From the moment at which the silence was due to be noticed to the moment at which it was, in milliseconds.
    #[must_use]
    pub fn detected_ms(&self) -> Option<u64> {
        Some(millis(self.detected_at?.since(self.due_at?)))
    }

    /// From noticing to the desktop's having the notice, in milliseconds.
    #[must_use]
    pub fn told_ms(&self) -> Option<u64> {
        Some(millis(self.told_at?.since(self.detected_at?)))
    }

    /// From letting it beat again to the end of the incident, in milliseconds.
    #[must_use]
    pub fn recovered_ms(&self) -> Option<u64> {
        Some(millis(self.recovered_at?.since(self.resumed_at?)))
    }
}
