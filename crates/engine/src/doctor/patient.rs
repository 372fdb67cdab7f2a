//! Whom the doctor looks at, and with what.

use std::path::Path;
use std::sync::Arc;

use beatkeeper_core::dialect::{Dialect, Trial};
use beatkeeper_core::doctor::{Chart, KeySeen};
use beatkeeper_core::history::Connection;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{AgentRow, BeatsBy};
use beatkeeper_runner::log::LogPlace;
use beatkeeper_store::Reader;
use beatkeeper_vault::{Place, Presence, Vault, VaultError};
use rustls::ClientConfig;
use tokio::sync::oneshot;

use super::sheet::{DoctorRun, Orders, Sheet};
use crate::Clock;
use crate::discover::Surroundings;
use crate::fleet_loop::Ask;
use crate::handle::{Handle, ended};
use crate::paths::Paths;
use crate::refusal::Refusal;
use crate::settings::{AgentEntry, BusEntry, RegistryEntry, Settings};
use crate::setup::VaultChoice;

/// What an agent is, as far as it is known before anybody looks.
pub(crate) struct Patient {
    pub(crate) entry: AgentEntry,
    /// Its registry; nothing where it is on a bus.
    pub(crate) registry: Option<RegistryEntry>,
    /// Its bus; nothing where it is at a registry.
    pub(crate) bus: Option<BusEntry>,
    pub(crate) settings: Arc<Settings>,
    /// What the fleet knows, while an engine runs.
    pub(crate) row: Option<AgentRow>,
    /// How its registry was seen to take beats: by the fleet, or by an engine that ran before.
    pub(crate) settled: Option<Dialect>,
    /// How its connections ended, the newest first; nothing when nobody can tell.
    pub(crate) connections: Option<Vec<Connection>>,
    /// Where its output is, when it is started here.
    pub(crate) output: Option<LogPlace>,
    /// What lies around on this computer.
    pub(crate) around: Surroundings,
}

/// What the doctor looks with.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) clock: Arc<Clock>,
    /// Nothing where it does not open, and why.
    pub(crate) vault: Result<Vault, KeySeen>,
    /// The engine that runs, if one does.
    pub(crate) engine: Option<Handle>,
}

impl Patient {
    /// By what the configuration says.
    ///
    /// # Errors
    /// `agent.unknown` and `doctor.no_registry`.
    pub(crate) fn new(id: &EntityId, settings: Arc<Settings>) -> Result<Self, Refusal> {
        let entry = settings.agents.iter().find(|agent| agent.entity == *id).cloned().ok_or_else(|| {
            Refusal::new("agent.unknown", format!("{id} is not in the configuration"), "See `beatkeeper agent list`.")
        })?;
        let registry = settings.registries.iter().find(|registry| registry.name == entry.registry).cloned();
        let bus = settings.bus(&entry.registry).cloned();
        if registry.is_none() && bus.is_none() {
            return Err(Refusal::new(
                "doctor.no_registry",
                format!("{} is at \"{}\", which is not configured", entry.name, entry.registry),
                "Add that registry, or correct the agent's entry.",
            ));
        }
        Ok(Self {
            entry,
            registry,
            bus,
            settings,
            row: None,
            settled: None,
            connections: None,
            output: None,
            around: Surroundings::of_this_process(),
        })
    }

    /// How it beats, as far as that is settled.
    pub(super) fn dialect(&self) -> Dialect {
        let of = |registry: &RegistryEntry| Trial::new(registry.dialect, self.settled, Time::ZERO).dialect();
        self.registry.as_ref().map_or(Dialect::Redis, of)
    }

    /// Whether its own program is meant to beat, or does.
    pub(super) fn beats_itself(&self) -> bool {
        match &self.row {
            Some(row) => row.speaker == beatkeeper_core::view::Speaker::Agent,
            None => self.entry.beats == BeatsBy::Agent,
        }
    }
}

impl Tools {
    /// Where the agent's key is. Blocks.
    pub(super) fn key(&self, id: &EntityId) -> KeySeen {
        let vault = match &self.vault {
            Ok(vault) => vault,
            Err(why) => return why.clone(),
        };
        match vault.look(id) {
            Presence::Present(fingerprint) if id.as_str().ends_with(&fingerprint.to_hex()) => KeySeen::Own,
            Presence::Present(_) => KeySeen::Another,
            Presence::Absent => KeySeen::Absent,
            Presence::Locked => KeySeen::Locked,
            Presence::Unavailable(words) => KeySeen::Unavailable(self.without_path(&words)),
        }
    }

    /// Where keys are, without the folders that lead there.
    pub(super) fn vault_place(&self) -> &'static str {
        match self.vault.as_ref().map(Vault::place) {
            Ok(Place::Keychain) => "the system keychain",
            Ok(Place::File(_)) => "the vault file",
            Err(_) => "the vault",
        }
    }

    fn without_path(&self, words: &str) -> String {
        match self.vault.as_ref().map(Vault::place) {
            Ok(Place::File(path)) => words.replace(&path.display().to_string(), "").replace("  ", " "),
            Ok(Place::Keychain) | Err(_) => words.to_owned(),
        }
    }

    /// What the fleet knows now.
    pub(super) async fn row(&self, id: &EntityId) -> Option<AgentRow> {
        let (reply, answer) = oneshot::channel();
        self.engine.as_ref()?.asks.send(Ask::Row(id.clone(), reply)).await.ok()?;
        answer.await.ok()?
    }

    /// And what is of interest to the doctor alone.
    pub(super) async fn chart(&self, id: &EntityId) -> Option<Chart> {
        let (reply, answer) = oneshot::channel();
        self.engine.as_ref()?.asks.send(Ask::Chart(id.clone(), reply)).await.ok()?;
        answer.await.ok()?
    }

    /// Tells the engine something about an agent's link.
    pub(super) async fn ask(&self, ask: Ask) -> Result<(), Refusal> {
        let engine = self.engine.as_ref().ok_or_else(ended)?;
        engine.asks.send(ask).await.map_err(|_| ended())
    }
}

/// Looks without an engine, and waits until all is seen. Where nobody gives the passphrase of a vault file there is no
/// `vault`; that and a file that does not open, or is not there, are findings like others.
///
/// # Errors
/// When the configuration cannot be read, or the agent is unknown.
pub async fn alone(
    paths: &Paths,
    vault: Option<&VaultChoice>,
    id: &EntityId,
    orders: Orders,
    mut progress: impl FnMut(&DoctorRun),
) -> Result<DoctorRun, Refusal> {
    let settings = Arc::new(Settings::load(&paths.config)?);
    let mut patient = Patient::new(id, settings)?;
    patient.settled = remembered(paths, patient.registry.as_ref()).await;
    let (file, choice) = (paths.vault_file(), vault.cloned());
    let opened = tokio::task::spawn_blocking(move || open(choice.as_ref(), &file)).await;
    let vault = opened.unwrap_or_else(|error| Err(KeySeen::Unavailable(error.to_string())));
    let tls = crate::tls::client_config()
        .map_err(|error| Refusal::new("engine.tls", error.to_string(), "Check the system's certificates."))?;
    let tools = Tools { tls, clock: Arc::new(Clock::new()), vault, engine: None };
    let entry = &patient.entry;
    let sheet = Sheet::new(id.clone(), entry.name.clone(), entry.registry.clone(), orders.symptom, tools.clock.now());
    let mut run = sheet.watch();
    let visit = tokio::spawn(super::examine::examine(patient, tools, orders, sheet));
    loop {
        let now = run.borrow_and_update().clone();
        progress(&now);
        if now.done {
            return Ok(now);
        }
        if run.changed().await.is_err() {
            let why = visit.await.err().map_or_else(String::new, |error| error.to_string());
            return Err(Refusal::new("doctor.broke", format!("The doctor broke off: {why}"), "Please report it."));
        }
    }
}

/// What a registry was seen to take when an engine ran here. A history that cannot be read is no reason not to look at the rest.
async fn remembered(paths: &Paths, registry: Option<&RegistryEntry>) -> Option<Dialect> {
    let (history, url) = (paths.history(), registry?.url.to_string());
    let read = move || Reader::open(history)?.dialects();
    let known = tokio::task::spawn_blocking(read).await.ok()?.ok()?;
    known.get(&url).copied()
}

/// Opens the vault as it is: who only looks makes no file. Blocks.
fn open(choice: Option<&VaultChoice>, file: &Path) -> Result<Vault, KeySeen> {
    match choice {
        Some(VaultChoice::Keychain) => Ok(Vault::keychain()),
        Some(VaultChoice::File { passphrase }) => {
            Vault::open_file(file, passphrase).map_err(|error| closed(&error, &file.display().to_string()))
        }
        // Without the file no passphrase would help.
        None if !file.exists() => Err(KeySeen::Absent),
        None => Err(KeySeen::Locked),
    }
}

/// What a vault that does not open tells of the keys in it.
fn closed(error: &VaultError, file: &str) -> KeySeen {
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else is wrong with it, it does not answer")]
    match error {
        VaultError::Locked { .. } | VaultError::WrongPassphrase { .. } => KeySeen::Locked,
        // Without the file there is no key.
        VaultError::FileMissing { .. } => KeySeen::Absent,
        other => KeySeen::Unavailable(other.to_string().replace(file, "").replace("  ", " ")),
    }
}
