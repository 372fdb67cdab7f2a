//! Agent keys: keychain in, signatures out.
//!
//! A [`Seed`] is an Ed25519 secret. It comes from a key file ([`KeyFile`]), from a developer key ([`Seed::derive`]) or
//! from the operating system's randomness ([`Seed::generate`]), goes into a [`Vault`], and is never shown again: what
//! comes out of the vault is a [`Signer`], which has a public key and signs.
//!
//! # Rules the vault holds
//! - A look has four different answers ([`Presence`]); only *absent* may create, and nothing is ever overwritten because
//!   the keychain was locked.
//! - A secret is stored only under an id that belongs to its key, read back after it was written, and replaced or deleted
//!   only by someone who names what is there ([`Occupant`]).
//! - No public function returns a key, and no secret is in an error, a `Debug` text or a log line. Two come out: a
//!   channel's secret ([`ChannelSecrets`]), to be shown to the channel's server, and an agent's own key ([`ChildKey`]), to
//!   be put into the environment of the agent's own process when a person asked for that.
//! - A process that calls [`keep_memory_out_of_crash_reports`] leaves no memory image when it crashes.
//!
//! # Blocking
//! Every function of [`Vault`] blocks, for a bounded time. It may be called from any thread, an async runtime's included
//! (there, through `spawn_blocking`): the keychain itself is only ever touched by a thread that the vault owns.

mod backend;
mod channel_secrets;
mod child_key;
mod crash;
mod derive;
mod error;
mod keychain;
mod keyfile;
mod occupant;
mod passphrase_file;
mod rsa;
mod rsa_keys;
mod rules;
mod seed;
mod vault;
mod worker;

pub use channel_secrets::{ChannelSecret, ChannelSecrets};
pub use child_key::ChildKey;
pub use crash::keep_memory_out_of_crash_reports;
pub use derive::DeveloperProof;
pub use error::{Place, VaultError};
pub use keyfile::{DerivedFrom, FileMode, KeyFile, KeyFileError, KeyForm, Loose, RsaKeyFile};
pub use occupant::{Occupant, OccupantError};
pub use rsa::{RsaKey, RsaKeyError, RsaSigner};
pub use rsa_keys::RsaKeys;
pub use rules::{Overwrite, Presence, Stored};
pub use seed::{Seed, Signer};
pub use vault::Vault;
pub use worker::Deadlines;
