//! Adding an agent, however its key is come by, if it has one.

use beatkeeper_core::view::BeatsBy;
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
    let name = plain(&added.name);
    match (&added.public_key, added.restored) {
        (None, _) => note(&format!("{name} is added; on a bus it has a name and no key")),
        (Some(key), true) => note(&format!("{name} was here already and has its key again. Public key: {key}")),
        (Some(key), false) => note(&format!("{name} is added; its key is in the vault. Public key: {key}")),
    }
    if !runs {
        let what = if only_watched(command) { "watching" } else { "beating" };
        note(&format!("No Beatkeeper is running: {what} starts when the app or `beatkeeper run` does."));
    }
    if matches!(command, Command::AgentGenerate { .. }) {
        note(
            "The key is new: `beatkeeper agent register` registers it; the registry does not take its beats before that.",
        );
    }
    Ok(())
}

const fn only_watched(command: &Command) -> bool {
    matches!(command, Command::AgentOnBus { beats: BeatsBy::Agent, .. })
}
