//! The shim as a program of its own, for tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    beatkeeper_runner::shim::run_if_asked();
    // Started by hand there is nothing for it to do.
    ExitCode::from(2)
}
