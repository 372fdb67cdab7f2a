//! What the registry knows, and the rules by which it judges a beat.

mod beat;
mod gossip;
mod name;
mod record;
mod state;

pub use beat::Rejection;
pub(crate) use beat::{decode, judge};
pub use name::Name;
pub(crate) use record::{Developer, RecordView};
pub use record::{DeveloperProof, EntityRecord, Pricing, Status};
pub(crate) use state::{Ledger, Taken, lock};
pub use state::{ReceivedBeat, State};
