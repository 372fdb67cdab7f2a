//! The operating system's keychain as a [`Backend`].
//!
//! The entry is service `beatkeeper`, account = the entity id, secret = the 32 raw seed bytes; a channel's is account
//! `channel:NAME`, secret = its text. The `keyring` crate is
//! used with one change: its own start happens once a process and its failure is kept for ever, so the store is started
//! here, held as `Arc<CredentialStore>`, and started again after a failure (a desktop's keychain is often up after us).

#[cfg_attr(all(unix, not(target_os = "macos")), path = "secret_service.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;

use std::sync::Arc;

use beatkeeper_core::identity::EntityId;
use keyring_core::CredentialStore;
use zeroize::Zeroizing;

use crate::backend::{Ask, Backend};
use crate::error::{Place, VaultError};
use crate::seed::{SecretBytes, Seed};

/// The service name of every entry.
pub(crate) const SERVICE: &str = "beatkeeper";

/// An error of the system's own, as the store hands it on.
type SystemError = dyn std::error::Error + Send + Sync;

/// What differs between systems.
pub(crate) trait System {
    /// Starts the store.
    fn start(&self) -> keyring::Result<Arc<CredentialStore>>;

    /// Makes sure that "no entry" would be the truth about `account`, and that reading shows no prompt when none may be
    /// shown.
    fn ready(&mut self, ask: Ask, account: Option<&str>) -> Result<(), Trouble>;

    /// Sorts the system's own error.
    fn sort(&self, error: &SystemError) -> Trouble;

    /// Forgets its own connections after a failure.
    fn forget(&mut self) {}
}

/// Why a keychain did not answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is locked, or its prompt was dismissed.
    #[cfg_attr(windows, allow(dead_code, reason = "the Credential Manager has no lock of its own"))]
    Locked(&'static str),
    /// It is not there, or failed. The text is ours or comes from before any secret was handled.
    Failed(String),
}

pub(crate) struct Keychain {
    system: Box<dyn System>,
    store: Option<Arc<CredentialStore>>,
}

impl Keychain {
    pub(crate) fn of_this_system() -> Self {
        Self::over(Box::new(system::native()))
    }

    pub(crate) fn over(system: Box<dyn System>) -> Self {
        Self { system, store: None }
    }

    /// Does `work`, and does it once more over a new connection when the old one turns out to be dead: a restarted
    /// keychain knows nothing of the session that was open with the one before.
    fn with_retry<T>(&mut self, work: impl Fn(&mut Self) -> Result<T, Trouble>) -> Result<T, VaultError> {
        let fresh = self.store.is_none();
        let mut result = work(self);
        if matches!(result, Err(Trouble::Failed(_))) {
            self.forget();
            if !fresh {
                result = work(self);
            }
        }
        result.map_err(|trouble| match trouble {
            Trouble::Locked(why) => VaultError::Locked { place: Place::Keychain, why: why.to_owned() },
            Trouble::Failed(reason) => {
                self.forget();
                VaultError::Unavailable { place: Place::Keychain, reason }
            }
        })
    }

    fn with_entry<T>(
        &mut self,
        account: &str,
        work: impl Fn(&keyring::Entry) -> keyring::Result<T>,
    ) -> Result<Option<T>, VaultError> {
        self.with_retry(|keychain| {
            let store = keychain.store()?;
            let done = store.build(SERVICE, account, None).and_then(|entry| work(&keyring::Entry { inner: entry }));
            match done {
                Ok(value) => Ok(Some(value)),
                Err(keyring::Error::NoEntry) => Ok(None),
                Err(error) => Err(sort(keychain.system.as_ref(), &error)),
            }
        })
    }

    fn store(&mut self) -> Result<Arc<CredentialStore>, Trouble> {
        if let Some(store) = &self.store {
            return Ok(Arc::clone(store));
        }
        let store = self.system.start().map_err(|error| sort(self.system.as_ref(), &error))?;
        self.store = Some(Arc::clone(&store));
        Ok(store)
    }

    fn forget(&mut self) {
        self.store = None;
        self.system.forget();
    }
}

impl Backend for Keychain {
    fn place(&self) -> Place {
        Place::Keychain
    }

    fn ready(&mut self, ask: Ask, account: Option<&str>) -> Result<(), VaultError> {
        self.with_retry(|keychain| {
            keychain.system.ready(ask, account)?;
            keychain.store().map(drop)
        })
    }

    fn read(&mut self, id: &EntityId) -> Result<Option<SecretBytes>, VaultError> {
        self.read_text(id.as_str())
    }

    fn write(&mut self, id: &EntityId, seed: &Seed) -> Result<(), VaultError> {
        match self.with_entry(id.as_str(), |entry| entry.set_secret(seed.expose()))? {
            Some(()) => Ok(()),
            None => Err(VaultError::NotKept { place: Place::Keychain, id: id.clone() }),
        }
    }

    fn remove(&mut self, id: &EntityId) -> Result<(), VaultError> {
        self.remove_text(id.as_str())
    }

    fn read_text(&mut self, account: &str) -> Result<Option<SecretBytes>, VaultError> {
        self.with_entry(account, |entry| entry.get_secret().map(Zeroizing::new))
    }

    fn write_text(&mut self, account: &str, text: &SecretBytes) -> Result<(), VaultError> {
        // What was not kept is found by reading it back.
        self.with_entry(account, |entry| entry.set_secret(text)).map(drop)
    }

    fn remove_text(&mut self, account: &str) -> Result<(), VaultError> {
        // Gone already is what removing wants.
        self.with_entry(account, keyring::Entry::delete_credential).map(drop)
    }
}

/// Sorts what every system says in the same way, and leaves the rest to the system.
///
/// Several of these errors carry the raw secret ([`keyring::Error::BadEncoding`]) or list whole entries, so none of their
/// own texts is ever used.
fn sort(system: &dyn System, error: &keyring::Error) -> Trouble {
    match error {
        keyring::Error::PlatformFailure(error) | keyring::Error::NoStorageAccess(error) => system.sort(error.as_ref()),
        keyring::Error::Ambiguous(entries) => {
            Trouble::Failed(format!("it has {} entries for the same id; remove all but one there", entries.len()))
        }
        keyring::Error::BadStoreFormat(_) => Trouble::Failed("its own storage is malformed".into()),
        keyring::Error::BadEncoding(_) | keyring::Error::BadDataFormat(..) => {
            Trouble::Failed("the entry is not in the form the keychain expects".into())
        }
        keyring::Error::NotSupportedByStore(_) => Trouble::Failed("it does not support this operation".into()),
        keyring::Error::TooLong(what, limit) => Trouble::Failed(format!("{what} is longer than its limit of {limit}")),
        keyring::Error::Invalid(what, _) => Trouble::Failed(format!("it does not accept the {what}")),
        // The error type is open-ended; what it grows later is a failure too.
        keyring::Error::NoEntry | keyring::Error::NoDefaultStore | _ => {
            Trouble::Failed("it failed in a way that has no name yet".into())
        }
    }
}

#[cfg(test)]
mod tests;
