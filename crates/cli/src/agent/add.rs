//! Adding an agent, however its key is come by.

use beatkeeper_engine::command::{Added, Command};
use beatkeeper_engine::{Paths, setup};

use crate::args::VaultKind;
use crate::failure::Failure;
use crate::out::{self, note, plain};
use crate::remote::Remote;

/// Adds it; stdout gets its id and nothing else, so that scripts can keep it.
pub(super) fn add(paths: &Paths, vault: VaultKind, command: &Command) -> Result<(), Failure> {
    let remote = Remote::find(paths)?;
    let runs = remote.is_some();
    if !runs {
        // A broken configuration is told before anybody types a passphrase for nothing.
        setup::configured_agents(paths)?;
    }
    let value = super::ask_either(paths, remote, vault, command)?;
    let added: Added = serde_json::from_value(value).map_err(|error| {
        Failure::refused(
            "control.other_version",
            error.to_string(),
            "Use the `beatkeeper` command of the same version.",
        )
    })?;
    out::raw(&format!("{}\n", added.id))?;
    let what =
        if added.restored { "was here already and has its key again" } else { "is added; its key is in the vault" };
    note(&format!("{} {what}. Public key: {}", plain(&added.name), added.public_key));
    if !runs {
        note("No Beatkeeper is running: beating starts when the app or `beatkeeper run` does.");
    }
    if matches!(command, Command::AgentGenerate { .. }) {
        note("The key is new: register it at the registry, which does not take its beats before that.");
    }
    Ok(())
}
