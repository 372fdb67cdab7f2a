//! The log: a file a day under the data folder, and what a person must see on the terminal, too.

use std::fs;
use std::io::{self, IsTerminal};
use std::panic;
use std::path::Path;

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

const DAYS_KEPT: usize = 7;
/// What the libraries below say at level info is their life, not ours.
const DEFAULT: &str = "warn,beatkeeper_desktop=info,beatkeeper_engine=info,beatkeeper_store=info,beatkeeper_vault=info";

/// Starts it. What is logged last is written when the guard is dropped.
pub(crate) fn start(data: Option<&Path>) -> Option<WorkerGuard> {
    let file = data.map(log_file).transpose();
    let (file, problem) = file.map_or_else(|problem| (None, Some(problem)), |file| (file, None));
    let (writer, guard) = file.unzip();
    let filter = || EnvFilter::try_from_env("BEATKEEPER_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let to_file = writer.map(|writer| fmt::layer().with_ansi(false).with_writer(writer).with_filter(filter()));
    let to_terminal = fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .with_writer(io::stderr)
        .with_filter(LevelFilter::WARN);
    tracing_subscriber::registry().with(to_file).with(to_terminal).init();
    if let Some(problem) = problem {
        tracing::warn!("there is no log file: {problem}");
    }
    log_panics();
    guard
}

fn log_file(data: &Path) -> io::Result<(NonBlocking, WorkerGuard)> {
    let dir = data.join("log");
    create_private(&dir)?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("beatkeeper")
        .filename_suffix("log")
        .max_log_files(DAYS_KEPT)
        .build(dir)
        .map_err(io::Error::other)?;
    Ok(tracing_appender::non_blocking(appender))
}

#[cfg(unix)]
fn create_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn create_private(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

/// A panic ends one task and not the app, so it must not end up in a terminal that nobody sees.
fn log_panics() {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(thread = std::thread::current().name(), place, "panic: {message}");
    }));
}
