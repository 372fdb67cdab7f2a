//! What a fire drill must know of the rules.

use super::Fleet;
use crate::alert::Level;
use crate::identity::EntityId;
use crate::time::Time;

impl Fleet {
    /// When the agent's silence, from its last confirmed beat on, becomes an incident; never for one that has no such
    /// beat, or whose rules call nothing an incident.
    #[must_use]
    pub fn incident_due(&self, id: &EntityId) -> Option<Time> {
        let agent = self.agents.get(id)?;
        let profile = &self.registries.get(&agent.settings.registry)?.settings.thresholds;
        let thresholds = profile.of(agent.settings.interval);
        let rules = &agent.settings.alerts;
        let threshold = match rules.level {
            Level::Late => thresholds.late_after(agent.settings.interval),
            Level::Stale => thresholds.stale,
            Level::Offline => thresholds.offline,
            Level::Never => return None,
        };
        Some(agent.last_confirmed()? + threshold + rules.grace)
    }
}
