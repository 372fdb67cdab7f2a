//! Ten thousand rows in the real window, 333 of them changed a second: what an update costs the page, whether it still
//! scrolls at the display's pace, and whether the web process keeps its size.
//!
//! `cargo xtask bench window`, or `cargo bench -p beatkeeper-tests --bench window [-- --agents N --minutes M --memory-only]`
//!
//! The app is the release build, its registry a real one on loopback; every change is a beat that the registry announces,
//! that the engine takes in, and that the page pulls. The display is drawn without a graphics processor, which is the worst
//! case. Beside every figure stands a baseline of the same page in the same run. Figures are printed and never fail.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod crowd;
mod memory;
mod probes;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use beatkeeper_devnet::{Config, Devnet};
use beatkeeper_tests::{App, Page, Screen, WindowState, alive, within};
use serde_json::json;
use xtask::paths;
use xtask::rig::{Desktop, Keychain, Notifications, Parts, TrayHost};

use crowd::Crowd;
use memory::WebProcess;

/// Between two beats of an agent; with 10,000 agents 333 rows change a second.
const INTERVAL: Duration = Duration::from_secs(30);
/// The table is full within this time, or never.
const FULL_WITHIN: Duration = Duration::from_secs(180);
const UPDATES_FOR: Duration = Duration::from_secs(60);
/// Between the last agent's first beat and the first look at the memory: what loading has left is collected by then.
const SETTLE: Duration = Duration::from_secs(150);
const SCROLL_FOR: Duration = Duration::from_secs(10);

/// What was asked for.
struct Wanted {
    agents: u32,
    minutes: u32,
    memory_only: bool,
}

impl Wanted {
    fn read() -> Result<Self> {
        let mut wanted = Self { agents: 10_000, minutes: 10, memory_only: false };
        let mut rest = std::env::args().skip(1);
        while let Some(arg) = rest.next() {
            let mut number = || -> Result<u32> {
                let text = rest.next().with_context(|| format!("{arg} needs a number"))?;
                text.parse().with_context(|| format!("{arg} needs a number, and {text} is none"))
            };
            match arg.as_str() {
                "--agents" => wanted.agents = number()?.max(1),
                "--minutes" => wanted.minutes = number()?,
                "--memory-only" => wanted.memory_only = true,
                // Cargo says so to every benchmark.
                "--bench" => {}
                other => bail!("{other} is not known; there are --agents N, --minutes M and --memory-only"),
            }
        }
        Ok(wanted)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let wanted = Wanted::read()?;
    let app_binary = paths::release_binary("beatkeeper-desktop");
    if !app_binary.is_file() {
        bail!("{} is not built yet: run `cargo xtask bench window`", app_binary.display());
    }
    let parts =
        Parts { keychain: Keychain::Absent, notifications: Notifications::None, tray_host: TrayHost::Xfce4Panel };
    let mut desktop = Desktop::start(parts)?;
    let devnet = Devnet::start(Config { registrations_per_minute: None, ..Config::default() }).await?;
    let app = App::install(&desktop, &devnet.url())?;
    let crowd = Crowd::register(&devnet, wanted.agents);
    crowd.configure(&app.config_file(), &devnet.url())?;
    let beating = tokio::spawn(crowd.beat(devnet, INTERVAL));

    let rate = f64::from(wanted.agents) / INTERVAL.as_secs_f64();
    println!(
        "{} agents, all active, {rate:.0} rows changed a second, release build, no graphics processor",
        wanted.agents
    );
    if !wanted.memory_only {
        time(&mut desktop, &app, &app_binary, wanted.agents).await?;
    }
    if wanted.minutes > 0 {
        weigh(&mut desktop, &app, &app_binary, &wanted).await?;
    }
    beating.abort();
    Ok(())
}

/// What the page costs in time.
async fn time(desktop: &mut Desktop, app: &App, binary: &Path, agents: u32) -> Result<()> {
    let page = Page::open_program(desktop, binary, app).await?;
    let full = probes::active(agents);
    within(FULL_WITHIN, "the table to be full", async || {
        let sentence = page.text("fleet-sentence").await?;
        Ok((sentence == full).then_some(()))
    })
    .await?;
    let updates = probes::updates(&page, UPDATES_FOR).await?;
    updates.print(UPDATES_FOR);
    let idle = probes::frames(&page, 0, SCROLL_FOR).await?;
    let scrolling = probes::frames(&page, probes::SCROLL_PIXELS, SCROLL_FOR).await?;
    let bare = probes::bare_frames(&page, SCROLL_FOR).await?;
    probes::print_frames(&idle, &bare, &scrolling);
    let pid = Screen::pid(desktop)?;
    page.close().await?;
    // There is one app at a time; the next one would only raise this one's window.
    within(FULL_WITHIN, "the app to end", async || Ok((!alive(pid)).then_some(()))).await
}

/// What it costs in memory, when nobody drives or times it: both leave something behind in the page.
async fn weigh(desktop: &mut Desktop, app: &App, binary: &Path, wanted: &Wanted) -> Result<()> {
    let pid = app.launch_program(binary, "watched", desktop, &[])?;
    within(FULL_WITHIN, "the table to be full", async || {
        // Whoever ends a connection is another app that ends, or one that begins.
        let status = app.ask(json!({ "command": "status" })).await.unwrap_or_default();
        Ok((status["summary"]["counts"]["active"] == wanted.agents).then_some(()))
    })
    .await?;
    Screen::until(desktop, WindowState::Shown).await?;
    tokio::time::sleep(SETTLE).await;
    // For people: that it was in sight, and full.
    desktop.screenshot(&paths::target().join("bench-window.png"))?;
    WebProcess::of(pid)?.watch(Duration::from_secs(u64::from(wanted.minutes) * 60)).await?.print();
    Ok(())
}
