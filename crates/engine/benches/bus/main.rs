//! Five thousand agents that one engine beats for on a real redis-server, against redis-benchmark's PUBLISH of the same run:
//! what a beat costs the engine and the server, and how soon it is heard again.
//!
//! `cargo bench -p beatkeeper-engine --bench bus [-- --agents N --interval S --seconds S]`
//!
//! The engine is a process of its own, with its hub, links, history and confirmation, so that it is charged for its own work
//! only. The server counts its own. redis-benchmark publishes one of the engine's own messages at the same server, one after
//! the other and sixteen at once, with nobody listening and with one who does. Figures are printed and never fail; what does
//! not come to pass at all (agents that never beat) ends the run.
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

#[path = "../links/child.rs"]
#[allow(dead_code, reason = "the links' benchmark counts files, too")]
mod child;
mod engine;
mod latency;
#[path = "../links/process.rs"]
mod process;
mod report;
mod server;

use std::path::Path;
use std::time::{Duration, Instant};

use child::{Answer, Child};
use report::{Beating, Publishing, Report};
use server::{Publish, Server};

/// Whatever goes wrong ends the benchmark with its sentence.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// All agents beat within this time, or never.
const ALL_BEATING_WITHIN: Duration = Duration::from_secs(300);
/// Intervals between the last agent's first beat and the window. Starting is another figure.
const SETTLE: u32 = 2;
/// Files that a process has open at most; an engine with one bus has few.
const FILES: u64 = 256;
/// How redis-benchmark publishes: messages on their way at once on each of its connections, and whether somebody listens.
const BASELINES: [Publish; 4] = [
    Publish { at_once: 1, heard: false },
    Publish { at_once: 16, heard: false },
    Publish { at_once: 1, heard: true },
    Publish { at_once: 16, heard: true },
];

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["engine", folder] => engine::run(Path::new(folder)),
        _ => compare(&Wanted::read(&args)?),
    }
}

/// What was asked for.
struct Wanted {
    agents: u32,
    interval: Duration,
    window: Duration,
}

impl Wanted {
    fn read(args: &[String]) -> Outcome<Self> {
        let seconds = |number: u32| Duration::from_secs(number.max(1).into());
        let mut wanted = Self { agents: 5000, interval: seconds(10), window: seconds(60) };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let mut number = || -> Outcome<u32> {
                let text = rest.next().ok_or_else(|| format!("{arg} needs a number"))?;
                Ok(text.parse().map_err(|_| format!("{arg} needs a number, and {text} is none"))?)
            };
            match arg.as_str() {
                "--agents" => wanted.agents = number()?.max(1),
                "--interval" => wanted.interval = seconds(number()?),
                "--seconds" => wanted.window = seconds(number()?),
                // Cargo says so to every benchmark.
                "--bench" => {}
                other => {
                    let known = "--agents N, --interval S and --seconds S";
                    return Err(format!("{other} is not known; there are {known}").into());
                }
            }
        }
        Ok(wanted)
    }
}

fn compare(wanted: &Wanted) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path())?;
    engine::write_config(folder.path(), wanted.agents, wanted.interval, &server.url())?;
    let Wanted { agents, interval, window } = wanted;
    println!("{agents} agents, each beating every {} s; measured for {} s", interval.as_secs(), window.as_secs());

    let mut engine = Child::start(FILES, &["engine", &folder.path().to_string_lossy()])?;
    engine.ask("start")?;
    let (started, mut beating) = (Instant::now(), 0.0);
    while beating < f64::from(*agents) {
        if started.elapsed() > ALL_BEATING_WITHIN {
            let waited = ALL_BEATING_WITHIN.as_secs();
            return Err(format!("after {waited} s only {beating} of {agents} agents have beaten").into());
        }
        std::thread::sleep(Duration::from_millis(250));
        beating = engine.ask("beats")?.number("beating")?;
    }
    println!("  all beat after {:.1} s", started.elapsed().as_secs_f64());
    let message = server.one_message()?;
    std::thread::sleep(*interval * SETTLE);

    let before = (server.busy()?, server.published()?);
    let measured = engine.ask(&format!("window {}", window.as_secs()))?;
    let after = (server.busy()?, server.published()?);
    let latency = engine.ask(&format!("latency {}", interval.as_secs()))?;
    let outcome = engine.ask("beats")?;
    engine.end();
    let beating = Beating::read(*window, &measured, &latency, &outcome, after.0 - before.0, after.1 - before.1)?;

    let mut publishing = Vec::new();
    for how in BASELINES {
        let (busy, took) = server.publish(how, &message)?;
        publishing.push(Publishing { how, busy, took });
    }
    Report { agents: *agents, size: message.len(), beating, publishing }.print();
    Ok(())
}

/// Does what the first process asks for on standard input, one line each, and answers in one line each. Ends with it.
fn obey(mut answer: impl FnMut(&str) -> Outcome<Answer>) -> Outcome<()> {
    for line in std::io::stdin().lines() {
        println!("{}", answer(line?.trim())?);
    }
    Ok(())
}
