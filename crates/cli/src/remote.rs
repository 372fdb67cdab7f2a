//! The running app or engine, asked over its control channel.

use std::path::{Path, PathBuf};
use std::time::Duration;

use beatkeeper_engine::Paths;
use beatkeeper_engine::command::{Command, Refusal};
use beatkeeper_engine::control::{Client, ConnectError};
use futures_util::future::join_all;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::fleet::{Delta, Fleet};

/// Questions are answered from memory or one database; only an engine that hangs takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to the running engine.
pub(crate) struct Connection {
    client: Client,
    data: PathBuf,
}

impl Connection {
    /// Connects, or finds that nobody runs.
    pub(crate) async fn open(data: &Path) -> Result<Self, Failure> {
        match timeout(PATIENCE, Client::connect(data)).await {
            Ok(Ok(client)) => Ok(Self { client, data: data.to_owned() }),
            Ok(Err(ConnectError::NobodyRuns { data })) => Err(Failure::NobodyRuns(data)),
            Ok(Err(error @ ConnectError::Other(_))) => Err(Failure::refused(
                "control.unreachable",
                error.to_string(),
                "Check that the data folder is yours, and that its Beatkeeper is, too.",
            )),
            Err(_) => Err(hangs()),
        }
    }

    /// Asks for one thing.
    pub(crate) async fn ask<T: DeserializeOwned>(&mut self, command: &Command) -> Result<T, Failure> {
        let asking = self.client.execute(command);
        let answer = if waits_for_a_person(command) {
            asking.await
        } else {
            timeout(PATIENCE, asking).await.map_err(|_| hangs())?
        };
        match answer {
            Ok(value) => serde_json::from_value(value).map_err(|error| other_version(&error)),
            Err(refusal) if refusal.code == "control.lost" => Err(self.lost(refusal).await),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// What changed since the fleet's revision.
    pub(crate) async fn delta(&mut self, since: u64) -> Result<Delta, Failure> {
        self.ask(&Command::FleetDelta { since }).await
    }

    /// An engine that ended is one that does not run; one that still does broke the connection.
    async fn lost(&self, refusal: Refusal) -> Failure {
        match timeout(PATIENCE, Client::connect(&self.data)).await {
            Ok(Err(ConnectError::NobodyRuns { data })) => Failure::NobodyRuns(data),
            Ok(Ok(_) | Err(ConnectError::Other(_))) | Err(_) => refusal.into(),
        }
    }
}

/// The same for commands that ask and end.
pub(crate) struct Remote {
    runtime: Runtime,
    connection: Connection,
}

impl Remote {
    /// Connects to the engine that must run.
    pub(crate) fn open(paths: &Paths) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let connection = runtime.block_on(Connection::open(&paths.data))?;
        Ok(Self { runtime, connection })
    }

    /// Connects to the engine if one runs.
    pub(crate) fn find(paths: &Paths) -> Result<Option<Self>, Failure> {
        match Self::open(paths) {
            Ok(remote) => Ok(Some(remote)),
            Err(Failure::NobodyRuns(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    pub(crate) fn ask<T: DeserializeOwned>(&mut self, command: &Command) -> Result<T, Failure> {
        self.runtime.block_on(self.connection.ask(command))
    }

    /// Asks for several things at once, each on a connection of its own: the engine answers one connection in turn.
    pub(crate) fn ask_each<T: DeserializeOwned>(&self, commands: &[Command]) -> Vec<Result<T, Failure>> {
        let data = &self.connection.data;
        let ask = |command| async move { Connection::open(data).await?.ask(command).await };
        self.runtime.block_on(join_all(commands.iter().map(ask)))
    }

    pub(crate) fn fleet(&mut self) -> Result<Fleet, Failure> {
        let mut fleet = Fleet::default();
        fleet.fold(self.runtime.block_on(self.connection.delta(0))?);
        Ok(fleet)
    }

    pub(crate) fn status(&mut self) -> Result<Value, Failure> {
        self.ask(&Command::Status)
    }
}

/// Enough for a client: one thread.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| no_runtime(&error))
}

pub(crate) fn no_runtime(error: &std::io::Error) -> Failure {
    Failure::refused("system.runtime", format!("The system gave no resources: {error}"), "Close something, try again.")
}

/// A keychain may show its prompt, and a person takes as long as it takes; so does a registry whose limit is waited out.
const fn waits_for_a_person(command: &Command) -> bool {
    match command {
        Command::AgentImport { .. }
        | Command::AgentGenerate { .. }
        | Command::AgentDerive { .. }
        | Command::KeyFileShred { .. }
        | Command::ChannelSave { .. }
        | Command::ChannelRemove { .. }
        | Command::ChannelTest { .. }
        | Command::AgentRemove { .. }
        | Command::WritePropose { .. }
        | Command::WriteCarryOut { .. }
        | Command::ProjectAdopt { .. }
        | Command::ProjectPreview { .. }
        | Command::BusAdd { .. }
        | Command::BusRemove { .. }
        | Command::BusPassword { .. }
        | Command::BusTest { .. }
        | Command::DemoStart
        | Command::DemoEnd => true,
        Command::FleetDelta { .. }
        | Command::Revision { .. }
        | Command::BeatStrips { .. }
        | Command::AgentHistory { .. }
        | Command::AgentExport { .. }
        | Command::AgentKey { .. }
        | Command::KeysFind { .. }
        | Command::KeysLook { .. }
        | Command::AgentUp { .. }
        | Command::AgentDown { .. }
        | Command::AgentRun { .. }
        | Command::AgentRunSet { .. }
        | Command::RunPropose { .. }
        | Command::AgentLog { .. }
        | Command::AgentLogSearch { .. }
        | Command::AgentLogMark { .. }
        | Command::AgentLogClear { .. }
        | Command::AgentLogStarts { .. }
        | Command::AgentUsage { .. }
        | Command::LadderHold { .. }
        | Command::LadderSkip { .. }
        | Command::SignerAudit { .. }
        | Command::AgentSetTags { .. }
        | Command::AgentRestart { .. }
        | Command::AgentSnooze { .. }
        | Command::AgentAcknowledge { .. }
        | Command::Incidents { .. }
        | Command::BlackBox { .. }
        | Command::DoctorStart { .. }
        | Command::DoctorLook { .. }
        | Command::DoctorStop { .. }
        | Command::Downtime { .. }
        | Command::DowntimeExport { .. }
        | Command::Channels
        | Command::ChannelPreview { .. }
        | Command::DeadLetters { .. }
        | Command::DeliveryRetry { .. }
        | Command::AlertRules
        | Command::AlertRulesSet { .. }
        | Command::DrillStart { .. }
        | Command::DrillStop
        | Command::Drills { .. }
        | Command::AgentSetPaused { .. }
        | Command::AgentRetry { .. }
        | Command::PauseAlerts { .. }
        | Command::Registries
        | Command::RegistryAdd { .. }
        | Command::AgentOnBus { .. }
        | Command::BusList
        | Command::EngineStatus
        | Command::Status
        | Command::Quit => false,
    }
}

fn hangs() -> Failure {
    Failure::refused(
        "control.no_answer",
        format!("The running Beatkeeper did not answer within {} s", PATIENCE.as_secs()),
        "Try again; if it stays like this, end it and start it again. Nothing in the history is lost.",
    )
}

fn other_version(error: &serde_json::Error) -> Failure {
    Failure::refused(
        "control.other_version",
        format!("The running Beatkeeper answers in a way this version does not know: {error}"),
        "Use the `beatkeeper` command of the same version.",
    )
}
