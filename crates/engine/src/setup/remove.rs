//! Taking an agent away: from the configuration, and its key and its history when asked.

use std::path::Path;

use beatkeeper_core::identity::EntityId;
use beatkeeper_store::{Store, StoreError, Writer};
use beatkeeper_vault::{Presence, Vault};

use super::{artcafe, known};
use crate::clock::Clock;
use crate::command::Refusal;
use crate::paths::Paths;
use crate::settings;

pub(super) fn remove(
    paths: &Paths,
    vault: &Vault,
    id: &EntityId,
    confirm_name: &str,
    delete_key: bool,
) -> Result<(), Refusal> {
    let agent = known(paths, id)?;
    if agent.name != confirm_name {
        return Err(Refusal::new(
            "agent.wrong_name",
            format!("\"{confirm_name}\" is not the agent's name"),
            format!("Type \"{}\" to remove it.", agent.name),
        ));
    }
    if delete_key {
        artcafe::delete(vault, id).unwrap_or_else(|| delete(vault, id))?;
    }
    settings::remove_agent(&paths.config, id)?;
    tracing::info!(%id, delete_key, "agent removed");
    Ok(())
}

fn delete(vault: &Vault, id: &EntityId) -> Result<(), Refusal> {
    match vault.look(id) {
        // The name that was typed is this agent's. It says nothing about whoever's key lies in its place.
        Presence::Present(fingerprint) if !id.as_str().ends_with(&fingerprint.to_hex()) => Err(Refusal::new(
            "vault.wrong_id",
            format!("Another key, {fingerprint}, is stored under {id}, so it was not deleted and the agent stays"),
            format!(
                "Remove the agent without its key, or first put its own key there: import it with --replace \
                     {fingerprint}."
            ),
        )),
        Presence::Present(fingerprint) => Ok(vault.delete(id, fingerprint)?),
        Presence::Absent => Ok(()),
        Presence::Locked => Err(locked("the agent")),
        Presence::Unavailable(reason) => Err(unavailable("the agent", &reason)),
    }
}

/// Nothing is deleted from a keychain that cannot be seen into, and who owns what is there stays.
pub(super) fn locked(stays: &str) -> Refusal {
    let sentence = format!("The keychain is locked, so nothing was deleted and {stays} stays");
    Refusal::new("vault.locked", sentence, "Unlock the keychain and try again.")
}

/// As [`locked`].
pub(super) fn unavailable(stays: &str, reason: &str) -> Refusal {
    Refusal::new(
        "vault.unavailable",
        format!("Nothing was deleted and {stays} stays: {reason}"),
        "See to what is wrong there and try again; an agent can also be removed without its key.",
    )
}

/// Deletes their history while no engine runs.
pub(super) fn forget(history: &Path, gone: &[EntityId]) -> Result<(), StoreError> {
    if gone.is_empty() || !history.exists() {
        return Ok(());
    }
    let writer = Writer::start(Store::open(history)?, Clock::new().now())?;
    for id in gone {
        writer.forget(id);
    }
    writer.close()
}
