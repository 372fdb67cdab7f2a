//! The Secret Service (gnome-keyring, KWallet, KeePassXC) on Linux and other free systems.
//!
//! Two things the credential store cannot say are asked here, over a connection of our own:
//! - *Is it locked?* The store unlocks whatever it meets, with a prompt, which a program that retries must not do. And
//!   some services show a locked collection as an empty one, so "no entry" is only believed of an unlocked collection.
//! - *Has it a place for new entries at all?* Without a default collection nothing could be stored.

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::CredentialStore;
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;

use super::{Ask, SERVICE, System, SystemError, Trouble};

const LOCKED: &str = "its default collection is locked";
const ENTRY_LOCKED: &str = "the collection with this entry is locked";
const NO_COLLECTION: &str =
    "it has no default collection; create one in the desktop's password program (\"Passwords and Keys\")";
const DISMISSED: &str = "its prompt was dismissed, or there is nobody to answer it";

pub(crate) fn native() -> impl System {
    Native { service: None }
}

struct Native {
    service: Option<SecretService<'static>>,
}

impl System for Native {
    fn start(&self) -> keyring::Result<Arc<CredentialStore>> {
        let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
        Ok(store)
    }

    fn ready(&mut self, ask: Ask, account: Option<&str>) -> Result<(), Trouble> {
        let service = match self.service.take() {
            Some(service) => service,
            // No secret travels over this connection, so it needs no encryption.
            None => SecretService::connect(EncryptionType::Plain).map_err(|error| before_secrets(&error))?,
        };
        let service = self.service.insert(service);
        unlocked(service, ask)?;
        match (ask, account) {
            (Ask::Silently, Some(account)) => entry_unlocked(service, account),
            _ => Ok(()),
        }
    }

    fn sort(&self, error: &SystemError) -> Trouble {
        let known = error.downcast_ref::<secret_service::Error>().and_then(sort);
        known.unwrap_or_else(|| Trouble::Failed("the Secret Service failed".into()))
    }

    fn forget(&mut self) {
        self.service = None;
    }
}

fn unlocked(service: &SecretService<'_>, ask: Ask) -> Result<(), Trouble> {
    let collection = service.get_default_collection().map_err(|error| {
        if matches!(error, secret_service::Error::NoResult) {
            return Trouble::Failed(NO_COLLECTION.into());
        }
        before_secrets(&error)
    })?;
    let is_locked = || collection.is_locked().map_err(|error| before_secrets(&error));
    if !is_locked()? {
        return Ok(());
    }
    if ask == Ask::Silently {
        return Err(Trouble::Locked(LOCKED));
    }
    collection.unlock().map_err(|error| before_secrets(&error))?;
    // A service may call a prompt completed that unlocked nothing.
    if is_locked()? { Err(Trouble::Locked(DISMISSED)) } else { Ok(()) }
}

/// The entry may be in another collection than the default one, and reading it there would prompt.
fn entry_unlocked(service: &SecretService<'_>, account: &str) -> Result<(), Trouble> {
    let attributes = HashMap::from([("service", SERVICE), ("username", account)]);
    let found = service.search_items(attributes).map_err(|error| before_secrets(&error))?;
    if found.locked.is_empty() { Ok(()) } else { Err(Trouble::Locked(ENTRY_LOCKED)) }
}

/// Sorts an error of a call that carried no secret, so that its own text may be shown.
fn before_secrets(error: &secret_service::Error) -> Trouble {
    sort(error).unwrap_or_else(|| {
        let text: String = error.to_string().chars().filter(|c| !c.is_control()).take(200).collect();
        Trouble::Failed(text)
    })
}

/// What is known about an error without using its text.
fn sort(error: &secret_service::Error) -> Option<Trouble> {
    match error {
        secret_service::Error::Locked => Some(Trouble::Locked(LOCKED)),
        secret_service::Error::Prompt => Some(Trouble::Locked(DISMISSED)),
        secret_service::Error::PromptDisconnected => {
            Some(Trouble::Failed("the session bus was closed while its prompt was open".into()))
        }
        secret_service::Error::Unavailable => Some(Trouble::Failed("there is no D-Bus session bus".into())),
        secret_service::Error::Crypto(_) => Some(Trouble::Failed("its encrypted session failed".into())),
        secret_service::Error::NoResult => Some(Trouble::Failed("the Secret Service returned nothing".into())),
        secret_service::Error::Zbus(error) => sort_by_name(&error.to_string()),
        secret_service::Error::ZbusFdo(error) => sort_by_name(&error.to_string()),
        secret_service::Error::Zvariant(_) | _ => None,
    }
}

/// D-Bus errors are told apart by name, which begins their text. (The typed form would need `zbus` as a dependency, whose
/// features would then decide for the whole program which runtime it blocks on.)
fn sort_by_name(text: &str) -> Option<Trouble> {
    let name = text.split(':').next()?;
    match name {
        "org.freedesktop.Secret.Error.IsLocked" => Some(Trouble::Locked(LOCKED)),
        "org.freedesktop.DBus.Error.ServiceUnknown" | "org.freedesktop.DBus.Error.NameHasNoOwner" => {
            Some(Trouble::Failed("no Secret Service (such as gnome-keyring or KWallet) runs on the session bus".into()))
        }
        "org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.Disconnected" => {
            Some(Trouble::Failed("the Secret Service went away without an answer".into()))
        }
        name if name.starts_with("org.freedesktop.DBus.Error.Spawn.") => {
            Some(Trouble::Failed("the session bus could not start a Secret Service".into()))
        }
        name if name.starts_with("org.freedesktop.") && !name.contains(' ') => {
            Some(Trouble::Failed(format!("the Secret Service answered with the error {name}")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bus_errors_are_told_apart_by_name() {
        let sorted = |text| sort_by_name(text);
        assert_eq!(sorted("org.freedesktop.Secret.Error.IsLocked: Cannot get secret"), Some(Trouble::Locked(LOCKED)));
        assert!(matches!(
            sorted("org.freedesktop.DBus.Error.ServiceUnknown: The name was not provided"),
            Some(Trouble::Failed(reason)) if reason.starts_with("no Secret Service")
        ));
        assert!(matches!(
            sorted("org.freedesktop.Secret.Error.NoSession: The session does not exist"),
            Some(Trouble::Failed(reason)) if reason.ends_with("org.freedesktop.Secret.Error.NoSession")
        ));
        assert_eq!(sorted("I/O error: Broken pipe"), None);
    }

    #[test]
    fn a_dismissed_prompt_is_locked_and_a_missing_bus_is_not() {
        assert_eq!(sort(&secret_service::Error::Prompt), Some(Trouble::Locked(DISMISSED)));
        assert_eq!(sort(&secret_service::Error::Locked), Some(Trouble::Locked(LOCKED)));
        assert!(matches!(sort(&secret_service::Error::Unavailable), Some(Trouble::Failed(_))));
    }
}
