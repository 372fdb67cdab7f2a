//! `beatkeeper up`, `down` and `restart`.

use beatkeeper_engine::Paths;
use beatkeeper_engine::command::{Command, Ordered, Refusal};
use serde_json::Value;

use super::engine::Engine;
use super::wait::{Before, Goal, line, until, width};
use super::{Local, whom};
use crate::args::OrderOptions;
use crate::failure::Failure;
use crate::out::{self, note, plain};
use crate::remote::{Connection, runtime};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Up,
    Down,
    Restart,
}

/// Has the running engine carry an order out.
pub(crate) fn give(paths: &Paths, order: Order, options: &OrderOptions) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let connection = match Connection::open(&paths.data).await {
            Err(failure @ Failure::NobodyRuns(_)) if order == Order::Up => {
                note("`beatkeeper up --foreground` runs one here, until Ctrl+C.");
                return Err(failure);
            }
            opened => opened?,
        };
        Box::pin(carry_out(&mut Engine::Elsewhere(connection), paths, order, options)).await
    })
}

pub(super) async fn carry_out(
    engine: &mut Engine,
    paths: &Paths,
    order: Order,
    options: &OrderOptions,
) -> Result<(), Failure> {
    let (agents, mut failed) = match order {
        Order::Up => whom::to_start(engine, &options.agents).await?,
        Order::Down | Order::Restart => (whom::known(engine, paths, &options.agents).await?, 0),
    };
    let before = Before::of(&engine.fleet().await?);
    let width = width(&agents);
    let mut taken = Vec::new();
    for (agent, refusal) in ask(engine, order, &agents).await? {
        match refusal {
            None => taken.push(agent),
            Some(refusal) => {
                failed += 1;
                out::lines(&[line(&agent.name, width, &plain(&refusal.sentence))])?;
                note(&format!("  remedy: {}", plain(&refusal.remedy)));
            }
        }
    }
    if options.no_wait {
        let words = match order {
            Order::Up => "is being started",
            Order::Down => "is being ended",
            Order::Restart => "is being restarted",
        };
        out::lines(&taken.iter().map(|agent| line(&agent.name, width, words)).collect::<Vec<_>>())?;
    } else {
        let goal = match order {
            Order::Up => Goal::Up,
            Order::Down => Goal::Down,
            Order::Restart => Goal::UpAgain,
        };
        failed += until(engine, &taken, goal, &before, width).await?.len();
    }
    verdict(order, failed)
}

/// Asks for it; answers each agent with why it was refused.
async fn ask(engine: &mut Engine, order: Order, agents: &[Local]) -> Result<Vec<(Local, Option<Refusal>)>, Failure> {
    if agents.is_empty() {
        // No ids would mean everybody.
        return Ok(Vec::new());
    }
    let ids = agents.iter().map(|agent| agent.id.clone()).collect();
    let ordered: Vec<Ordered> = match order {
        Order::Up => engine.ask(Command::AgentUp { ids }).await?,
        Order::Down => engine.ask(Command::AgentDown { ids }).await?,
        Order::Restart => return restart(engine, agents).await,
    };
    let refusal = |agent: &Local| ordered.iter().find(|one| one.id == agent.id).and_then(|one| one.refusal.clone());
    Ok(agents.iter().map(|agent| (agent.clone(), refusal(agent))).collect())
}

/// Only what is started here: the link of others is `beatkeeper agent restart`.
async fn restart(engine: &mut Engine, agents: &[Local]) -> Result<Vec<(Local, Option<Refusal>)>, Failure> {
    let fleet = engine.fleet().await?;
    let mut answers = Vec::new();
    for agent in agents {
        let is_ours = fleet.get(&agent.id).is_some_and(|row| row.process.run.is_some());
        let refusal = if is_ours {
            match engine.ask::<Value>(Command::AgentRestart { id: agent.id.clone() }).await {
                Ok(_) => None,
                Err(Failure::Refused(refusal)) => Some(refusal),
                Err(failure) => return Err(failure),
            }
        } else {
            Some(Refusal::new(
                "run.no_command",
                "nothing says how it is started, so it cannot be restarted",
                "`beatkeeper agent restart` dials its link anew.",
            ))
        };
        answers.push((agent.clone(), refusal));
    }
    Ok(answers)
}

fn verdict(order: Order, failed: usize) -> Result<(), Failure> {
    let words = match (order, failed) {
        (_, 0) => return Ok(()),
        (Order::Up | Order::Restart, 1) => "1 agent is not up".to_owned(),
        (Order::Up | Order::Restart, many) => format!("{many} agents are not up"),
        (Order::Down, 1) => "1 agent was not ended".to_owned(),
        (Order::Down, many) => format!("{many} agents were not ended"),
    };
    let remedy = "See `beatkeeper logs AGENT` and `beatkeeper agent show AGENT`.";
    Err(Failure::Shown(Refusal::new("run.not_all", words, remedy)))
}
