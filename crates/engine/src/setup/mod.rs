//! Adding and removing agents: keys into the vault, entries into the configuration. The running engine and the command
//! line without one use the same functions.

mod add;
mod adopt;
mod artcafe;
mod bus_agent;
mod buses;
mod channels;
mod demo;
mod keys;
mod remove;
mod run;

use std::path::Path;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::BeatsBy;
use beatkeeper_store::StoreError;
use beatkeeper_vault::{KeyFileError, Vault, VaultError};
use secrecy::SecretString;
use serde_json::Value;

use crate::command::{Command, Refusal, Secret, Taken};
use crate::discover::{self, Surroundings};
use crate::paths::Paths;
use crate::project::propose;
use crate::refusal::json_of;
use crate::registry_writes;
use crate::settings::{self, AgentEntry, AlertRulesView, Settings};

pub use adopt::{Adopted, Adoption, FieldChange, ProgramUse, ProgramView, ProjectAgentView, ProjectPreview};
pub use buses::BusFace;
pub use run::AgentRunView;

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

/// The configured buses.
///
/// # Errors
/// When the configuration is broken.
pub fn configured_buses(paths: &Paths) -> Result<Vec<BusFace>, Refusal> {
    buses::list(paths)
}

/// The configured agents whose project is in this folder.
///
/// # Errors
/// When the configuration is broken.
pub fn agents_of_project(paths: &Paths, folder: &Path) -> Result<Vec<EntityId>, Refusal> {
    let settings = Settings::load(&paths.config)?;
    let is_it = |project: &Path| matches!((project.canonicalize(), folder.canonicalize()), (Ok(a), Ok(b)) if a == b);
    let agents = settings.agents.into_iter().filter(|agent| agent.project.as_deref().is_some_and(is_it));
    Ok(agents.map(|agent| agent.entity).collect())
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
    let gone = gone(paths, command);
    if let Some(written) = registry_writes::execute_offline(paths, &vault, command) {
        return written;
    }
    let value = execute(paths, &vault, command).unwrap_or_else(|| {
        Err(Refusal::new("engine.not_running", "No Beatkeeper is running", "Start the app, or `beatkeeper run`."))
    })?;
    remove::forget(&paths.history(), &gone)?;
    if let Some((from, to)) = renamed(command) {
        channels::follow(&paths.history(), &from, &to)?;
    }
    Ok(value)
}

/// Does what concerns only configuration and vault; nothing for other commands.
pub(crate) fn execute(paths: &Paths, vault: &Vault, command: &Command) -> Option<Result<Value, Refusal>> {
    Some(match command {
        Command::AgentImport { .. }
        | Command::AgentGenerate { .. }
        | Command::AgentDerive { .. }
        | Command::AgentOnBus { .. } => add::execute(paths, vault, command)?.and_then(|added| json_of(&added)),
        Command::AgentRemove { id, confirm_name, delete_key } => {
            remove::remove(paths, vault, id, confirm_name, *delete_key).map(|()| Value::Null)
        }
        Command::AgentSetPaused { id, paused } => {
            known(paths, id).and_then(|_| Ok(settings::set_paused(&paths.config, id, *paused)?)).map(|_| Value::Null)
        }
        Command::AgentRun { id } => run::view(paths, id).and_then(|view| json_of(&view)),
        Command::AgentRunSet { id, run, recover, beats, truthful } => {
            run::set(paths, id, run.as_deref(), recover, *beats, *truthful).map(|()| Value::Null)
        }
        Command::RunPropose { folder } => propose(folder).and_then(|proposals| json_of(&proposals)),
        Command::ProjectPreview { folder } => {
            adopt::preview(paths, vault, folder).and_then(|preview| json_of(&preview))
        }
        Command::ProjectAdopt { folder, seen } => {
            adopt::adopt(paths, vault, folder, seen.as_deref()).and_then(|adopted| json_of(&adopted))
        }
        Command::AgentSetTags { id, tags } => set_tags(paths, id, tags).map(|()| Value::Null),
        Command::AlertRules => {
            Settings::load(&paths.config).map_err(Refusal::from).and_then(|s| json_of(&s.alerts.view()))
        }
        Command::AlertRulesSet { rules } => set_rules(paths, rules).map(|()| Value::Null),
        Command::ChannelSave { channel, secret, replace } => {
            let secret = secret.as_ref().map(Secret::expose);
            channels::save(paths, vault, channel, secret, replace.as_deref()).map(|()| Value::Null)
        }
        Command::ChannelRemove { name } => channels::remove(paths, vault, name).map(|()| Value::Null),
        Command::RegistryAdd { name, url, dialect, organization, challenge } => {
            let (organization, challenge) = (organization.as_deref(), challenge.as_deref());
            let new = add::NewRegistry { name, url, dialect: *dialect, organization, challenge };
            add::registry(paths, &new).map(|()| Value::Null)
        }
        Command::BusAdd { name, url, password, watch, team, force } => {
            let new = buses::NewBus {
                name,
                url: url.expose(),
                password: password.as_ref().map(Secret::expose),
                watch: *watch,
                team: *team,
                force: *force,
            };
            buses::add(paths, vault, &new).map(|()| Value::Null)
        }
        Command::BusList => buses::list(paths).and_then(|faces| json_of(&faces)),
        Command::BusRemove { name } => buses::remove(paths, vault, name).map(|()| Value::Null),
        Command::BusPassword { name, password, force } => {
            buses::password(paths, vault, name, password.expose(), *force).map(|()| Value::Null)
        }
        Command::BusTest { name } => buses::test(paths, vault, name).map(|()| Value::Null),
        Command::AgentKey { id } => {
            // Also of one that is not configured: its key may be there still.
            let derived = known(paths, id).ok().and_then(|agent| agent.derived);
            json_of(&keys::face(vault, id, derived))
        }
        Command::KeysFind { folders } => found(paths, |around, settings| discover::find(around, folders, settings)),
        Command::KeysLook { files } => found(paths, |around, settings| discover::look(around, files, settings)),
        Command::KeyFileShred { path } => keys::shred(paths, vault, path).map(|()| Value::Null),
        Command::DemoStart => demo::begin(paths, vault).and_then(|demo| json_of(&demo)),
        Command::DemoEnd => demo::end(paths, vault).map(|()| Value::Null),
        Command::WritePropose { .. }
        | Command::WriteCarryOut { .. }
        | Command::FleetDelta { .. }
        | Command::BeatStrips { .. }
        | Command::AgentHistory { .. }
        | Command::AgentExport { .. }
        | Command::AgentRetry { .. }
        | Command::AgentRestart { .. }
        | Command::AgentUp { .. }
        | Command::AgentDown { .. }
        | Command::AgentLog { .. }
        | Command::AgentLogSearch { .. }
        | Command::AgentLogMark { .. }
        | Command::AgentLogClear { .. }
        | Command::AgentLogStarts { .. }
        | Command::AgentUsage { .. }
        | Command::LadderHold { .. }
        | Command::LadderSkip { .. }
        | Command::SignerAudit { .. }
        | Command::AgentSnooze { .. }
        | Command::AgentAcknowledge { .. }
        | Command::Incidents { .. }
        | Command::BlackBox { .. }
        | Command::DoctorStart { .. }
        | Command::DoctorLook { .. }
        | Command::DoctorStop { .. }
        | Command::Downtime { .. }
        | Command::DowntimeExport { .. }
        | Command::DrillStart { .. }
        | Command::DrillStop
        | Command::Drills { .. }
        | Command::Channels
        | Command::ChannelTest { .. }
        | Command::ChannelPreview { .. }
        | Command::DeadLetters { .. }
        | Command::DeliveryRetry { .. }
        | Command::PauseAlerts { .. }
        | Command::Registries
        | Command::EngineStatus
        | Command::Status
        | Command::Revision { .. }
        | Command::Quit => return None,
    })
}

/// Whom the command takes away for good, before it is carried out: a person asked for them to go, with their history. An
/// entry that only left the file may come back, and finds its own.
pub(crate) fn gone(paths: &Paths, command: &Command) -> Vec<EntityId> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever takes nobody away")]
    match command {
        Command::AgentRemove { id, .. } => vec![id.clone()],
        Command::DemoEnd => Settings::load(&paths.config)
            .map(|settings| demo::agents(&settings).map(|agent| agent.entity.clone()).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The old and the new name of the channel that the command renames.
pub(crate) fn renamed(command: &Command) -> Option<(String, String)> {
    let Command::ChannelSave { channel, replace: Some(old), .. } = command else { return None };
    (*old != channel.name).then(|| (old.clone(), channel.name.clone()))
}

fn found(
    paths: &Paths,
    search: impl FnOnce(&Surroundings, &Settings) -> Vec<discover::FoundKey>,
) -> Result<Value, Refusal> {
    let settings = Settings::load(&paths.config)?;
    json_of(&search(&Surroundings::of_this_process(), &settings))
}

fn set_rules(paths: &Paths, rules: &AlertRulesView) -> Result<(), Refusal> {
    // A file that is broken already is another refusal than rules that cannot hold.
    Settings::load(&paths.config)?;
    let refuse = |what: &str| {
        let sentence = format!("These rules cannot hold: {what}");
        Refusal::new("alerts.bad_rules", sentence, "Correct them and try again.")
    };
    rules.check().map_err(|bad| refuse(&bad.what).at(bad.field))?;
    settings::set_alert_rules(&paths.config, rules).map_err(|error| refuse(&error.what))?;
    Ok(())
}

fn set_tags(paths: &Paths, id: &EntityId, tags: &[String]) -> Result<(), Refusal> {
    known(paths, id)?;
    settings::check_tags(tags).map_err(|what| {
        Refusal::new("agent.bad_tags", format!("These tags cannot be kept: {what}"), "Correct them and try again.")
    })?;
    settings::set_tags(&paths.config, id, tags)?;
    Ok(())
}

fn known(paths: &Paths, id: &EntityId) -> Result<AgentEntry, Refusal> {
    let settings = Settings::load(&paths.config)?;
    settings.agents.into_iter().find(|agent| agent.entity == *id).ok_or_else(|| {
        Refusal::new("agent.unknown", format!("{id} is not in the configuration"), "See `beatkeeper agent list`.")
    })
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
