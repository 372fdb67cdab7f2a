//! `cargo xtask`: one command to see it, one to prove it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Beatkeeper's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Open the app on an embedded registry with five real agents that live, fall silent and die within two minutes.
    Demo(xtask::demo::Options),
    /// Build the app for release and open it on your own configuration.
    Run {
        /// Passed on to the app.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Open the window in a plain browser, on the engine that runs or on one of its own, for the window's development.
    Ui(xtask::ui::Options),
    /// Prove everything: format, lints, unit, property, integration, interface and end-to-end tests.
    Test(xtask::test::Options),
    /// Run the fleet and its alerts through simulated months against a reference model.
    Sim(xtask::sim::Options),
    /// Measure, and print ratios rather than bare times.
    Bench {
        /// Only these; all of them without a name.
        names: Vec<String>,
    },
    /// Look at every state of the window and compare it with its kept picture; or keep it, or retake the README's.
    Pictures(xtask::pictures::Options),
    /// Generate the committed icon sets from their SVG sources.
    Icons,
    /// Install what building, showing and testing need, and nothing else.
    Setup,
    /// Install the registry's own Python kit into target/sdk, for the test that runs a real agent of it.
    Sdk,
}

fn main() -> ExitCode {
    match chore(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            xtask::say::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn chore(chore: Chore) -> anyhow::Result<()> {
    match chore {
        Chore::Demo(options) => xtask::demo::demo(&options),
        Chore::Run { arguments } => xtask::run::run(&arguments),
        Chore::Ui(options) => xtask::ui::ui(&options),
        Chore::Test(options) => xtask::test::test(&options),
        Chore::Sim(options) => xtask::sim::sim(&options),
        Chore::Bench { names } => xtask::bench::bench(&names),
        Chore::Pictures(options) => xtask::pictures::pictures(&options),
        Chore::Icons => xtask::icons::icons(),
        Chore::Setup => xtask::setup::everything(),
        Chore::Sdk => xtask::sdk::sdk().map(drop),
    }
}
