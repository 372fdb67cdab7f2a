//! The `beatkeeper` command: agents, status and history of the running engine, a headless engine, a registry in a box.

mod agent;
mod alert;
mod args;
mod bus;
mod changes;
mod devnet;
mod doctor;
mod downtime;
mod drill;
mod export;
mod failure;
mod fleet;
mod history;
mod incident;
mod local;
mod logging;
mod lookup;
mod out;
mod passphrase;
mod process;
mod quit;
mod remote;
mod run;
mod shape;
mod signals;
mod status;
mod style;
mod table;
mod time;
mod watch;

use std::process::ExitCode;

use beatkeeper_engine::Paths;
use beatkeeper_engine::command::Refusal;
use clap::Parser as _;

use args::{Args, Common, Subject};
use failure::Failure;
use local::logs;
use local::orders::{self, Order};

fn main() -> ExitCode {
    beatkeeper_runner::shim::run_if_asked();
    beatkeeper_engine::keep_memory_out_of_crash_reports();
    let Args { common, subject } = Args::parse();
    logging::start(common.verbose, matches!(subject, Subject::Run | Subject::Up { foreground: true, .. }));
    match perform(&common, &subject) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(subject.wants_json()),
    }
}

fn perform(common: &Common, subject: &Subject) -> Result<(), Failure> {
    if let Subject::Devnet(options) = subject {
        // It has neither configuration nor data.
        return devnet::serve(options);
    }
    let paths = Paths::resolve(common.config.clone(), common.data.clone()).map_err(|error| Refusal::from(&error))?;
    match subject {
        Subject::Agent(command) => agent::perform(&paths, common.vault, command),
        Subject::Alert(command) => alert::perform(&paths, command),
        Subject::Bus(command) => bus::perform(&paths, common.vault, command),
        Subject::Run => run::run(&paths, common.vault, None),
        Subject::Up { options, foreground: true } => run::run(&paths, common.vault, Some(options)),
        Subject::Up { options, foreground: false } => orders::give(&paths, Order::Up, options),
        Subject::Down(options) => orders::give(&paths, Order::Down, options),
        Subject::Restart(options) => orders::give(&paths, Order::Restart, options),
        Subject::Logs(options) => logs::print(&paths, options),
        Subject::Status { json, watch: false } => status::print(&paths, *json),
        Subject::Status { json, watch: true } => watch::watch(&paths, *json),
        Subject::History { agent, json, limit } => history::print(&paths, agent, *json, *limit),
        Subject::Export(options) => export::print(&paths, options),
        Subject::Downtime(options) => downtime::print(&paths, options),
        Subject::Doctor(options) => doctor::examine(&paths, common.vault, options),
        Subject::Drill(options) => drill::drill(&paths, options),
        Subject::Incident(command) => incident::perform(&paths, command),
        Subject::Quit => quit::quit(&paths),
        Subject::Devnet(options) => devnet::serve(options),
    }
}
