//! The doctor: looks at everything between an agent and its registry's record, layer by layer.
//!
//! ```text
//! Doctors::start(patient)     one visit an agent; a second one takes the place of the first, which is kept if it has ended
//!   └─ examine                computer, path, registry, record, link, beats, agent: each check an observation
//!        └─ core::doctor      observation -> reading; readings -> the one cause
//! Doctors::look(id)           the sheet as it stands: rows appear as their checks end
//! Doctors::find(id, began)    one visit and no other: what a person has looked through is what is passed on
//! ```
//!
//! It changes nothing: it reads, opens sockets, and at most asks the agent's own link for one beat more, or for a rest that is
//! shorter than anybody would call late. What it finds is redacted as it is written down.

mod agent;
mod beats;
mod bus;
mod computer;
mod exam;
mod examine;
mod hold;
mod link;
mod paste;
mod path;
mod patient;
mod record;
mod report;
mod sheet;
mod tls;
mod visits;
mod web;

pub use patient::alone;
pub(crate) use patient::{Patient, Tools};
pub use report::{REPORT_VERSION, exit_code};
pub use sheet::{CheckRow, DoctorRun, Orders};
pub(crate) use visits::Doctors;
