//! Serves the window to a plain browser on this computer, and passes its commands on to the engine: to the one that runs,
//! or to one of its own. For the window's development; `cargo xtask ui` starts it.

mod access;
mod answer;
mod backend;
mod commands;
mod events;
mod files;
mod server;
mod signals;

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use beatkeeper_engine::{Paths, VaultChoice};
use clap::{Parser, ValueEnum};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use access::Access;
use backend::Backend;
use signals::Signals;

const PASSPHRASE: &str = "BEATKEEPER_PASSPHRASE";

/// The window in a plain browser, on this computer's engine.
#[derive(Debug, Parser)]
#[command(name = "beatkeeper-bridge", version)]
struct Args {
    /// The built window: `npm run build -- --mode bridge`
    #[arg(long, value_name = "DIR")]
    dist: PathBuf,
    /// The configuration file of an engine that is started here
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder, by which a running engine is found
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where an engine that is started here keeps its keys; `file` takes its passphrase from BEATKEEPER_PASSPHRASE
    #[arg(long, value_enum, default_value_t = Vault::Keychain)]
    vault: Vault,
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Open the browser
    #[arg(long)]
    open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Vault {
    Keychain,
    File,
}

fn main() -> ExitCode {
    beatkeeper_runner::shim::run_if_asked();
    beatkeeper_engine::keep_memory_out_of_crash_reports();
    let filter = EnvFilter::try_from_env("BEATKEEPER_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let index = args.dist.join("index.html");
    ensure!(index.is_file(), "there is no {}: build the window with `npm run build -- --mode bridge`", index.display());
    let paths = Paths::resolve(args.config.clone(), args.data.clone())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let ended = runtime.block_on(serve(args, paths));
    // A desktop that hangs over a notice does not delay the end.
    runtime.shutdown_background();
    ended
}

async fn serve(args: &Args, paths: Paths) -> Result<()> {
    let mut signals = Signals::listen()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.context("the port cannot be had")?;
    let port = listener.local_addr()?.port();
    let (access, token) = Access::new(port)?;
    let (backend, own) = Backend::open(paths, || vault(args.vault)).await?;
    let routes = server::routes(access, Arc::new(backend), args.dist.clone());
    let url = format!("http://127.0.0.1:{port}{}?token={token}", server::ENTER);
    say(&url)?;
    if args.open {
        open(&url);
    }
    let told = tokio::select! {
        // Not gracefully: a page that listens for events never goes by itself.
        served = axum::serve(listener, routes) => served.context("the browser is no longer served"),
        () = signals.next() => Ok(()),
    };
    if let Some(engine) = own {
        Box::pin(engine.shutdown()).await;
    }
    told
}

fn vault(kind: Vault) -> Result<VaultChoice> {
    Ok(match kind {
        Vault::Keychain => VaultChoice::Keychain,
        Vault::File => {
            let passphrase = std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty());
            let passphrase =
                passphrase.with_context(|| format!("--vault file takes its passphrase from {PASSPHRASE}"))?;
            VaultChoice::File { passphrase: SecretString::from(passphrase) }
        }
    })
}

/// The one line on stdout.
fn say(url: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{url}")?;
    Ok(out.flush()?)
}

fn open(url: &str) {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(before).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        tracing::warn!("{program} does not open the browser: {error}; open the address above yourself");
    }
}
