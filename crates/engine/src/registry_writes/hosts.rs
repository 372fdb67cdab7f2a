//! Registry writes as hosts ask for them: of a running engine, and without one.

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::ProcessState;
use beatkeeper_runner::Run;
use beatkeeper_vault::Vault;
use serde_json::Value;
use tokio::sync::{oneshot, watch};

use super::client::Asker;
use super::{Desk, Write};
use crate::command::Command;
use crate::fleet_loop::Ask;
use crate::handle::{Handle, blocking, ended};
use crate::paths::Paths;
use crate::refusal::{Refusal, json_of};

impl Handle {
    pub(crate) async fn write_propose(&self, id: EntityId, write: Write) -> Result<Value, Refusal> {
        json_of(&self.desk().propose(&id, &write).await?)
    }

    /// What was begun is brought to its end although whoever asked for it is gone; only a registry's limit is
    /// not waited out for nobody.
    pub(crate) async fn write_carry_out(&self, id: EntityId, write: Write, seal: String) -> Result<Value, Refusal> {
        let (_there, presence) = watch::channel(());
        let (work, asker) = (self.clone(), Asker::while_there(presence));
        let done = tokio::spawn(async move { work.carry_out_for(asker, &id, &write, &seal).await });
        done.await.map_err(|_| ended())?
    }

    async fn carry_out_for(&self, asker: Asker, id: &EntityId, write: &Write, seal: &str) -> Result<Value, Refusal> {
        let desk = Desk { asker, ..self.desk() };
        let done = desk.carry_out(id, write, seal).await?;
        if done.agent != *id {
            let (reply, reloaded) = oneshot::channel();
            self.asks.send(Ask::Reload(reply)).await.map_err(|_| ended())?;
            reloaded.await.map_err(|_| ended())?;
        }
        // Whoever watches it is told at once what the registry has now.
        let (reply, told) = oneshot::channel();
        let retry = Command::AgentRetry { id: done.agent.clone() };
        self.asks.send(Ask::Command(Box::new(retry), reply)).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())??;
        json_of(&done)
    }

    fn desk(&self) -> Desk<'_> {
        let desk = Desk::new(&self.shared.paths, &self.shared.vault, &self.shared.changing);
        Desk { engine: Some(self), ..desk }
    }

    /// Whether a process of it runs that was started here, or is started in a while.
    async fn is_up(&self, id: &EntityId) -> Result<bool, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::Row(id.clone(), reply)).await.map_err(|_| ended())?;
        let row = answer.await.map_err(|_| ended())?;
        Ok(row.is_some_and(|row| {
            let changes =
                matches!(row.process.state, ProcessState::Starting | ProcessState::Waiting | ProcessState::Stopping);
            row.process.run.is_some_and(|run| run.pid.is_some() || changes)
        }))
    }
}

impl Desk<'_> {
    /// A process that was started here has the old key, and would be watched by nobody.
    pub(super) async fn must_be_down(&self, id: &EntityId) -> Result<(), Refusal> {
        let is_up = match self.engine {
            Some(engine) => engine.is_up(id).await?,
            None => {
                let (runs, id) = (self.paths.runs(), id.clone());
                blocking(move || Run::goes_on(&runs, id.as_str()).map_err(|error| untold(&error))).await?
            }
        };
        if !is_up {
            return Ok(());
        }
        Err(Refusal::new(
            "run.is_up",
            format!("A process of {id} runs or is to run, and was started here"),
            "Stop it first (`beatkeeper down AGENT`), and start it again with its new key.",
        ))
    }
}

fn untold(error: &std::io::Error) -> Refusal {
    let sentence = format!("It cannot be told whether its process runs: {error}");
    Refusal::new("run.unreadable", sentence, "See to what is wrong in the data folder and try again.")
}

/// Does it without a running engine; nothing for other commands.
pub(crate) fn execute_offline(paths: &Paths, vault: &Vault, command: &Command) -> Option<Result<Value, Refusal>> {
    let changing = tokio::sync::Mutex::new(());
    let desk = Desk::new(paths, vault, &changing);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the commands that write to a registry are named")]
    match command {
        Command::WritePropose { id, write } => Some(run(desk.propose(id, write)).and_then(|plan| json_of(&plan))),
        Command::WriteCarryOut { id, write, seal } => {
            Some(run(desk.carry_out(id, write, seal)).and_then(|done| json_of(&done)))
        }
        _ => None,
    }
}

fn run<T>(work: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Refusal::new("system.runtime", format!("The system gave no resources: {error}"), "Close something, try again.")
    })?;
    runtime.block_on(work)
}
