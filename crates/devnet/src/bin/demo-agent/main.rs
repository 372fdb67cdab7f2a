//! A small real agent for the demo and for tests: it has a key, registers itself, serves `/health` and its card, and beats
//! well or badly as it is told.

mod card;
mod heartbeat;
mod key;
mod register;
mod server;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::{EntityId, EntityKind};
use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use key::AgentKey;
use server::{Pages, Port};

/// A small real agent, for demonstrations of Beatkeeper.
#[derive(Parser)]
#[command(name = "beatkeeper-demo-agent", version)]
struct Args {
    /// The registry's base URL (http only: it is meant for a devnet).
    #[arg(long, value_name = "URL")]
    registry: BaseUrl,
    /// The name to register under.
    #[arg(long)]
    name: String,
    /// The key file; it is created when it is not there. Without one, the environment says where the key is, as it does
    /// for the SDKs: `ZYND_AGENT_KEYPAIR_PATH`, or else `ZYND_AGENT_PRIVATE_KEY`.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Port of /health and the card on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    health_port: u16,
    /// While this file is there, /health answers 500.
    #[arg(long, value_name = "FILE")]
    unwell_while: Option<PathBuf>,
    /// The address to publish, instead of that port.
    #[arg(long, value_name = "URL")]
    entity_url: Option<String>,
    /// The key file that the card shows and is signed with, instead of the agent's own.
    #[arg(long, value_name = "FILE")]
    card_key: Option<PathBuf>,
    /// Write each request to stdout.
    #[arg(long)]
    access_log: bool,
    /// Seconds between two beats.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    interval: Duration,
    /// beat, silent-after=SECONDS, skew=SECONDS, idle or never.
    #[arg(long, default_value = "beat")]
    behaviour: Behaviour,
}

/// What the agent does once it is registered.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Behaviour {
    /// Beats on schedule.
    Beat,
    /// Beats for this long, then hangs: health and socket stay.
    SilentAfter(Duration),
    /// Beats with a clock that is this many seconds ahead.
    Skew(i64),
    /// Never beats itself.
    Idle,
}

impl FromStr for Behaviour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is not one of beat, silent-after=SECONDS, skew=SECONDS, idle and never");
        Ok(match text.split_once('=') {
            None if text == "beat" => Self::Beat,
            None if matches!(text, "idle" | "never") => Self::Idle,
            Some(("silent-after", value)) => Self::SilentAfter(seconds(value).map_err(|_| wrong())?),
            Some(("skew", value)) => Self::Skew(value.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        })
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero())
        .ok_or_else(|| format!("\"{text}\" is not a number of seconds"))
}

/// The agent's own clock, right or wrong.
#[derive(Clone, Copy)]
struct Clock(SignedDuration);

impl Clock {
    fn now(self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.0).unwrap_or(now)
    }
}

/// Who the agent is.
struct Agent {
    id: EntityId,
    key: AgentKey,
    clock: Clock,
    registry: BaseUrl,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ended = tokio::select! {
        ended = run(args) => ended,
        () = told_to_stop() => Ok(()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    anyhow::ensure!(!args.registry.is_encrypted(), "the demo agent speaks http only: give it a devnet's URL");
    let key = match &args.key {
        Some(path) => AgentKey::load_or_create(path)?,
        None => AgentKey::of_environment()?,
    };
    let skew = if let Behaviour::Skew(seconds) = args.behaviour { seconds } else { 0 };
    let agent = Agent {
        id: EntityId::from_key(&key.public(), EntityKind::Agent),
        key,
        clock: Clock(SignedDuration::from_secs(skew)),
        registry: args.registry,
    };
    let port = Port::take(args.health_port).await?;
    let health = port.addr;
    let published = args.entity_url.unwrap_or_else(|| format!("http://{health}"));
    let other_key = args.card_key.as_deref().map(AgentKey::load_or_create).transpose()?;
    let card_key = other_key.as_ref().unwrap_or(&agent.key);
    port.serve(Pages {
        entity_id: agent.id.clone(),
        clock: agent.clock,
        unwell_while: args.unwell_while,
        card: card::card(&agent, card_key, &args.name, &published, agent.clock.now()),
        access_log: args.access_log,
    });
    register::register(&agent, &args.name, &published).await?;
    let introduction = json!({
        "entity_id": agent.id,
        "public_key": agent.key.public(),
        "health": format!("http://{health}/health"),
    });
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{introduction}").and_then(|()| stdout.flush()).context("cannot say who I am on stdout")?;
    drop(stdout);
    match args.behaviour {
        Behaviour::Beat | Behaviour::Skew(_) => heartbeat::beat(&agent, args.interval, None).await,
        Behaviour::SilentAfter(time) => heartbeat::beat(&agent, args.interval, Some(time)).await,
        Behaviour::Idle => std::future::pending().await,
    }
}

/// One line for whoever watches.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "beatkeeper-demo-agent: {line}");
}

#[cfg(unix)]
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(not(unix))]
async fn told_to_stop() {
    let _ = tokio::signal::ctrl_c().await;
}
