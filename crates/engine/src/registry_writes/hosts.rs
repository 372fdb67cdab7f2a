//! Registry writes as hosts ask for them: of a running engine, and without one.

use beatkeeper_core::identity::EntityId;
use beatkeeper_vault::Vault;
use serde_json::Value;
use tokio::sync::oneshot;

use super::{Desk, Write};
use crate::command::Command;
use crate::fleet_loop::Ask;
use crate::handle::{Handle, ended};
use crate::paths::Paths;
use crate::refusal::{Refusal, json_of};

impl Handle {
    pub(crate) async fn write_propose(&self, id: EntityId, write: Write) -> Result<Value, Refusal> {
        self.must_be_switchable(&id, &write).await?;
        json_of(&self.desk().propose(&id, &write).await?)
    }

    pub(crate) async fn write_carry_out(&self, id: EntityId, write: Write, seal: String) -> Result<Value, Refusal> {
        self.must_be_switchable(&id, &write).await?;
        let done = self.desk().carry_out(&id, &write, &seal).await?;
        if done.agent != id {
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
        Desk::new(&self.shared.paths, &self.shared.vault, &self.shared.changing)
    }

    /// A process that was started here has the old key, and would be watched by nobody.
    async fn must_be_switchable(&self, id: &EntityId, write: &Write) -> Result<(), Refusal> {
        if !matches!(write, Write::NextIndex { .. }) {
            return Ok(());
        }
        self.must_rest(id).await.map_err(|refusal| Refusal {
            remedy: "Stop it first (`beatkeeper down AGENT`), and start it again with its new key.".to_owned(),
            ..refusal
        })
    }
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
