//! Adding and removing agents: keys into the vault, entries into the configuration. The running engine and the command
//! line without one use the same functions.

use std::path::Path;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_core::view::BeatsBy;
use beatkeeper_store::{Store, StoreError, Writer};
use beatkeeper_vault::{KeyFile, KeyFileError, Loose, Overwrite, Presence, Seed, Stored, Vault, VaultError};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::command::{Added, Command, Refusal, Taken};
use crate::discover::{self, Surroundings, name_of};
use crate::paths::Paths;
use crate::settings::{self, AgentEntry, Settings};

/// Where keys are kept.
#[derive(Clone, Debug)]
pub enum VaultChoice {
    /// The operating system's keychain.
    Keychain,
    /// A file sealed with a passphrase: an explicit choice, never a silent fallback.
    File {
        /// What seals it.
        passphrase: SecretString,
    },
}

/// Opens the vault; a vault file that is not there yet is made.
///
/// # Errors
/// [`VaultError`] of the file; the keychain is only contacted when it is used.
pub fn open_vault(paths: &Paths, choice: &VaultChoice) -> Result<Vault, VaultError> {
    match choice {
        VaultChoice::Keychain => Ok(Vault::keychain()),
        VaultChoice::File { passphrase } => {
            let file = paths.vault_file();
            match Vault::open_file(&file, passphrase) {
                Err(VaultError::FileMissing { .. }) => Vault::create_file(&file, passphrase),
                opened => opened,
            }
        }
    }
}

/// One agent as configured, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredAgent {
    /// Whose.
    pub id: EntityId,
    /// Its name.
    pub name: String,
    /// Its registry's name.
    pub registry: String,
    /// Its registry's base URL.
    pub registry_url: String,
    /// Who beats.
    pub beats_by: BeatsBy,
    /// Paused by the user.
    pub paused: bool,
}

/// The configured agents.
///
/// # Errors
/// When the configuration is broken.
pub fn configured_agents(paths: &Paths) -> Result<Vec<ConfiguredAgent>, Refusal> {
    let settings = Settings::load(&paths.config)?;
    let agents = settings.agents.iter().map(|agent| ConfiguredAgent {
        id: agent.entity.clone(),
        name: agent.name.clone(),
        registry: agent.registry.clone(),
        registry_url: settings.registry(&agent.registry).map(|registry| registry.url.to_string()).unwrap_or_default(),
        beats_by: agent.beats,
        paused: agent.paused,
    });
    Ok(agents.collect())
}

/// Does what needs no running engine.
///
/// # Errors
/// A [`Refusal`]; `engine.not_running` for what does need one.
pub fn execute_offline(paths: &Paths, vault: &VaultChoice, command: &Command) -> Result<Value, Refusal> {
    paths.make_data_folder().map_err(|error| {
        Refusal::new(
            "engine.data",
            format!("the data folder {} cannot be made: {error}", paths.data.display()),
            "Give another with --data DIR.",
        )
    })?;
    let vault = open_vault(paths, vault)?;
    let value = execute(paths, &vault, command).unwrap_or_else(|| {
        Err(Refusal::new("engine.not_running", "No Beatkeeper is running", "Start the app, or `beatkeeper run`."))
    })?;
    if let Command::AgentRemove { id, .. } = command {
        forget(&paths.history(), id)?;
    }
    Ok(value)
}

/// A person asked for the agent to go: its history goes, too, as in a running engine.
fn forget(history: &Path, id: &EntityId) -> Result<(), StoreError> {
    if !history.exists() {
        return Ok(());
    }
    let writer = Writer::start(Store::open(history)?, Clock::new().now())?;
    writer.forget(id);
    writer.close()
}

/// Does what concerns only configuration and vault; nothing for other commands.
pub(crate) fn execute(paths: &Paths, vault: &Vault, command: &Command) -> Option<Result<Value, Refusal>> {
    Some(match command {
        Command::AgentImport { path, registry, name, allow_loose, kind, replace } => {
            let loose = if *allow_loose { Loose::Allow } else { Loose::Refuse };
            let kind = kind.unwrap_or(EntityKind::Agent);
            KeyFile::read(path, loose).map_err(Refusal::from).and_then(|key| {
                let name = name.clone().or_else(|| key.name.clone()).unwrap_or_else(|| name_of(path));
                let new = New { kind, name: Some(name), registry, overwrite: (*replace).into() };
                add(paths, vault, &key.into_seed(), new).map(to_value)
            })
        }
        Command::AgentGenerate { registry, name } => generate(paths, vault, registry, name.as_deref()).map(to_value),
        Command::AgentDerive { developer_path, index, registry, name, replace } => {
            derive(paths, vault, developer_path, *index, registry, name.as_deref(), (*replace).into()).map(to_value)
        }
        Command::AgentRemove { id, confirm_name, delete_key } => {
            remove(paths, vault, id, confirm_name, *delete_key).map(|()| Value::Null)
        }
        Command::AgentSetPaused { id, paused } => {
            known(paths, id).and_then(|_| Ok(settings::set_paused(&paths.config, id, *paused)?)).map(|_| Value::Null)
        }
        Command::RegistryAdd { name, url } => add_registry(paths, name, url).map(|()| Value::Null),
        Command::AgentKey { id } => Ok(key_face(vault, id)),
        Command::KeysFind { folders } => Settings::load(&paths.config).map_err(Refusal::from).and_then(|settings| {
            let found = discover::find(&Surroundings::of_this_process(), folders, &settings);
            serde_json::to_value(found).map_err(|error| Refusal::new("engine.json", error.to_string(), ""))
        }),
        Command::KeyFileShred { path } => shred(vault, path).map(|()| Value::Null),
        Command::FleetDelta { .. }
        | Command::BeatStrips { .. }
        | Command::AgentHistory { .. }
        | Command::AgentExport { .. }
        | Command::AgentRetry { .. }
        | Command::PauseAlerts { .. }
        | Command::Registries
        | Command::EngineStatus
        | Command::Status
        | Command::Quit => return None,
    })
}

/// Only what the vault keeps safely may go.
fn shred(vault: &Vault, file: &Path) -> Result<(), Refusal> {
    let key = KeyFile::read(file, Loose::Allow)?;
    if key.name.is_some() {
        return Err(Refusal::new(
            "keyfile.more_than_a_key",
            format!("{} stays: it holds its project's settings beside the key", file.display()),
            "Take `private_key` out of it by hand, once the agent gets its key from elsewhere.",
        ));
    }
    let kept = [EntityKind::Agent, EntityKind::Service].into_iter().any(|kind| {
        let id = EntityId::from_key(&key.public_key, kind);
        vault.look(&id) == Presence::Present(key.public_key.fingerprint())
    });
    if !kept {
        return Err(Refusal::new(
            "keyfile.not_kept",
            format!("{} stays: its key is not in the vault, and this may be the only copy", file.display()),
            "Import it first; if the vault is locked, unlock it.",
        ));
    }
    key.shred()?;
    tracing::info!(file = %file.display(), "key file shredded");
    Ok(())
}

fn generate(paths: &Paths, vault: &Vault, registry: &str, name: Option<&str>) -> Result<Added, Refusal> {
    let new =
        New { kind: EntityKind::Agent, name: name.map(str::to_owned), registry, overwrite: Overwrite::OnlyIfAbsent };
    add(paths, vault, &Seed::generate()?, new)
}

fn derive(
    paths: &Paths,
    vault: &Vault,
    developer: &Path,
    index: u32,
    registry: &str,
    name: Option<&str>,
    overwrite: Overwrite,
) -> Result<Added, Refusal> {
    let developer = KeyFile::read(developer, Loose::Refuse)?;
    let name = name.map_or_else(|| format!("agent-{index}"), str::to_owned);
    let new = New { kind: EntityKind::Agent, name: Some(name), registry, overwrite };
    add(paths, vault, &developer.seed().derive(index), new)
}

/// An agent that is to be here.
struct New<'a> {
    kind: EntityKind,
    name: Option<String>,
    /// A configured registry's name, or a base URL.
    registry: &'a str,
    overwrite: Overwrite,
}

/// Everything that can be refused is refused before the key is stored: a key in the vault without an entry would be
/// forgotten there.
fn add(paths: &Paths, vault: &Vault, seed: &Seed, new: New<'_>) -> Result<Added, Refusal> {
    let New { kind, name, registry, overwrite } = new;
    let public_key = seed.public_key();
    let id = EntityId::from_key(&public_key, kind);
    let before = Settings::load(&paths.config)?;
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| id.short());
    if name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Refusal::new(
            "agent.bad_name",
            "The name has control characters or more than 100 characters",
            "Choose a shorter one.",
        ));
    }
    if let Some(there) = before.agents.iter().find(|agent| agent.entity == id) {
        let same_registry = before.registry(registry).is_some_and(|known| known.name == there.registry);
        return restore(vault, seed, there, same_registry && there.beats == BeatsBy::App, overwrite);
    }
    let (registry_name, new_registry) = match before.registry(registry) {
        Some(known) => (known.name.clone(), None),
        None => new_registry(&before, registry)?,
    };
    vault.store(&id, seed, overwrite)?;
    if let Some(url) = new_registry {
        settings::add_registry(&paths.config, &registry_name, &url)?;
    }
    let entry = AgentEntry {
        entity: id.clone(),
        name: name.clone(),
        registry: registry_name,
        interval: 30,
        beats: BeatsBy::App,
        paused: false,
        health: None,
    };
    settings::add_agent(&paths.config, &entry)?;
    tracing::info!(%id, ?overwrite, "agent added");
    Ok(Added { id, name, public_key: public_key.to_wire(), restored: false })
}

/// Gives an agent that is configured the key that the vault has lost, or never had, or has another one in place of.
fn restore(
    vault: &Vault,
    seed: &Seed,
    there: &AgentEntry,
    wants_it: bool,
    overwrite: Overwrite,
) -> Result<Added, Refusal> {
    let id = &there.entity;
    if !wants_it || vault.store(id, seed, overwrite)? == Stored::AlreadyThere {
        return Err(Refusal::new(
            "agent.exists",
            format!("{id} is already here as \"{}\" at {}", there.name, there.registry),
            "Nothing to do. To move it to another registry, remove it first (its key stays).",
        ));
    }
    tracing::info!(%id, ?overwrite, "the agent has its key again");
    let (id, name) = (id.clone(), there.name.clone());
    Ok(Added { id, name, public_key: seed.public_key().to_wire(), restored: true })
}

fn new_registry(settings: &Settings, url: &str) -> Result<(String, Option<BaseUrl>), Refusal> {
    let base: BaseUrl = url.parse().map_err(|error| {
        Refusal::new(
            "registry.bad_url",
            format!("The registry is not known: {error}"),
            "Give a base URL such as https://zns01.zynd.ai, or the name of a configured registry.",
        )
    })?;
    let mut name = base.authority();
    let mut number = 2;
    while settings.registries.iter().any(|registry| registry.name == name) {
        name = format!("{}-{number}", base.authority());
        number += 1;
    }
    Ok((name, Some(base)))
}

fn add_registry(paths: &Paths, name: &str, url: &str) -> Result<(), Refusal> {
    let base: BaseUrl = url.parse().map_err(|error: beatkeeper_core::base_url::BaseUrlError| {
        Refusal::new("registry.bad_url", error.to_string(), "Give a base URL such as https://zns01.zynd.ai.")
    })?;
    settings::add_registry(&paths.config, name.trim(), &base)?;
    Ok(())
}

fn known(paths: &Paths, id: &EntityId) -> Result<AgentEntry, Refusal> {
    let settings = Settings::load(&paths.config)?;
    settings.agents.into_iter().find(|agent| agent.entity == *id).ok_or_else(|| {
        Refusal::new("agent.unknown", format!("{id} is not in the configuration"), "See `beatkeeper agent list`.")
    })
}

fn remove(paths: &Paths, vault: &Vault, id: &EntityId, confirm_name: &str, delete_key: bool) -> Result<(), Refusal> {
    let agent = known(paths, id)?;
    if agent.name != confirm_name {
        return Err(Refusal::new(
            "agent.wrong_name",
            format!("\"{confirm_name}\" is not the agent's name"),
            format!("Type \"{}\" to remove it.", agent.name),
        ));
    }
    if delete_key {
        match vault.look(id) {
            // The name that was typed is this agent's. It says nothing about whoever's key lies in its place.
            Presence::Present(fingerprint) if !id.as_str().ends_with(&fingerprint.to_hex()) => {
                return Err(Refusal::new(
                    "vault.wrong_id",
                    format!(
                        "Another key, {fingerprint}, is stored under {id}, so it was not deleted and the agent stays"
                    ),
                    format!(
                        "Remove the agent without its key, or first put its own key there: import it with --replace \
                         {fingerprint}."
                    ),
                ));
            }
            Presence::Present(fingerprint) => vault.delete(id, fingerprint)?,
            Presence::Absent => {}
            Presence::Locked => {
                return Err(Refusal::new(
                    "vault.locked",
                    "The keychain is locked, so the key was not deleted and the agent stays",
                    "Unlock the keychain and try again.",
                ));
            }
            Presence::Unavailable(reason) => {
                return Err(Refusal::new(
                    "vault.unavailable",
                    format!("The key was not deleted and the agent stays: {reason}"),
                    "See to what is wrong there and try again, or remove the agent and keep the key.",
                ));
            }
        }
    }
    settings::remove_agent(&paths.config, id)?;
    tracing::info!(%id, delete_key, "agent removed");
    Ok(())
}

/// What may be shown of a key.
fn key_face(vault: &Vault, id: &EntityId) -> Value {
    let place = vault.place().to_string();
    match vault.look(id) {
        Presence::Present(fingerprint) => {
            json!({"presence": "present", "fingerprint": fingerprint.to_hex(), "place": place})
        }
        Presence::Absent => json!({"presence": "absent", "place": place}),
        Presence::Locked => json!({"presence": "locked", "place": place}),
        Presence::Unavailable(reason) => json!({"presence": "unavailable", "place": place, "reason": reason}),
    }
}

fn to_value(added: Added) -> Value {
    serde_json::to_value(added).unwrap_or_default()
}

impl From<VaultError> for Refusal {
    fn from(error: VaultError) -> Self {
        let taken = error.occupant().map(|(id, by)| Box::new(Taken { id: id.clone(), by }));
        Self { taken, ..Self::new(error.code(), sentence(&error), error.remedy()) }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), error.to_string(), error.remedy())
    }
}

impl From<KeyFileError> for Refusal {
    fn from(error: KeyFileError) -> Self {
        Self::new(error.code(), sentence(&error), error.remedy())
    }
}

fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
