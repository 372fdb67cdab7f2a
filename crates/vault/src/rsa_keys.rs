//! The vault's RSA keys: for agents whose id is a name that somebody chose, so that no key can be checked against it.
//!
//! What holds for the other keys holds here, too: four different answers, nothing overwritten that was not named, and what
//! was written is read back.

use std::fmt;
use std::sync::Arc;

use beatkeeper_core::identity::{EntityId, Fingerprint};

use crate::backend::{Ask, Backend};
use crate::error::VaultError;
use crate::occupant::Occupant;
use crate::rsa::{RsaKey, RsaSigner};
use crate::rules::{Overwrite, Presence, Stored};
use crate::seed::SecretBytes;
use crate::worker::Line;

/// The RSA keys. Cheap to clone; every function blocks as those of [`crate::Vault`] do.
#[derive(Clone)]
pub struct RsaKeys {
    line: Arc<Line>,
}

impl RsaKeys {
    pub(crate) const fn over(line: Arc<Line>) -> Self {
        Self { line }
    }

    /// Whether a key is stored under `id`. Never shows a prompt.
    #[must_use]
    pub fn look(&self, id: &EntityId) -> Presence {
        let id = id.clone();
        self.line
            .request(Ask::Silently, move |backend, _, _| {
                backend.ready(Ask::Silently, Some(id.as_str()))?;
                Ok(read(backend, &id)?.map(|key| key.fingerprint()))
            })
            .into()
    }

    /// The signer of `id`. Never shows a prompt, so it can be retried by a program.
    ///
    /// # Errors
    /// [`VaultError::Absent`], [`VaultError::Locked`], [`VaultError::Unavailable`], or [`VaultError::Damaged`].
    pub fn signer(&self, id: &EntityId) -> Result<RsaSigner, VaultError> {
        let id = id.clone();
        self.line.request(Ask::Silently, move |backend, _, _| {
            backend.ready(Ask::Silently, Some(id.as_str()))?;
            let key = read(backend, &id)?.ok_or_else(|| absent(backend, &id))?;
            key.signer().map_err(|_| damaged(backend, &id, key.der()))
        })
    }

    /// Stores `key` under `id` and reads it back. A locked keychain shows its prompt, once.
    ///
    /// # Errors
    /// [`VaultError::Exists`], [`VaultError::Damaged`] or [`VaultError::OtherKey`] when something is there that `overwrite`
    /// does not cover; [`VaultError::Locked`] and [`VaultError::Unavailable`], which never create;
    /// [`VaultError::NotKept`] when reading back shows something else.
    pub fn store(&self, id: &EntityId, key: &RsaKey, overwrite: Overwrite) -> Result<Stored, VaultError> {
        let (id, key) = (id.clone(), key.duplicate());
        self.line.request(Ask::Person, move |backend, ask, permit| {
            backend.ready(ask, Some(id.as_str()))?;
            if let Some(there) = backend.read_text(id.as_str())? {
                // The same key has two forms.
                if occupant(&there) == Occupant::Key(key.fingerprint()) {
                    return Ok(Stored::AlreadyThere);
                }
                must_yield(backend, &id, overwrite, occupant(&there))?;
            }
            permit.take(backend)?;
            backend.write_text(id.as_str(), key.der())?;
            match backend.read_text(id.as_str())? {
                Some(kept) if key.same_as(&kept) => Ok(Stored::Written),
                _ => Err(VaultError::NotKept { place: backend.place(), id }),
            }
        })
    }

    /// Deletes the key with fingerprint `expected` from under `id`. A locked keychain shows its prompt, once.
    ///
    /// # Errors
    /// [`VaultError::Absent`]; [`VaultError::OtherKey`] when another key is there; [`VaultError::Locked`],
    /// [`VaultError::Unavailable`]; [`VaultError::NotKept`] when the key is still there afterwards.
    pub fn delete(&self, id: &EntityId, expected: Fingerprint) -> Result<(), VaultError> {
        let id = id.clone();
        self.line.request(Ask::Person, move |backend, ask, permit| {
            backend.ready(ask, Some(id.as_str()))?;
            let there = backend.read_text(id.as_str())?.ok_or_else(|| absent(backend, &id))?;
            must_yield(backend, &id, Overwrite::Replacing(Occupant::Key(expected)), occupant(&there))?;
            permit.take(backend)?;
            backend.remove_text(id.as_str())?;
            match backend.read_text(id.as_str())? {
                None => Ok(()),
                Some(_) => Err(VaultError::NotKept { place: backend.place(), id }),
            }
        })
    }
}

fn read(backend: &mut dyn Backend, id: &EntityId) -> Result<Option<RsaKey>, VaultError> {
    let Some(der) = backend.read_text(id.as_str())? else { return Ok(None) };
    match RsaKey::from_der(der.clone()) {
        Some(key) => Ok(Some(key)),
        None => Err(damaged(backend, id, &der)),
    }
}

fn occupant(der: &SecretBytes) -> Occupant {
    RsaKey::from_der(der.clone()).map_or(Occupant::Damaged { bytes: der.len() }, |key| Occupant::Key(key.fingerprint()))
}

fn must_yield(backend: &dyn Backend, id: &EntityId, overwrite: Overwrite, found: Occupant) -> Result<(), VaultError> {
    let (place, id) = (backend.place(), id.clone());
    match (overwrite, found) {
        (Overwrite::Replacing(expected), found) if expected == found => Ok(()),
        (Overwrite::Replacing(expected), found) => Err(VaultError::OtherKey { place, id, expected, found }),
        (Overwrite::OnlyIfAbsent, Occupant::Key(found)) => Err(VaultError::Exists { place, id, found }),
        (Overwrite::OnlyIfAbsent, Occupant::Damaged { bytes }) => Err(VaultError::Damaged { place, id, bytes }),
    }
}

fn absent(backend: &dyn Backend, id: &EntityId) -> VaultError {
    VaultError::Absent { place: backend.place(), id: id.clone() }
}

fn damaged(backend: &dyn Backend, id: &EntityId, der: &SecretBytes) -> VaultError {
    VaultError::Damaged { place: backend.place(), id: id.clone(), bytes: der.len() }
}

impl fmt::Debug for RsaKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaKeys({})", self.line.place())
    }
}
