//! `beatkeeper devnet`: the registry in a box, as a process.

use beatkeeper_devnet::{Config, Devnet, StartError};

use crate::args::DevnetOptions;
use crate::failure::Failure;
use crate::out;
use crate::remote::no_runtime;
use crate::signals::Signals;

/// Serves until it is told to stop.
pub(crate) fn serve(options: &DevnetOptions) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| no_runtime(&error))?;
    runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| no_runtime(&error))?;
        let devnet = Box::pin(Devnet::start(config(options))).await.map_err(|error| refusal(&error))?;
        out::raw(&format!("devnet listening on {}\n", devnet.url()))?;
        signals.next().await;
        // Open sockets just die, as the real registry's do; a second signal does not have to wait for them.
        tokio::select! {
            _ = Box::pin(devnet.shutdown()) => {}
            () = signals.next() => {}
        }
        Ok(())
    })
}

fn config(options: &DevnetOptions) -> Config {
    Config {
        listen: options.listen,
        inactive_after: options.inactive_after,
        sweep: options.sweep,
        faults: options.faults.clone(),
        ..Config::default()
    }
}

fn refusal(error: &StartError) -> Failure {
    match error {
        StartError::Listen { listen, source } => Failure::refused(
            "devnet.listen",
            format!("The devnet cannot listen on {listen}: {source}"),
            "Choose another address with --listen; port 0 takes any free one.",
        ),
        StartError::ZeroSweep => Failure::refused("devnet.sweep", error.to_string(), "Give --sweep at least 1."),
    }
}
