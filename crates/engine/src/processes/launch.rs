//! From a plan to a process: its environment, its key, and what stands in its way.

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::supervise::Probed;
use beatkeeper_runner::{Order, Run, StartError};
use beatkeeper_vault::{ChildKey, VaultError};
use secrecy::SecretString;
use url::Url;

use super::plan::{KeyWay, Plan, ProbeWay};
use super::{Shared, log_place};
use crate::signing_desk::{ADDRESS, Desk, SignerSocket};

/// What opens the vault is no child's business.
const OURS_ALONE: &str = "BEATKEEPER_PASSPHRASE";
/// An agent that already runs answers at once.
const TAKEN_WITHIN: Duration = Duration::from_secs(1);

/// Why nothing was started.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotStarted {
    /// A sentence.
    pub(super) sentence: String,
    /// Whether another try may help.
    pub(super) again: bool,
}

/// What was started.
pub(super) struct Launched {
    pub(super) run: Run,
    /// Where it gets signatures, when it does not hold its key.
    pub(super) signer: Option<SignerSocket>,
}

/// Starts the agent's own command, or that of a rung.
pub(super) async fn launch(
    shared: &Shared,
    id: &EntityId,
    plan: &Plan,
    rung: Option<usize>,
    desk: &Desk,
) -> Result<Launched, NotStarted> {
    let argv = match rung {
        Some(rung) => plan.rungs.get(rung).and_then(Option::as_ref),
        None => Some(&plan.command),
    };
    let Some((program, args)) = argv.and_then(|argv| argv.split_first()) else {
        return Err(never("there is no command to start it with"));
    };
    if !plan.folder.is_dir() {
        return Err(never(format!("the folder {} is not there", plan.folder.display())));
    }
    let mut env = environment(plan)?;
    is_free(shared, id, plan).await?;
    let secret_env = keys(shared, id, plan.key).await?;
    let mut env_remove = vec![OURS_ALONE.into()];
    let signer = signer(shared, id, plan.key, desk).await?;
    if let Some(socket) = &signer {
        env.push((ADDRESS.into(), socket.address().into()));
        // Nor the one that the program itself may have been started with.
        env_remove.push(ChildKey::KEY.into());
    }
    let order = Order {
        agent: id.to_string(),
        program: OsString::from(program),
        args: args.iter().map(OsString::from).collect(),
        folder: plan.folder.clone(),
        env,
        env_remove,
        secret_env,
        stop: plan.stop,
        log: log_place(&shared.data, id),
        run_dir: shared.run_dir.clone(),
    };
    let run = Run::start(&shared.shim, order).await.map_err(|error| NotStarted {
        again: matches!(error, StartError::Other(_) | StartError::Shim(_)),
        sentence: error.to_string(),
    })?;
    Ok(Launched { run, signer })
}

/// The plan's own variables win over those of its file.
fn environment(plan: &Plan) -> Result<Vec<(OsString, OsString)>, NotStarted> {
    let mut env = Vec::new();
    if let Some(file) = &plan.env_file {
        env.extend(read_env(&plan.folder.join(file))?);
    }
    env.extend(plan.env.iter().map(|(name, value)| (name.into(), value.into())));
    if plan.key != KeyWay::Nothing {
        // Empty, and not missing: else the project's `.env` wins (protocols.md 2.5).
        env.extend(ChildKey::FILES.map(|name| (name.into(), OsString::new())));
    }
    if let Some(url) = &plan.registry_url {
        env.push(("ZYND_REGISTRY_URL".into(), url.into()));
    }
    Ok(env)
}

fn read_env(path: &Path) -> Result<Vec<(OsString, OsString)>, NotStarted> {
    let refuse = |error: dotenvy::Error| {
        // The library's own words quote the line, which may hold a secret.
        let why = if let dotenvy::Error::Io(error) = error {
            error.to_string()
        } else {
            "one of its lines is no NAME=VALUE".to_owned()
        };
        never(format!("the environment file {} cannot be read: {why}", path.display()))
    };
    let pairs = dotenvy::from_path_iter(path).map_err(refuse)?;
    pairs.map(|pair| pair.map(|(name, value)| (name.into(), value.into())).map_err(refuse)).collect()
}

/// Whether its port is free, as far as its health address tells which that is.
async fn is_free(shared: &Shared, id: &EntityId, plan: &Plan) -> Result<(), NotStarted> {
    let address = plan.live.as_ref().or(plan.ready.as_ref()).map(|probing| &probing.way);
    let (host, port, url) = match address {
        Some(ProbeWay::Http(url)) => match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) => (host.to_owned(), port, Some(url.clone())),
            _ => return Ok(()),
        },
        Some(ProbeWay::Tcp(address)) => match address.rsplit_once(':') {
            Some((host, port)) => (host.to_owned(), port.parse().unwrap_or(0), None),
            None => return Ok(()),
        },
        Some(ProbeWay::Command(_) | ProbeWay::Log(_)) | None => return Ok(()),
    };
    if port == 0 || !is_taken(&host, port).await {
        return Ok(());
    }
    Err(never(match who(shared, id, url).await {
        Some(whose) => format!("port {port} is taken by {whose}"),
        None => format!("port {port} is taken by another program"),
    }))
}

async fn is_taken(host: &str, port: u16) -> bool {
    let host = host.trim_matches(['[', ']']).to_owned();
    let addresses = tokio::task::spawn_blocking(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    let Ok(Ok(addresses)) = addresses.await else { return false };
    for address in addresses.into_iter().filter(is_here) {
        let dial = tokio::net::TcpStream::connect(address);
        if matches!(tokio::time::timeout(TAKEN_WITHIN, dial).await, Ok(Ok(_))) {
            return true;
        }
    }
    false
}

/// What listens on another computer takes no port of ours.
fn is_here(address: &SocketAddr) -> bool {
    address.ip().is_loopback()
}

async fn who(shared: &Shared, id: &EntityId, url: Option<Url>) -> Option<String> {
    let asker = shared.asker.as_ref()?;
    match asker.ask(id, url?, TAKEN_WITHIN).await {
        Probed::Well(_) => {
            Some("this very agent, which was started elsewhere: end it there, or only watch it".to_owned())
        }
        Probed::WrongAgent(other) => Some(format!("another agent ({other})")),
        Probed::Refused(_) | Probed::Silent(_) | Probed::Unwell(_) => None,
    }
}

async fn keys(shared: &Shared, id: &EntityId, way: KeyWay) -> Result<Vec<(String, SecretString)>, NotStarted> {
    if way != KeyWay::Inject {
        return Ok(Vec::new());
    }
    let (vault, id) = (shared.vault.clone(), id.clone());
    let key = tokio::task::spawn_blocking(move || vault.child_key(&id)).await;
    match key {
        Ok(Ok(key)) => Ok(vec![(ChildKey::KEY.to_owned(), key.into_secret())]),
        Ok(Err(error)) => Err(no_key(&error)),
        Err(_) => Err(never("its key cannot be had")),
    }
}

/// The socket of one that does not hold its key, with the key at hand.
async fn signer(shared: &Shared, id: &EntityId, way: KeyWay, desk: &Desk) -> Result<Option<SignerSocket>, NotStarted> {
    if way != KeyWay::Signer {
        return Ok(None);
    }
    desk.fetch_key().await.map_err(|error| no_key(&error))?;
    let opened = SignerSocket::open(&shared.run_dir, id).map_err(|error| NotStarted {
        sentence: format!("the socket that its beats are signed over cannot be opened: {error}"),
        again: true,
    })?;
    Ok(Some(opened))
}

fn no_key(error: &VaultError) -> NotStarted {
    NotStarted {
        again: matches!(error, VaultError::Locked { .. } | VaultError::Unavailable { .. }),
        sentence: format!("its key cannot be had: {error}"),
    }
}

fn never(sentence: impl Into<String>) -> NotStarted {
    NotStarted { sentence: sentence.into(), again: false }
}

#[cfg(test)]
mod tests;
