//! What is done to agents from the tray and from a notice, without the window.

use beatkeeper_core::identity::EntityId;
use beatkeeper_engine::command::{Command, Ordered, Refusal};
use tauri::{AppHandle, Manager, async_runtime};

use crate::shell::Shell;
use crate::window;

/// The incident ended before it could be acknowledged.
const ENDED: &str = "incident.none";

/// Starts the agent's process; its page is shown when it cannot be.
pub(crate) fn start(app: &AppHandle, agent: EntityId) {
    let app = app.clone();
    async_runtime::spawn(async move {
        let answer = app.state::<Shell>().execute(Command::AgentUp { ids: vec![agent.clone()] }).await;
        let ordered = answer.ok().and_then(|answer| serde_json::from_value::<Vec<Ordered>>(answer).ok());
        let refused = ordered.is_none_or(|ordered| ordered.iter().any(|ordered| ordered.refusal.is_some()));
        if refused {
            window::open(&app, vec![agent], None);
        }
    });
}

/// Ends the agent's process.
pub(crate) fn stop(app: &AppHandle, agent: EntityId) {
    act(app, agent.clone(), Command::AgentDown { ids: vec![agent] });
}

/// Restarts the agent's process where that is started here, or else closes its link and dials anew.
pub(crate) fn restart(app: &AppHandle, agent: EntityId) {
    act(app, agent.clone(), Command::AgentRestart { id: agent });
}

/// Tells nothing of the agent for a while.
pub(crate) fn snooze(app: &AppHandle, agent: EntityId) {
    act(app, agent.clone(), Command::AgentSnooze { id: agent, minutes: None });
}

/// Ends that before its time.
pub(crate) fn wake(app: &AppHandle, agent: EntityId) {
    act(app, agent.clone(), Command::AgentSnooze { id: agent, minutes: Some(0) });
}

/// Says that a person knows of the open incidents of these.
pub(crate) fn acknowledge(app: &AppHandle, agents: Vec<EntityId>) {
    let app = app.clone();
    async_runtime::spawn(async move {
        let mut refused = false;
        for id in agents {
            let command = Command::AgentAcknowledge { id, minutes: None };
            refused |= execute(&app, command).await.is_err_and(|refusal| refusal.code != ENDED);
        }
        if refused {
            // It shows who is left.
            window::show(&app);
        }
    });
}

fn act(app: &AppHandle, agent: EntityId, command: Command) {
    let app = app.clone();
    async_runtime::spawn(async move {
        if execute(&app, command).await.is_err() {
            // Its page says how it is, and offers the same.
            window::open(&app, vec![agent], None);
        }
    });
}

async fn execute(app: &AppHandle, command: Command) -> Result<(), Refusal> {
    let done = app.state::<Shell>().execute(command).await;
    done.map(drop).inspect_err(|refusal| tracing::warn!(code = refusal.code, "refused: {refusal}"))
}
