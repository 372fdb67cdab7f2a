//! The Credential Manager on Windows.

use std::sync::Arc;

use keyring_core::CredentialStore;

use super::{Ask, System, SystemError, Trouble};

pub(crate) fn native() -> impl System {
    Native
}

struct Native;

impl System for Native {
    fn start(&self) -> keyring::Result<Arc<CredentialStore>> {
        let store: Arc<CredentialStore> = windows_native_keyring_store::Store::new()?;
        Ok(store)
    }

    /// The Credential Manager is open for as long as its owner is logged in, and never prompts.
    fn ready(&mut self, _ask: Ask, _account: Option<&str>) -> Result<(), Trouble> {
        Ok(())
    }

    fn sort(&self, _error: &SystemError) -> Trouble {
        Trouble::Failed("the Credential Manager refused; it needs a user who is logged on".into())
    }
}
