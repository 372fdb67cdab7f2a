//! `beatkeeper up --foreground`: the agents of an engine in this process, started with it and ended before it.

use beatkeeper_engine::command::{Command, Ordered};
use beatkeeper_engine::{Handle, Paths};

use super::Local;
use super::engine::Engine;
use super::orders::{Order, carry_out};
use super::wait::{Before, Goal, until, width};
use crate::args::OrderOptions;
use crate::failure::Failure;

/// Starts them. Who does not come up is told, and keeps nothing else from running.
pub(crate) async fn up(handle: Handle, paths: Paths, options: OrderOptions) {
    if let Err(failure) = carry_out(&mut Engine::Here(handle), &paths, Order::Up, &options).await {
        failure.tell(false);
    }
}

/// Ends those that run, and waits for that.
pub(crate) async fn down(handle: Handle) -> Result<(), Failure> {
    let mut engine = Engine::Here(handle);
    let fleet = engine.fleet().await?;
    let ours =
        fleet.worst_first().into_iter().filter(|row| row.process.run.as_ref().is_some_and(|run| run.pid.is_some()));
    let agents: Vec<Local> = ours.map(|row| Local { id: row.id.clone(), name: row.name.clone() }).collect();
    if agents.is_empty() {
        return Ok(());
    }
    let ids = agents.iter().map(|agent| agent.id.clone()).collect();
    let _: Vec<Ordered> = engine.ask(Command::AgentDown { ids }).await?;
    until(&mut engine, &agents, Goal::Down, &Before::of(&fleet), width(&agents)).await.map(drop)
}
