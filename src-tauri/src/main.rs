//! The desktop shell: one window, one tray icon and the notifications around an engine that does all the work.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

#[macro_use]
mod command_list;
mod agents;
mod app;
mod args;
mod commands;
mod engine;
mod logging;
mod main_thread;
mod notices;
mod quit;
mod shell;
mod tray;
mod window;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

fn main() -> ExitCode {
    beatkeeper_runner::shim::run_if_asked();
    beatkeeper_engine::keep_memory_out_of_crash_reports();
    let args = Args::parse();
    let paths = args.paths();
    let _log = logging::start(paths.as_ref().ok().map(|paths| paths.data.as_path()));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "starting");
    match app::run(args, paths) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("Beatkeeper cannot open its window: {error}");
            ExitCode::FAILURE
        }
    }
}
