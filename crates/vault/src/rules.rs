//! The rules of keeping keys, the same for every place that keeps them.

use beatkeeper_core::identity::{EntityId, Fingerprint};

use crate::backend::{Ask, Backend};
use crate::child_key::ChildKey;
use crate::error::VaultError;
use crate::occupant::Occupant;
use crate::seed::{Seed, Signer};
use crate::worker::Permit;

/// What a look at an id found.
///
/// Four different answers, because they lead to different actions: only [`Presence::Absent`] may create.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Presence {
    /// A key is there. It belongs to the id unless the fingerprint differs from the id's digits.
    Present(Fingerprint),
    /// The place could be read, and has nothing under this id.
    Absent,
    /// It cannot be told, because the place is locked or did not answer in time.
    Locked,
    /// It cannot be told, because the place is not there or failed; a sentence that says how.
    Unavailable(String),
}

impl From<Result<Option<Fingerprint>, VaultError>> for Presence {
    fn from(looked: Result<Option<Fingerprint>, VaultError>) -> Self {
        match looked {
            Ok(Some(fingerprint)) => Self::Present(fingerprint),
            Ok(None) => Self::Absent,
            Err(VaultError::Locked { .. }) => Self::Locked,
            Err(error) => Self::Unavailable(error.to_string()),
        }
    }
}

/// What storing may do to a key that is already there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overwrite {
    /// Nothing.
    OnlyIfAbsent,
    /// Replace exactly this, and nothing else.
    Replacing(Occupant),
}

impl From<Option<Occupant>> for Overwrite {
    fn from(named: Option<Occupant>) -> Self {
        named.map_or(Self::OnlyIfAbsent, Self::Replacing)
    }
}

/// What storing did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stored {
    /// The key was written and read back.
    Written,
    /// The very same key was there already; nothing was written.
    AlreadyThere,
}

pub(crate) fn look(backend: &mut dyn Backend, id: &EntityId) -> Result<Option<Fingerprint>, VaultError> {
    backend.ready(Ask::Silently, Some(id.as_str()))?;
    Ok(read(backend, id)?.map(|seed| seed.public_key().fingerprint()))
}

pub(crate) fn signer(backend: &mut dyn Backend, id: &EntityId) -> Result<Signer, VaultError> {
    backend.ready(Ask::Silently, Some(id.as_str()))?;
    let seed = read(backend, id)?.ok_or_else(|| VaultError::Absent { place: backend.place(), id: id.clone() })?;
    must_belong(id, &seed)?;
    Ok(seed.signer())
}

pub(crate) fn child_key(backend: &mut dyn Backend, id: &EntityId) -> Result<ChildKey, VaultError> {
    backend.ready(Ask::Silently, Some(id.as_str()))?;
    let seed = read(backend, id)?.ok_or_else(|| VaultError::Absent { place: backend.place(), id: id.clone() })?;
    must_belong(id, &seed)?;
    Ok(ChildKey::of(&seed))
}

pub(crate) fn store(
    backend: &mut dyn Backend,
    ask: Ask,
    id: &EntityId,
    seed: &Seed,
    overwrite: Overwrite,
    permit: &Permit,
) -> Result<Stored, VaultError> {
    must_belong(id, seed)?;
    backend.ready(ask, Some(id.as_str()))?;
    if let Some(there) = backend.read(id)? {
        if Seed::from_slice(&there).is_some_and(|there| there.same_as(seed)) {
            return Ok(Stored::AlreadyThere);
        }
        match (overwrite, Occupant::of(&there)) {
            (Overwrite::OnlyIfAbsent, Occupant::Key(found)) => {
                return Err(VaultError::Exists { place: backend.place(), id: id.clone(), found });
            }
            (Overwrite::OnlyIfAbsent, Occupant::Damaged { bytes }) => return Err(damaged(backend, id, bytes)),
            (Overwrite::Replacing(expected), found) => must_match(backend, id, expected, found)?,
        }
    }
    permit.take(backend)?;
    backend.write(id, seed)?;
    match read(backend, id)? {
        Some(kept) if kept.same_as(seed) => Ok(Stored::Written),
        _ => Err(VaultError::NotKept { place: backend.place(), id: id.clone() }),
    }
}

pub(crate) fn delete(
    backend: &mut dyn Backend,
    ask: Ask,
    id: &EntityId,
    expected: Fingerprint,
    permit: &Permit,
) -> Result<(), VaultError> {
    backend.ready(ask, Some(id.as_str()))?;
    let there = read(backend, id)?.ok_or_else(|| VaultError::Absent { place: backend.place(), id: id.clone() })?;
    must_match(backend, id, Occupant::Key(expected), Occupant::Key(there.public_key().fingerprint()))?;
    permit.take(backend)?;
    backend.remove(id)?;
    match read(backend, id)? {
        None => Ok(()),
        Some(_) => Err(VaultError::NotKept { place: backend.place(), id: id.clone() }),
    }
}

fn read(backend: &mut dyn Backend, id: &EntityId) -> Result<Option<Seed>, VaultError> {
    let Some(secret) = backend.read(id)? else { return Ok(None) };
    Seed::from_slice(&secret).map(Some).ok_or_else(|| damaged(backend, id, secret.len()))
}

fn damaged(backend: &dyn Backend, id: &EntityId, bytes: usize) -> VaultError {
    VaultError::Damaged { place: backend.place(), id: id.clone(), bytes }
}

fn must_belong(id: &EntityId, seed: &Seed) -> Result<(), VaultError> {
    let key = seed.public_key();
    if id.belongs_to(&key) {
        return Ok(());
    }
    Err(VaultError::WrongId { id: id.clone(), fingerprint: key.fingerprint() })
}

fn must_match(backend: &dyn Backend, id: &EntityId, expected: Occupant, found: Occupant) -> Result<(), VaultError> {
    if expected == found {
        return Ok(());
    }
    Err(VaultError::OtherKey { place: backend.place(), id: id.clone(), expected, found })
}
