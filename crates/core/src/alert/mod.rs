//! Alerts: what happened to whom, whose fault it is, and whether a person is interrupted because of it.
//!
//! [`Desk`] decides. It is told of every agent's state, keeps an [`Incident`] from the first moment that is worth one to
//! its end, and asks for a [`Notice`](crate::notice::Notice) once per cause.

mod board;
mod case;
mod cursor;
mod delivery;
mod desk;
mod drill;
mod fault;
mod group;
mod incident;
pub(crate) mod network;
mod quiet;
mod rules;
mod silence;

pub use cursor::{IncidentCursor, IncidentCursorError};
pub use delivery::{Delivery, DeliveryState};
pub use desk::{Desk, DeskAction, Sighting};
pub use drill::Drill;
pub use fault::Fault;
pub use incident::{Held, Incident, Resolution};
pub use network::{Network, NetworkReading, NetworkView};
pub use quiet::{QuietHours, QuietProblem};
pub use rules::{AlertOverrides, AlertRules, Flapping, Level};
pub use silence::Silence;

#[cfg(test)]
mod tests;
