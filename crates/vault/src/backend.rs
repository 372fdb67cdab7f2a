//! What the rules need from a place that keeps secrets.

use beatkeeper_core::identity::EntityId;

use crate::error::{Place, VaultError};
use crate::seed::{SecretBytes, Seed};

/// Whether a person may be asked to unlock the keychain.
///
/// What a person started may ask; what the program repeats by itself may not, or a monitor that retries would put one
/// prompt after the other on the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ask {
    /// Answer "locked" instead of asking.
    Silently,
    /// Show the keychain's own prompt and wait for it.
    Person,
}

/// A place that keeps one secret per id. Used by one thread only.
///
/// It knows nothing of the rules; [`crate::rules`] holds those, once, for every place.
pub(crate) trait Backend {
    fn place(&self) -> Place;

    /// Makes sure that the secret of `account`, or every secret when there is none to name, can be read and written.
    ///
    /// Until this succeeded, "no entry" means nothing: a locked keychain may say it of everything.
    fn ready(&mut self, ask: Ask, account: Option<&str>) -> Result<(), VaultError>;

    fn read(&mut self, id: &EntityId) -> Result<Option<SecretBytes>, VaultError>;

    fn write(&mut self, id: &EntityId, seed: &Seed) -> Result<(), VaultError>;

    fn remove(&mut self, id: &EntityId) -> Result<(), VaultError>;

    /// As [`Backend::read`], of a channel's secret.
    fn read_text(&mut self, account: &str) -> Result<Option<SecretBytes>, VaultError>;

    /// As [`Backend::write`], of a channel's secret.
    fn write_text(&mut self, account: &str, text: &SecretBytes) -> Result<(), VaultError>;

    /// As [`Backend::remove`], of a channel's secret.
    fn remove_text(&mut self, account: &str) -> Result<(), VaultError>;

    /// Nobody asked for a while: whatever is kept in memory only for speed goes.
    fn rest(&mut self) {}
}
