//! What a person sees of alerts.

use serde::Serialize;
use ts_rs::TS;

use crate::alert::{Fault, Held, Incident, NetworkView};
use crate::time::Time;

/// What a person is told at all, at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct AlertsView {
    /// Until when all alerts are paused.
    pub paused_until: Option<Time>,
    /// Until when it is quiet.
    pub quiet_until: Option<Time>,
    /// Our own network.
    pub network: NetworkView,
    /// Open incidents.
    pub open: u32,
    /// Of these, those that nobody said to know of.
    pub unacknowledged: u32,
}

/// An open incident, in its agent's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct OpenIncident {
    /// When it became one; with the agent's id, its key.
    pub opened_at: Time,
    /// Whose fault it is.
    pub fault: Fault,
    /// Whether it comes and goes.
    pub flapping: bool,
    /// When the person was told.
    pub told_at: Option<Time>,
    /// Why the person is not told.
    pub held: Option<Held>,
    /// Until when a person knows of it.
    pub acknowledged_until: Option<Time>,
    /// Whether the silence was asked for.
    pub drill: bool,
}

impl OpenIncident {
    pub(crate) const fn of(incident: &Incident) -> Self {
        Self {
            opened_at: incident.opened_at,
            fault: incident.fault,
            flapping: incident.flapping,
            told_at: incident.told_at,
            held: incident.held,
            acknowledged_until: incident.acknowledged_until,
            drill: incident.drill,
        }
    }
}
