//! The engine behind the page: the one that runs, over its control channel, or one that was started here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use beatkeeper_core::identity::EntityId;
use beatkeeper_engine::alerts::{ClickAction, OnClick};
use beatkeeper_engine::command::{Command, Refusal};
use beatkeeper_engine::control::{Client, ConnectError};
use beatkeeper_engine::{Engine, Handle, Options, Paths, VaultChoice, telling};
use serde_json::Value;
use tokio::sync::{broadcast, watch};

/// An engine that ended may be started again.
const RETRY: Duration = Duration::from_secs(1);

/// Where commands go, and what comes back by itself.
pub(crate) struct Backend {
    engine: Way,
    revision: watch::Receiver<u64>,
    /// Agents whose notification was clicked. An app that runs opens them in its own window.
    clicked: broadcast::Sender<Vec<EntityId>>,
}

enum Way {
    Control(PathBuf),
    Own(Box<Handle>),
}

impl Backend {
    /// Finds the running engine, or starts one; that one is to be shut down at the end.
    pub(crate) async fn open(
        paths: Paths,
        vault: impl FnOnce() -> Result<VaultChoice>,
    ) -> Result<(Self, Option<Engine>)> {
        let (clicked, _) = broadcast::channel(16);
        match Client::connect(&paths.data).await {
            Ok(_) => {
                let (told, revision) = watch::channel(0);
                tokio::spawn(follow(paths.data.clone(), told));
                Ok((Self { engine: Way::Control(paths.data), revision, clicked }, None))
            }
            Err(ConnectError::NobodyRuns { .. }) => {
                let options = Options { paths, vault: vault()?, shim: None };
                let mut engine = Box::pin(Engine::start(options)).await.context("the engine does not start")?;
                show_notices(&mut engine, clicked.clone());
                let handle = engine.handle();
                let revision = handle.revision();
                Ok((Self { engine: Way::Own(Box::new(handle)), revision, clicked }, Some(engine)))
            }
            Err(error @ ConnectError::Other(_)) => Err(error.into()),
        }
    }

    /// Does one thing.
    pub(crate) async fn execute(&self, command: Command) -> Result<Value, Refusal> {
        match &self.engine {
            Way::Own(handle) => handle.execute(command).await,
            // A connection each: one that waits for a person at the keychain holds up nobody else.
            Way::Control(data) => ask(data, &command).await,
        }
    }

    /// The newest revision of the fleet.
    pub(crate) fn revision(&self) -> watch::Receiver<u64> {
        self.revision.clone()
    }

    /// Agents to open.
    pub(crate) fn clicked(&self) -> broadcast::Receiver<Vec<EntityId>> {
        self.clicked.subscribe()
    }
}

async fn ask(data: &Path, command: &Command) -> Result<Value, Refusal> {
    let mut client = Client::connect(data).await.map_err(|error| {
        Refusal::new("control.unreachable", error.to_string(), "Start Beatkeeper again; the page goes on by itself.")
    })?;
    client.execute(command).await
}

/// Hears of every revision of a running engine, also of one that was started again.
async fn follow(data: PathBuf, told: watch::Sender<u64>) {
    while !told.is_closed() {
        let mut client = match Client::connect(&data).await {
            Ok(client) => client,
            Err(error) => {
                tracing::debug!("no news from the engine: {error}");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        loop {
            let other_than = *told.borrow();
            match client.execute(&Command::Revision { other_than }).await.map(|answer| answer.as_u64()) {
                Ok(Some(revision)) => {
                    told.send_if_modified(|known| std::mem::replace(known, revision) != revision);
                }
                Ok(None) => return tracing::warn!("the running engine is of another version: changes come every 5 s"),
                Err(refusal) if refusal.code == "control.bad_command" => {
                    return tracing::warn!("the running engine is of an older version: changes come every 5 s");
                }
                Err(refusal) => {
                    tracing::debug!("the engine went away: {refusal}");
                    break;
                }
            }
        }
    }
}

/// Whoever runs the engine shows its notices.
fn show_notices(engine: &mut Engine, clicked: broadcast::Sender<Vec<EntityId>>) {
    let Some(tellings) = engine.tellings() else { return };
    let handle = engine.handle();
    tokio::spawn(async move {
        let asked = handle.clone();
        let (desktop, outcomes) = telling::desktop(OnClick::call(move |click| {
            let command: fn(EntityId) -> Command = match click.action {
                ClickAction::Open => {
                    // Nobody listens while no page is open.
                    let _ = clicked.send(click.agents);
                    return;
                }
                ClickAction::Restart => |id| Command::AgentRestart { id },
                ClickAction::Snooze => |id| Command::AgentSnooze { id, minutes: None },
            };
            for id in click.agents {
                let (engine, command) = (asked.clone(), command(id));
                tokio::spawn(async move {
                    if let Err(refusal) = engine.execute(command).await {
                        tracing::warn!("a notice's button: {refusal}");
                    }
                });
            }
        }));
        telling::carry(handle, tellings, &desktop, outcomes).await;
    });
}
