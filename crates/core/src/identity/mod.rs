//! Who an agent is: ids, public keys, signatures, and the bytes they sign.
//!
//! Source: protocols.md 1.7 (canonical JSON), 2.1 (ids).

mod canonical;
mod id;
mod key;
mod named;

pub use canonical::canonical_json;
pub use id::{DeveloperId, EntityId, EntityKind, IdError};
pub use key::{Fingerprint, KeyError, PublicKey, Signature};
pub use named::{LONGEST_NAME, Realm};
