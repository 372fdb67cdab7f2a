//! The simulation of the fleet and its alerts, in virtual time.

use anyhow::Result;

use crate::exec;

/// What the tests run: many small fleets, and one large one.
pub(crate) const TESTED: [&[&str]; 2] = [&["--seeds", "200"], &["--large"]];

/// Options of `cargo xtask sim`.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Passed on to the simulation, such as --seed N, --seeds N, --large; --help names them all.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs it.
pub fn sim(options: &Options) -> Result<()> {
    let arguments: Vec<&str> = options.arguments.iter().map(String::as_str).collect();
    run(&arguments)
}

/// In a profile of its own: optimised, since it simulates years, and with a development build's checks.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let mut command = exec::cargo(&["run", "--profile", "sim", "-p", "beatkeeper-sim", "--"]);
    exec::run(command.args(arguments))
}
