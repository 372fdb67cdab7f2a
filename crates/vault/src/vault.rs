//! The vault's public face.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use beatkeeper_core::identity::{EntityId, Fingerprint};
use secrecy::SecretString;

use crate::backend::Ask;
use crate::channel_secrets::ChannelSecrets;
use crate::child_key::ChildKey;
use crate::error::{Place, VaultError};
use crate::keychain::Keychain;
use crate::passphrase_file::{PassphraseFile, Sealed};
use crate::rsa_keys::RsaKeys;
use crate::rules::{self, Overwrite, Presence, Stored};
use crate::seed::{Seed, Signer};
use crate::worker::{Deadlines, Line, Open};

/// The agents' keys, in the system keychain or in a file sealed with a passphrase. Cheap to clone.
///
/// Every function blocks, at most for its [`Deadlines`] (twice that when a change was already under way, and after the
/// requests in front of it). In async code, call it through `spawn_blocking`.
#[derive(Clone)]
pub struct Vault {
    line: Arc<Line>,
}

impl Vault {
    /// The operating system's keychain: service `beatkeeper`, account = the entity id, secret = the 32 seed bytes.
    ///
    /// Nothing is contacted yet, and a keychain that is missing now is found when it is there later.
    #[must_use]
    pub fn keychain() -> Self {
        Self::keychain_with(Deadlines::default())
    }

    /// As [`Vault::keychain`], with other deadlines.
    #[must_use]
    pub fn keychain_with(deadlines: Deadlines) -> Self {
        Self::over(Place::Keychain, deadlines, Arc::new(|| Box::new(Keychain::of_this_system())))
    }

    /// Opens the vault file at `path`. Takes about as long as guessing a passphrase once should: a good part of a second.
    ///
    /// # Errors
    /// [`VaultError::FileMissing`], [`VaultError::WrongPassphrase`], [`VaultError::FileTruncated`],
    /// [`VaultError::FileDamaged`], [`VaultError::FileNewer`] or [`VaultError::FileAccess`].
    pub fn open_file(path: &Path, passphrase: &SecretString) -> Result<Self, VaultError> {
        Sealed::open(path, passphrase).map(Self::over_file)
    }

    /// Makes an empty vault file at `path`, readable by its owner alone, and opens it. Its folder must exist.
    ///
    /// # Errors
    /// [`VaultError::FileExists`], [`VaultError::EmptyPassphrase`], [`VaultError::NoRandomness`] or
    /// [`VaultError::FileAccess`].
    pub fn create_file(path: &Path, passphrase: &SecretString) -> Result<Self, VaultError> {
        Sealed::create(path, passphrase).map(Self::over_file)
    }

    /// What alert channels keep secret, in the same place: account = `channel:NAME`, or in a vault file, beside it.
    #[must_use]
    pub fn channel_secrets(&self) -> ChannelSecrets {
        ChannelSecrets::over(Arc::clone(&self.line), "channel")
    }

    /// The passwords of buses, in the same place: account = `bus:NAME`.
    #[must_use]
    pub fn bus_secrets(&self) -> ChannelSecrets {
        ChannelSecrets::over(Arc::clone(&self.line), "bus")
    }

    /// The RSA keys of agents whose id no key decides, in the same place: account = the agent's id.
    #[must_use]
    pub fn rsa_keys(&self) -> RsaKeys {
        RsaKeys::over(Arc::clone(&self.line))
    }

    /// Where the keys are kept.
    #[must_use]
    pub fn place(&self) -> &Place {
        self.line.place()
    }

    /// Whether a key is stored under `id`. Never shows a prompt.
    #[must_use]
    pub fn look(&self, id: &EntityId) -> Presence {
        let id = id.clone();
        self.line.request(Ask::Silently, move |backend, _, _| rules::look(backend, &id)).into()
    }

    /// The signer of `id`. Never shows a prompt, so it can be retried by a program.
    ///
    /// # Errors
    /// [`VaultError::Absent`], [`VaultError::Locked`], [`VaultError::Unavailable`], [`VaultError::Damaged`], or
    /// [`VaultError::WrongId`] when the stored key is not that of `id`.
    pub fn signer(&self, id: &EntityId) -> Result<Signer, VaultError> {
        let id = id.clone();
        self.line.request(Ask::Silently, move |backend, _, _| rules::signer(backend, &id))
    }

    /// The key of `id`, for the environment of its own process. Never shows a prompt.
    ///
    /// # Errors
    /// As [`signer`](Self::signer).
    pub fn child_key(&self, id: &EntityId) -> Result<ChildKey, VaultError> {
        let id = id.clone();
        self.line.request(Ask::Silently, move |backend, _, _| rules::child_key(backend, &id))
    }

    /// Stores `seed` under `id` and reads it back. A locked keychain shows its prompt, once.
    ///
    /// # Errors
    /// [`VaultError::WrongId`] when `id` is not the id of this key; [`VaultError::Exists`], [`VaultError::Damaged`]
    /// or [`VaultError::OtherKey`] when something is there that `overwrite` does not cover; [`VaultError::Locked`] and [`VaultError::Unavailable`], which
    /// never create; [`VaultError::NotKept`] when reading back shows something else.
    pub fn store(&self, id: &EntityId, seed: &Seed, overwrite: Overwrite) -> Result<Stored, VaultError> {
        let (id, seed) = (id.clone(), seed.duplicate());
        self.line
            .request(Ask::Person, move |backend, ask, permit| rules::store(backend, ask, &id, &seed, overwrite, permit))
    }

    /// Deletes the key with fingerprint `expected` from under `id`. A locked keychain shows its prompt, once.
    ///
    /// # Errors
    /// [`VaultError::Absent`]; [`VaultError::OtherKey`] when another key is there; [`VaultError::Locked`],
    /// [`VaultError::Unavailable`]; [`VaultError::NotKept`] when the key is still there afterwards.
    pub fn delete(&self, id: &EntityId, expected: Fingerprint) -> Result<(), VaultError> {
        let id = id.clone();
        self.line.request(Ask::Person, move |backend, ask, permit| rules::delete(backend, ask, &id, expected, permit))
    }

    /// Shows the keychain's own prompt if it is locked, and waits for it. Call this when a person asked for it.
    ///
    /// # Errors
    /// [`VaultError::Locked`] when the prompt was dismissed, nobody answered, or an earlier one is still open;
    /// [`VaultError::Unavailable`].
    pub fn unlock(&self) -> Result<(), VaultError> {
        self.line.request(Ask::Person, |backend, ask, _| backend.ready(ask, None))
    }

    pub(crate) fn over(place: Place, deadlines: Deadlines, open: Open) -> Self {
        Self { line: Arc::new(Line::new(place, deadlines, open)) }
    }

    fn over_file(sealed: Sealed) -> Self {
        let sealed = Arc::new(sealed);
        let place = Place::File(sealed.path().to_owned());
        Self::over(place, Deadlines::default(), Arc::new(move || Box::new(PassphraseFile::new(Arc::clone(&sealed)))))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.place())
    }
}
