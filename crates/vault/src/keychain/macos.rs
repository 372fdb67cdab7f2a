//! Keychain Services on macOS.

use std::sync::Arc;

use keyring_core::CredentialStore;

use super::{Ask, System, SystemError, Trouble};

/// The status codes of a keychain that wants a person: `errSecInteractionNotAllowed` (locked and nobody may be asked),
/// `errSecAuthFailed`, `userCanceledErr`.
const NEEDS_A_PERSON: [&str; 3] = ["-25308", "-25293", "-128"];

pub(crate) fn native() -> impl System {
    Native
}

struct Native;

impl System for Native {
    fn start(&self) -> keyring::Result<Arc<CredentialStore>> {
        let store: Arc<CredentialStore> = apple_native_keyring_store::keychain::Store::new()?;
        Ok(store)
    }

    /// A locked keychain answers with an error of its own, never with "no entry", and whether it prompts is its owner's
    /// setting: the request's deadline is what bounds it.
    fn ready(&mut self, _ask: Ask, _account: Option<&str>) -> Result<(), Trouble> {
        Ok(())
    }

    fn sort(&self, error: &SystemError) -> Trouble {
        // Its `Debug` text has the status code; it is only searched, never shown.
        let text = format!("{error:?}");
        if NEEDS_A_PERSON.iter().any(|code| text.contains(code)) {
            return Trouble::Locked("it needs its owner's consent, which was not given");
        }
        Trouble::Failed("Keychain Services refused".into())
    }
}
