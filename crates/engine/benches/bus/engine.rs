//! The engine, as the app and the command line start it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use beatkeeper_engine::command::Command;
use beatkeeper_engine::{Engine, Options, Paths, VaultChoice};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::child::Answer;
use super::latency::{Departures, Listener, percentiles};
use super::process::{busy, resident};
use super::{Outcome, obey};

/// All agents, as a user's configuration names them.
pub(crate) fn write_config(folder: &Path, agents: u32, interval: Duration, url: &str) -> Outcome<()> {
    let mut text = format!("[[bus]]\nname = \"bench\"\nurl = \"{url}\"\n");
    for number in 0..agents {
        let name = format!("agent-{number}");
        write!(text, "\n[[agent]]\nentity = \"bus:bench/{name}\"\nname = \"{name}\"\nregistry = \"bench\"\n")?;
        writeln!(text, "interval = {}", interval.as_secs())?;
    }
    Ok(std::fs::write(options(folder).paths.config, text)?)
}

fn options(folder: &Path) -> Options {
    let paths = Paths { config: folder.join("beatkeeper.toml"), data: folder.join("data") };
    Options { paths, vault: VaultChoice::File { passphrase: "a bus has no keys".to_owned().into() }, shim: None }
}

pub(crate) fn run(folder: &Path) -> Outcome<()> {
    let runtime = Runtime::new()?;
    let departures = Arc::new(Departures::default());
    tracing::subscriber::set_global_default(Listener(Arc::clone(&departures)))?;
    let before = resident();
    let mut engine = None;
    obey(|question| {
        let words = question.split_whitespace().collect::<Vec<_>>();
        let started = || engine.as_ref().ok_or("the engine was not started");
        match words[..] {
            ["start"] => {
                engine = Some(runtime.block_on(Box::pin(start(folder)))?);
                Ok(Answer::default())
            }
            ["beats"] => beats(&runtime, started()?),
            ["window", seconds] => {
                let answer = window(seconds.parse()?);
                let grown = resident().zip(before).map(|(now, before)| now.saturating_sub(before));
                Ok(grown.into_iter().fold(answer, |answer, bytes| answer.with("memory", bytes)))
            }
            ["latency", seconds] => latency(&runtime, started()?, &departures, seconds.parse()?),
            _ => Err(format!("the engine does not understand \"{question}\"").into()),
        }
    })?;
    if let Some(engine) = engine {
        runtime.block_on(Box::pin(engine.shutdown()));
    }
    Ok(())
}

async fn start(folder: &Path) -> Outcome<Engine> {
    let mut engine = Engine::start(options(folder)).await?;
    let mut tellings = engine.tellings().ok_or("the tellings were taken")?;
    tokio::spawn(async move { while tellings.recv().await.is_some() {} });
    Ok(engine)
}

/// Waits for so many seconds and answers what they cost. What this system does not tell is left out.
fn window(seconds: u64) -> Answer {
    let before = busy();
    std::thread::sleep(Duration::from_secs(seconds));
    match before.zip(busy()) {
        Some((before, after)) => Answer::default().with("cpu", (after - before).as_secs_f64()),
        None => Answer::default(),
    }
}

/// Looks at everybody's last beat, once an interval, three times. Apart from the window, since looking costs something.
fn latency(runtime: &Runtime, engine: &Engine, departures: &Departures, interval: u64) -> Outcome<Answer> {
    let (mut late, mut heard, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    let began = Instant::now();
    for round in 1..=3 {
        std::thread::sleep((Duration::from_secs(interval) * round).saturating_sub(began.elapsed()));
        for row in rows(runtime, engine)? {
            let of = row["id"].as_str().and_then(|id| departures.late_ms(id));
            if let Some((left, trip)) = of.zip(row["round_trip_ms"].as_u64()) {
                late.push(left);
                heard.push(trip);
                whole.push(left + trip);
            }
        }
    }
    let answer = percentiles(percentiles(Answer::default(), "late", late), "heard", heard);
    Ok(percentiles(answer, "whole", whole))
}

/// What became of all beats since the start.
fn beats(runtime: &Runtime, engine: &Engine) -> Outcome<Answer> {
    let rows = rows(runtime, engine)?;
    let count = |row: &Value, what: &str| row["beats"][what].as_u64().unwrap_or(0);
    let all = |what: &str| rows.iter().map(|row| count(row, what)).sum::<u64>();
    let beating = rows.iter().filter(|row| count(row, "confirmed") > 0).count();
    let answer = Answer::default().with("beating", beating).with("sent", all("sent"));
    Ok(answer.with("confirmed", all("confirmed")).with("unconfirmed", all("unconfirmed")))
}

fn rows(runtime: &Runtime, engine: &Engine) -> Outcome<Vec<Value>> {
    let handle = engine.handle();
    let asked = Box::pin(async move { handle.execute(Command::FleetDelta { since: 0 }).await });
    let delta = runtime.block_on(asked).map_err(|refusal| refusal.sentence)?;
    Ok(delta["rows"].as_array().ok_or("a fleet without rows")?.clone())
}
