//! What alert channels need to keep secret: a webhook's address or key, a token, a password; and the passwords of buses.
//!
//! They live where the agents' keys live, under accounts of their own, and unlike those they come out again: they have to
//! be shown to the channel's server.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::backend::Ask;
use crate::error::{Place, VaultError};
use crate::seed::SecretBytes;
use crate::worker::Line;

/// The smallest of the keychains takes 2,560 bytes (Windows).
const MOST_BYTES: usize = 2048;
/// A vault file has one byte for an account's length.
const LONGEST_ACCOUNT: usize = 255;

/// The secrets of channels, or of buses. Cheap to clone; every function blocks as those of [`crate::Vault`] do.
#[derive(Clone)]
pub struct ChannelSecrets {
    line: Arc<Line>,
    /// What their accounts begin with.
    of: &'static str,
}

/// What a look for a channel's secret found: four answers, as for keys.
#[derive(Clone, Debug)]
pub enum ChannelSecret {
    /// It is there.
    Present(SecretString),
    /// The place could be read, and has none.
    Absent,
    /// It cannot be told, because the place is locked or did not answer in time; a sentence that says so.
    Locked(String),
    /// It cannot be told, because the place is not there or failed; a sentence that says how.
    Unavailable(String),
}

impl ChannelSecrets {
    pub(crate) const fn over(line: Arc<Line>, of: &'static str) -> Self {
        Self { line, of }
    }

    fn account(&self, name: &str) -> String {
        format!("{}:{name}", self.of)
    }

    /// The secret of a channel. Never shows a prompt, so it can be retried by a program.
    #[must_use]
    pub fn read(&self, channel: &str) -> ChannelSecret {
        let account = self.account(channel);
        let found = self.line.request(Ask::Silently, move |backend, _, _| {
            backend.ready(Ask::Silently, Some(&account))?;
            let Some(text) = backend.read_text(&account)? else { return Ok(None) };
            match std::str::from_utf8(&text) {
                Ok(text) => Ok(Some(SecretString::from(text))),
                Err(_) => Err(unusable(backend.place(), "what it has for this channel is no text")),
            }
        });
        match found {
            Ok(Some(secret)) => ChannelSecret::Present(secret),
            Ok(None) => ChannelSecret::Absent,
            Err(error @ VaultError::Locked { .. }) => ChannelSecret::Locked(error.to_string()),
            Err(error) => ChannelSecret::Unavailable(error.to_string()),
        }
    }

    /// Stores a channel's secret in place of the one it had, and reads it back. A locked keychain shows its prompt, once.
    ///
    /// # Errors
    /// [`VaultError::Locked`], [`VaultError::Unavailable`] (also for more than 2,048 bytes), or those of a vault file.
    pub fn store(&self, channel: &str, secret: &SecretString) -> Result<(), VaultError> {
        let (account, text) = (self.account(channel), Zeroizing::new(secret.expose_secret().as_bytes().to_vec()));
        if text.len() > MOST_BYTES || account.len() > LONGEST_ACCOUNT {
            return Err(unusable(self.line.place().clone(), "a channel's secret has 2,048 bytes at most"));
        }
        self.line.request(Ask::Person, move |backend, ask, permit| {
            backend.ready(ask, Some(&account))?;
            permit.take(backend)?;
            backend.write_text(&account, &text)?;
            must_be(backend.read_text(&account)?.as_ref(), Some(&text), backend.place())
        })
    }

    /// Deletes a channel's secret, if it has one. A locked keychain shows its prompt, once.
    ///
    /// # Errors
    /// [`VaultError::Locked`], [`VaultError::Unavailable`], or those of a vault file.
    pub fn remove(&self, channel: &str) -> Result<(), VaultError> {
        let account = self.account(channel);
        self.line.request(Ask::Person, move |backend, ask, permit| {
            backend.ready(ask, Some(&account))?;
            if backend.read_text(&account)?.is_none() {
                return Ok(());
            }
            permit.take(backend)?;
            backend.remove_text(&account)?;
            must_be(backend.read_text(&account)?.as_ref(), None, backend.place())
        })
    }
}

fn must_be(kept: Option<&SecretBytes>, wanted: Option<&SecretBytes>, place: Place) -> Result<(), VaultError> {
    if kept == wanted {
        return Ok(());
    }
    Err(unusable(place, "it did not keep the change: what was read back differs from what was written"))
}

fn unusable(place: Place, reason: &str) -> VaultError {
    VaultError::Unavailable { place, reason: reason.to_owned() }
}

impl fmt::Debug for ChannelSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelSecrets({}, {})", self.of, self.line.place())
    }
}
