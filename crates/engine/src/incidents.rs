//! Incidents and drills as a person sees them: the record, with what became of its notices.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use beatkeeper_core::alert::{Delivery, Drill, Incident, IncidentCursor};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{NoticeId, duration};
use beatkeeper_store::{Reader, StoreError};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::alerts::channels::DeliveryView;
use crate::settings::Settings;

/// More are asked for in pages.
const MOST: u32 = 1000;

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct IncidentView {
    /// The record.
    pub incident: Incident,
    /// The agent's name; its id when it is not configured any more.
    pub name: String,
    /// Its registry's name.
    pub registry: String,
    /// What became of the newest notice about it, by channel.
    pub deliveries: Vec<DeliveryView>,
    /// Whether what was known at its beginning was kept.
    pub has_black_box: bool,
    /// Its place in the list: asked for with it, older ones follow.
    pub cursor: IncidentCursor,
}

/// One drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DrillView {
    /// The record.
    pub drill: Drill,
    /// From the moment at which the silence was due to be noticed to the moment at which it was, in milliseconds.
    #[ts(type = "number | null")]
    pub detected_ms: Option<u64>,
    /// From then to the desktop's having the notice, in milliseconds.
    #[ts(type = "number | null")]
    pub told_ms: Option<u64>,
    /// From letting it beat again to the end of the incident, in milliseconds.
    #[ts(type = "number | null")]
    pub recovered_ms: Option<u64>,
    /// For people.
    pub sentence: String,
}

impl From<Drill> for DrillView {
    fn from(drill: Drill) -> Self {
        let (detected_ms, told_ms, recovered_ms) = (drill.detected_ms(), drill.told_ms(), drill.recovered_ms());
        let mut parts: Vec<String> = [("detected", detected_ms), ("told", told_ms), ("recovered", recovered_ms)]
            .into_iter()
            .filter_map(|(what, ms)| Some(format!("{what} in {}", short(Duration::from_millis(ms?)))))
            .collect();
        parts.extend(drill.problem.clone());
        let sentence = match (parts.is_empty(), drill.ended_at) {
            (true, None) => "waiting for the silence to be noticed".to_owned(),
            (true, Some(_)) => "ended before anything was measured".to_owned(),
            (false, _) => parts.join(", "),
        };
        Self { drill, detected_ms, told_ms, recovered_ms, sentence }
    }
}

/// Tenths of a second while they count.
fn short(time: Duration) -> String {
    if time < Duration::from_secs(60) { format!("{:.1} s", time.as_secs_f64()) } else { duration(time) }
}

pub(crate) fn incidents(
    reader: &Reader,
    settings: &Settings,
    view_of: &dyn Fn(Delivery) -> DeliveryView,
    id: Option<&EntityId>,
    open_only: bool,
    limit: u32,
    before: Option<&IncidentCursor>,
) -> Result<Vec<IncidentView>, StoreError> {
    let incidents = reader.incidents(id, open_only, limit.clamp(1, MOST), before)?;
    let notices: BTreeSet<NoticeId> = incidents.iter().filter_map(|incident| incident.notice).collect();
    let mut deliveries: HashMap<NoticeId, Vec<DeliveryView>> = HashMap::new();
    for delivery in reader.deliveries_of(&notices.into_iter().collect::<Vec<_>>())? {
        deliveries.entry(delivery.notice).or_default().push(view_of(delivery));
    }
    let boxed = reader.has_black_box(&incidents)?;
    let agents: HashMap<&EntityId, _> = settings.agents.iter().map(|agent| (&agent.entity, agent)).collect();
    let view = |(incident, has_black_box): (Incident, bool)| {
        let agent = agents.get(&incident.agent);
        IncidentView {
            name: agent.map_or_else(|| incident.agent.short(), |agent| agent.name.clone()),
            registry: agent.map(|agent| agent.registry.clone()).unwrap_or_default(),
            deliveries: incident.notice.and_then(|notice| deliveries.get(&notice)).cloned().unwrap_or_default(),
            has_black_box,
            cursor: IncidentCursor::behind(&incident),
            incident,
        }
    };
    Ok(incidents.into_iter().zip(boxed).map(view).collect())
}
