//! Ten thousand beating agents against a bare loop of the same run: memory, CPU, and how late beats are.
//!
//! `cargo bench -p beatkeeper-engine --bench links [-- --links N --seconds S]`
//!
//! Every part is a process of its own, so that each is charged for its own work only: a registry and the whole engine
//! with its vault file, history and confirmation; then a fresh registry and a bare tokio-tungstenite loop that does nothing
//! but sign and send. The bare loop opens its links at the pace at which the engine did, since beats that come in a burst
//! cost less than beats that come one by one. Figures are printed and never fail; what does not come to pass at all (links
//! that never beat) ends the run.
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod bare;
mod child;
mod crowd;
mod engine;
mod lateness;
mod process;
mod registry;
mod report;
mod usage;

use std::path::Path;
use std::time::{Duration, Instant};

use child::{Answer, Child};
use report::{Report, Run};

/// Whatever goes wrong ends the benchmark with its sentence.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Between two beats of a link.
const INTERVAL: Duration = Duration::from_secs(30);
/// So many dials are under way at once in the bare loop, as in the engine.
const DIALS: usize = 256;
/// All links beat within this time, or never.
const ALL_BEATING_WITHIN: Duration = Duration::from_secs(300);
/// Between the last link's first beat and the window. Starting is another figure.
const SETTLE: Duration = Duration::from_secs(10);
/// Files that a process has open beside its sockets.
const OTHER_FILES: u64 = 256;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["registry", folder, links] => registry::run(Path::new(folder), links.parse()?),
        ["bare", folder, links, url] => bare::run(Path::new(folder), links.parse()?, url),
        ["engine", folder, links, url] => engine::run(Path::new(folder), links.parse()?, url),
        _ => compare(&Wanted::read(&args)?),
    }
}

/// What was asked for.
struct Wanted {
    links: u32,
    window: Duration,
}

impl Wanted {
    fn read(args: &[String]) -> Outcome<Self> {
        let mut wanted = Self { links: 10_000, window: Duration::from_secs(60) };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let mut number = || -> Outcome<u32> {
                let text = rest.next().ok_or_else(|| format!("{arg} needs a number"))?;
                Ok(text.parse().map_err(|_| format!("{arg} needs a number, and {text} is none"))?)
            };
            match arg.as_str() {
                "--links" => wanted.links = number()?.max(1),
                "--seconds" => wanted.window = Duration::from_secs(number()?.max(1).into()),
                // Cargo says so to every benchmark.
                "--bench" => {}
                other => return Err(format!("{other} is not known; there are --links N and --seconds S").into()),
            }
        }
        Ok(wanted)
    }
}

fn compare(wanted: &Wanted) -> Outcome<()> {
    let links = affordable(wanted.links);
    let folder = tempfile::tempdir()?;
    crowd::write_developer(folder.path())?;

    println!("{links} links, each beating every {} s; measured for {} s", INTERVAL.as_secs(), wanted.window.as_secs());
    crowd::write_vault(folder.path(), links)?;
    let engine = measure("engine", folder.path(), links, wanted.window, Duration::ZERO)?;
    let bare = measure("bare", folder.path(), links, wanted.window, engine.all_beating)?;
    Report { links, bare, engine }.print();
    Ok(())
}

/// Has `who` beat at a fresh registry, the last link not before `pace`, and measures it.
fn measure(who: &str, folder: &Path, links: u32, window: Duration, pace: Duration) -> Outcome<Run> {
    let files = u64::from(links) + OTHER_FILES;
    let folder = folder.to_string_lossy();
    let count = links.to_string();
    let mut registry = Child::start(files, &["registry", &folder, &count])?;
    let url = registry.ask("url")?.text("url")?.to_owned();

    let mut crowd = Child::start(files, &[who, &folder, &count, &url])?;
    let started = Instant::now();
    crowd.ask(&format!("start {}", pace.as_secs_f64()))?;
    loop {
        let beating = registry.ask("beating")?.number("beating")?;
        if beating >= f64::from(links) {
            break;
        }
        if started.elapsed() > ALL_BEATING_WITHIN {
            let waited = ALL_BEATING_WITHIN.as_secs();
            return Err(format!("{who}: after {waited} s only {beating} of {links} links have beaten").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let all_beating = started.elapsed();
    println!("  {who}: all beat after {:.1} s", all_beating.as_secs_f64());

    std::thread::sleep(SETTLE);
    let taken_before = registry.ask("beating")?.number("taken")?;
    let measured = crowd.ask(&format!("window {}", window.as_secs()))?;
    let taken = registry.ask("beating")?.number("taken")? - taken_before;
    let beats = crowd.ask("beats")?;
    crowd.end();
    registry.end();
    Run::read(all_beating, window, taken, &measured, &beats)
}

/// As many links as this system allows a process files.
fn affordable(wanted: u32) -> u32 {
    let Some(files) = child::most_files() else { return wanted };
    let most = u32::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(u32::MAX).max(1);
    if wanted > most {
        println!("this system lets a process open {files} files: {most} links instead of {wanted}");
    }
    wanted.min(most)
}

/// Does what the first process asks for on standard input, one line each, and answers in one line each. Ends with it.
fn obey(mut answer: impl FnMut(&str) -> Outcome<Answer>) -> Outcome<()> {
    for line in std::io::stdin().lines() {
        println!("{}", answer(line?.trim())?);
    }
    Ok(())
}
