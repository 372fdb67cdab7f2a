//! A seeded simulation, in virtual time, of the real fleet and its alerts against a plain reference model.
//!
//! A seed is a fleet of agents over some weeks, with everything that goes wrong in them. After every event what the fleet
//! did is held against [`model`]: every real outage is told exactly once, nothing is told that is none, nothing is lost.

mod check;
mod computer;
mod kept;
mod model;
mod person;
mod plan;
mod run;
mod trace;
mod troubles;
mod world;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;

use plan::{HOUR, Size};
use run::{Broken, Stats};
use trace::Trace;

/// Lines of what led to a failure.
const LINES: usize = 80;

/// What to simulate.
#[derive(Parser)]
#[command(name = "cargo xtask sim")]
struct Options {
    /// Only this seed; the same every time.
    #[arg(long)]
    seed: Option<u64>,
    /// So many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// One run of 1,000 agents through a week, instead of many small ones.
    #[arg(long)]
    large: bool,
    /// Agents in a run.
    #[arg(long)]
    agents: Option<usize>,
    /// Days of a run.
    #[arg(long)]
    days: Option<u64>,
    /// Print so many lines of what led to a failure.
    #[arg(long, default_value_t = LINES)]
    lines: usize,
    /// Print what concerns every agent, and not only the one of the failure.
    #[arg(long)]
    all: bool,
    /// Go on after a failure, and count the failures by their rule.
    #[arg(long)]
    go_on: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let (agents, days) = if options.large { (1_000, 7) } else { (20, 30) };
    let size = Size { agents: options.agents.unwrap_or(agents), days: options.days.unwrap_or(days) };
    let seeds = match options.seed {
        Some(seed) => seed..seed + 1,
        None if options.large => options.from..options.from + 1,
        None => options.from..options.from + options.seeds,
    };
    say(&format!("{} agents, {} days each, seeds {} to {}", size.agents, size.days, seeds.start, seeds.end - 1));
    let start = Instant::now();
    let (stats, broken) = run_all(seeds, size, options.go_on);
    if let [(seed, first), ..] = &broken[..] {
        if options.go_on {
            broken.iter().for_each(|(seed, broken)| say(&format!("seed {seed}: {broken}")));
        } else {
            explain(*seed, size, first, &options);
        }
        return ExitCode::FAILURE;
    }
    say(&format!("{stats:?} in {:.1} s", start.elapsed().as_secs_f64()));
    ExitCode::SUCCESS
}

/// Runs the seeds on all cores; the first failure ends it, unless it is to go on.
fn run_all(seeds: std::ops::Range<u64>, size: Size, go_on: bool) -> (Stats, Vec<(u64, Broken)>) {
    let next = AtomicU64::new(seeds.start);
    let failed = AtomicBool::new(false);
    let outcome = Mutex::new((Stats::default(), Vec::new()));
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let result = run::run(seed, size, &mut Trace::default());
            let Ok(mut outcome) = outcome.lock() else { break };
            match result {
                Ok(stats) => outcome.0.add(&stats),
                Err(broken) => {
                    failed.store(!go_on, Ordering::Relaxed);
                    outcome.1.push((seed, broken));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    outcome.into_inner().unwrap_or_default()
}

/// Runs a seed that failed once more, and tells what led to it.
fn explain(seed: u64, size: Size, broken: &Broken, options: &Options) {
    let from = broken.at.saturating_sub(12 * HOUR);
    let mut trace = Trace::last(options.lines, from, broken.agent.filter(|_| !options.all));
    let again = run::run(seed, size, &mut trace);
    trace.lines().for_each(say);
    say(&broken.state);
    say(&format!("seed {seed} failed: {broken}"));
    if let Err(again) = again {
        if again.rule != broken.rule {
            say(&format!("and when it was run again: {again}"));
        }
    } else {
        say("and did not fail when it was run again");
    }
    say(&format!("replay it with: cargo xtask sim --seed {seed}"));
}

fn say(line: &str) {
    // Nobody reads on; then nobody needs the line.
    let _ = writeln!(std::io::stdout(), "{line}");
}
