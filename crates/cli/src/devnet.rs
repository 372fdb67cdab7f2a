//! `beatkeeper devnet`: the registry in a box, as a process.

use std::path::Path;

use beatkeeper_devnet::{ArtCafe, CafeConfig, Config, Devnet, StartError, rsa_public_key};

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
        let cafe = match options.artcafe.as_slice() {
            [] => None,
            _ => Some(ArtCafe::start(cafe(options)?).await.map_err(|error| refusal(&error))?),
        };
        out::raw(&format!("devnet listening on {}\n", devnet.url()))?;
        if let Some(cafe) = &cafe {
            out::raw(&format!("ArtCafe listening on {}\n", cafe.url()))?;
        }
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
        speaks: options.speech.into(),
        ..Config::default()
    }
}

fn cafe(options: &DevnetOptions) -> Result<CafeConfig, Failure> {
    let agents = options.artcafe.iter().map(|(name, file)| Ok((name.clone(), public_key(file)?)));
    Ok(CafeConfig {
        listen: options.artcafe_listen,
        organization: options.organization.clone(),
        agents: agents.collect::<Result<_, Failure>>()?,
        acks: options.acks,
        ..CafeConfig::default()
    })
}

fn public_key(file: &Path) -> Result<Vec<u8>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let key =
        text.and_then(|text| rsa_public_key(&text).ok_or_else(|| "it is no line that begins with ssh-rsa".into()));
    key.map_err(|why| {
        Failure::refused(
            "devnet.public_key",
            format!("The public key in {} cannot be used: {why}", file.display()),
            "`beatkeeper agent import KEY.pem` prints it, and so does `ssh-keygen -y -f KEY.pem`.",
        )
    })
}

fn refusal(error: &StartError) -> Failure {
    match error {
        StartError::Listen { listen, source } => Failure::refused(
            "devnet.listen",
            format!("The devnet cannot listen on {listen}: {source}"),
            "Choose another address with --listen or --artcafe-listen; port 0 takes any free one.",
        ),
        StartError::ZeroSweep => Failure::refused("devnet.sweep", error.to_string(), "Give --sweep at least 1."),
    }
}
