//! Removing an agent, which asks for its name.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use beatkeeper_engine::Paths;
use beatkeeper_engine::command::Command;

use crate::args::VaultKind;
use crate::failure::Failure;
use crate::lookup::Candidate;
use crate::out::{note, plain};
use crate::remote::Remote;

pub(super) fn remove(
    paths: &Paths,
    vault: VaultKind,
    wanted: &str,
    yes_remove: Option<&str>,
    delete_key: bool,
) -> Result<(), Failure> {
    let mut remote = Remote::find(paths)?;
    let agent = super::meant(paths, remote.as_mut(), wanted)?;
    let confirm_name = match yes_remove {
        Some(name) => name.to_owned(),
        None => ask(&agent, delete_key)?,
    };
    // A vault that is not touched need not be opened.
    let vault = if delete_key { vault } else { VaultKind::Keychain };
    super::ask_either(paths, remote, vault, &Command::AgentRemove { id: agent.id, confirm_name, delete_key })?;
    let key = if delete_key { "its key is deleted" } else { "its key stays in the vault" };
    note(&format!("{} is removed; {key}", plain(&agent.name)));
    Ok(())
}

fn ask(agent: &Candidate, delete_key: bool) -> Result<String, Failure> {
    let name = plain(&agent.name);
    if !io::stdin().is_terminal() {
        return Err(Failure::refused(
            "agent.not_confirmed",
            format!("Removing \"{name}\" ({}) was not confirmed", agent.id),
            format!("Add --yes-remove \"{name}\", or run the command in a terminal, which asks."),
        ));
    }
    let what = if delete_key { "remove it and DELETE ITS KEY" } else { "remove it" };
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{name}  {}\nType its name to {what}: ", agent.id).and_then(|()| stderr.flush());
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| {
        Failure::refused("agent.not_confirmed", format!("The answer could not be read: {error}"), "Use --yes-remove.")
    })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
