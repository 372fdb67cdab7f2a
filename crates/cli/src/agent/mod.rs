//! `beatkeeper agent`: what is configured, and its keys.

mod add;
mod find;
mod list;
mod remove;
mod show;
mod signer;
mod usage;
mod write;

use beatkeeper_core::identity::EntityKind;
use beatkeeper_core::view::BeatsBy;
use beatkeeper_engine::command::Command;
use beatkeeper_engine::{Paths, setup};
use serde_json::Value;

use crate::args::{AgentCommand, VaultKind};
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::lookup::{self, Candidate};
use crate::out::{self, plain};
use crate::passphrase;
use crate::remote::Remote;

pub(crate) fn perform(paths: &Paths, vault: VaultKind, command: &AgentCommand) -> Result<(), Failure> {
    match command {
        AgentCommand::Import { file, registry, name, allow_loose, service, replace, shred } => {
            let path = absolute(file)?;
            let import = Command::AgentImport {
                path: path.clone(),
                registry: registry.clone(),
                name: name.clone(),
                allow_loose: *allow_loose,
                kind: service.then_some(EntityKind::Service),
                project: None,
                replace: *replace,
            };
            add::add(paths, vault, &import)?;
            if *shred {
                ask_either(paths, Remote::find(paths)?, vault, &Command::KeyFileShred { path })?;
                out::note(&format!(
                    "{} was overwritten and deleted. Backups and snapshots may still have it.",
                    file.display()
                ));
            }
            Ok(())
        }
        AgentCommand::Find { folders, json } => find::print(paths, folders, *json),
        AgentCommand::Add { registry, developer, index, name, replace, generate, watch, interval } => {
            let (registry, name) = (registry.clone(), name.clone());
            match (developer, index) {
                (Some(developer), Some(index)) => {
                    let developer_path = absolute(developer)?;
                    let replace = *replace;
                    add::add(
                        paths,
                        vault,
                        &Command::AgentDerive { developer_path, index: *index, registry, name, replace },
                    )
                }
                _ if *generate => add::add(paths, vault, &Command::AgentGenerate { registry, name }),
                _ => {
                    let name = name.unwrap_or_default().trim().to_owned();
                    let beats = if *watch { BeatsBy::Agent } else { BeatsBy::App };
                    let named = Command::AgentOnBus { bus: registry, name, beats, interval: *interval };
                    // It has no key, so nobody is asked to open the vault.
                    add::add(paths, VaultKind::Keychain, &named)
                }
            }
        }
        AgentCommand::List { json } => list::print(paths, *json),
        AgentCommand::Show { agent, json } => show::print(paths, vault, agent, *json),
        AgentCommand::Register(options) => write::register(paths, vault, options),
        AgentCommand::Update(options) => write::update(paths, vault, options),
        AgentCommand::Deregister(options) => write::deregister(paths, vault, options),
        AgentCommand::NextIndex(options) => write::next_index(paths, vault, options),
        AgentCommand::Remove { agent, yes_remove, delete_key } => {
            remove::remove(paths, vault, agent, yes_remove.as_deref(), *delete_key)
        }
        AgentCommand::Pause { agent } => set_paused(paths, agent, true),
        AgentCommand::Resume { agent } => set_paused(paths, agent, false),
        AgentCommand::Retry { agent } => retry(paths, agent),
        AgentCommand::Restart { agent } => restart(paths, agent),
        AgentCommand::Snooze { agent, minutes, end } => snooze(paths, agent, if *end { 0 } else { *minutes }),
        AgentCommand::Signer { agent, json } => signer::print(paths, agent, *json),
        AgentCommand::Usage(options) => usage::print(paths, options),
        AgentCommand::Tag { agent, tags } => tag(paths, agent, tags),
    }
}

/// Everybody who can be meant, as the running engine knows them.
pub(crate) fn candidates(fleet: &Fleet) -> Vec<Candidate> {
    fleet.worst_first().iter().map(|row| Candidate { id: row.id.clone(), name: row.name.clone() }).collect()
}

/// Whom a person means: of the configuration, which is true with and without a running engine.
pub(crate) fn configured(paths: &Paths, wanted: &str) -> Result<Candidate, Failure> {
    let agents = setup::configured_agents(paths)?;
    let candidates: Vec<Candidate> =
        agents.into_iter().map(|agent| Candidate { id: agent.id, name: agent.name }).collect();
    lookup::find(wanted, &candidates)
}

/// Whom a person means: as the engine knows them where one runs, since its configuration may be another file.
fn meant(paths: &Paths, remote: Option<&mut Remote>, wanted: &str) -> Result<Candidate, Failure> {
    match remote {
        Some(remote) => lookup::find(wanted, &candidates(&remote.fleet()?)),
        None => configured(paths, wanted),
    }
}

fn set_paused(paths: &Paths, wanted: &str, paused: bool) -> Result<(), Failure> {
    let mut remote = Remote::find(paths)?;
    let agent = meant(paths, remote.as_mut(), wanted)?;
    let command = Command::AgentSetPaused { id: agent.id, paused };
    // It is written into the configuration; the vault is not touched, so whichever it is, nobody is asked to open it.
    ask_either(paths, remote, VaultKind::Keychain, &command)?;
    out::note(&format!("{} {}", plain(&agent.name), if paused { "is paused" } else { "is resumed" }));
    Ok(())
}

fn retry(paths: &Paths, wanted: &str) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    let agent = meant(paths, Some(&mut remote), wanted)?;
    remote.ask::<Value>(&Command::AgentRetry { id: agent.id })?;
    out::note(&format!("{} is dialled again now", plain(&agent.name)));
    Ok(())
}

fn restart(paths: &Paths, wanted: &str) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    let agent = meant(paths, Some(&mut remote), wanted)?;
    remote.ask::<Value>(&Command::AgentRestart { id: agent.id })?;
    out::note(&format!("{}'s link said goodbye and is dialled anew", plain(&agent.name)));
    Ok(())
}

fn snooze(paths: &Paths, wanted: &str, minutes: u32) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    let agent = meant(paths, Some(&mut remote), wanted)?;
    remote.ask::<Value>(&Command::AgentSnooze { id: agent.id, minutes: Some(minutes) })?;
    let name = plain(&agent.name);
    out::note(&match minutes {
        0 => format!("{name} may interrupt again"),
        _ => format!("{name} interrupts nobody for {minutes} min, or until it recovers; it is watched on"),
    });
    Ok(())
}

fn tag(paths: &Paths, wanted: &str, tags: &[String]) -> Result<(), Failure> {
    let mut remote = Remote::find(paths)?;
    let agent = meant(paths, remote.as_mut(), wanted)?;
    let command = Command::AgentSetTags { id: agent.id, tags: tags.to_vec() };
    ask_either(paths, remote, VaultKind::Keychain, &command)?;
    let tags = if tags.is_empty() { "no tags".to_owned() } else { plain(&tags.join(", ")) };
    out::note(&format!("{} has {tags}", plain(&agent.name)));
    Ok(())
}

/// Has the engine do it where one runs, and does it here where none does.
pub(crate) fn ask_either(
    paths: &Paths,
    remote: Option<Remote>,
    vault: VaultKind,
    command: &Command,
) -> Result<Value, Failure> {
    match remote {
        Some(mut remote) => remote.ask(command),
        None => Ok(setup::execute_offline(paths, &passphrase::choose(vault, paths)?, command)?),
    }
}

/// The running engine has another working directory.
fn absolute(path: &std::path::Path) -> Result<std::path::PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        Failure::refused("keyfile.unreadable", format!("{} is no path: {error}", path.display()), "Check the path.")
    })
}
