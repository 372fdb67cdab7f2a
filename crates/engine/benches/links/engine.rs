//! The engine, as the app and the command line start it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_engine::Engine;
use beatkeeper_engine::command::Command;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::child::Answer;
use super::lateness::{Lateness, Listener};
use super::usage::Meter;
use super::{Outcome, crowd, obey};

/// A beat that was sent this long ago should be confirmed.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(10);

pub(crate) fn run(folder: &Path, links: u32, url: &str) -> Outcome<()> {
    let runtime = Runtime::new()?;
    let lateness = Arc::new(Lateness::default());
    tracing::subscriber::set_global_default(Listener(Arc::clone(&lateness)))?;
    crowd::write_config(folder, links, url)?;
    let meter = Meter::start(lateness);
    let mut engine = None;
    obey(|question| match question.split_whitespace().collect::<Vec<_>>()[..] {
        ["start", _] => {
            engine = Some(runtime.block_on(Box::pin(start(folder)))?);
            Ok(Answer::default())
        }
        ["window", seconds] => Ok(meter.window(seconds.parse()?)),
        ["beats"] => beats(&runtime, engine.as_ref().ok_or("the engine was not started")?),
        _ => Err(format!("the engine does not understand \"{question}\"").into()),
    })?;
    if let Some(engine) = engine {
        runtime.block_on(Box::pin(engine.shutdown()));
    }
    Ok(())
}

async fn start(folder: &Path) -> Outcome<Engine> {
    let mut engine = Engine::start(crowd::options(folder)).await?;
    let mut tellings = engine.tellings().ok_or("the tellings were taken")?;
    tokio::spawn(async move { while tellings.recv().await.is_some() {} });
    Ok(engine)
}

/// What became of all beats since the start.
fn beats(runtime: &Runtime, engine: &Engine) -> Outcome<Answer> {
    let ask = |command| {
        let handle = engine.handle();
        runtime.block_on(Box::pin(async move { handle.execute(command).await })).map_err(|refusal| refusal.sentence)
    };
    let delta = ask(Command::FleetDelta { since: 0 })?;
    let now = delta["now"].as_u64().ok_or("a fleet without a time")?;
    let rows = delta["rows"].as_array().ok_or("a fleet without rows")?;
    let count = |row: &Value, what: &str| row["beats"][what].as_u64().unwrap_or(0);
    let all = |what: &str| rows.iter().map(|row| count(row, what)).sum::<u64>();
    let settled_since = now.saturating_sub(u64::try_from(CONFIRMED_WITHIN.as_millis())?);
    let owed = rows.iter().map(|row| {
        let under_way = u64::from(row["last_sent_at"].as_u64().is_some_and(|sent| sent > settled_since));
        count(row, "sent").saturating_sub(count(row, "confirmed") + under_way)
    });
    let status = ask(Command::EngineStatus)?;
    if let Some(problem) = status["problem"].as_str() {
        // Standard output belongs to the answers.
        return Err(format!("the engine says: {problem}").into());
    }
    Ok(Answer::default()
        .with("sent", all("sent"))
        .with("confirmed", all("confirmed"))
        .with("unconfirmed", all("unconfirmed"))
        .with("foreign", all("foreign"))
        .with("owed", owed.sum::<u64>()))
}
