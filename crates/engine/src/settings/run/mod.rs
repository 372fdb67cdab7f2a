//! How an agent is started, probed and recovered: `[agent.run]` and `[[agent.recover]]`.

mod check;
mod key;
mod names;
mod order;
mod policy;
mod probe;
mod rung;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use beatkeeper_core::supervise::RestartPolicy;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use check::BadField;
pub(super) use key::check_injected;
pub use names::Names;
pub use order::{StartOrder, start_order};
pub use probe::{ProbeEntry, ProbeTarget};
pub use rung::{RungEntry, rung_command};

/// `[agent.run]`: how an agent's process is started and kept. What the file does not say has the usual value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
#[ts(export)]
pub struct RunEntry {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<String>,
    /// Where it runs, `~/` being the home folder; the agent's project when missing.
    pub folder: Option<PathBuf>,
    /// Added to the environment.
    pub env: BTreeMap<String, String>,
    /// A file of more of it, relative to the folder. What `env` says counts more.
    pub env_file: Option<PathBuf>,
    /// When it is started.
    pub start: StartWhen,
    /// Agents, by name or id, that are started and ready before it.
    pub depends_on: Vec<String>,
    /// What asks it to end.
    pub stop_signal: StopSignal,
    /// Seconds until it is killed after that, 0 to 600.
    pub stop_grace: u32,
    /// When it is started again after it ended by itself.
    pub restart: RestartPolicy,
    /// So many starts in a row may come to nothing; any number for 0.
    pub max_restarts: u32,
    /// Exit codes that mean success, 0 to 255.
    pub success_codes: Vec<i32>,
    /// How it comes by its key.
    pub key: KeyUse,
    /// Whether it is told its registry's address, in `ZYND_REGISTRY_URL`.
    pub registry_url: bool,
    /// What tells that it is up; as `live` when missing.
    pub ready: Option<ProbeEntry>,
    /// What tells that it works; its health address when missing.
    pub live: Option<ProbeEntry>,
}

impl Default for RunEntry {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            folder: None,
            env: BTreeMap::new(),
            env_file: None,
            start: StartWhen::default(),
            depends_on: Vec::new(),
            stop_signal: StopSignal::default(),
            stop_grace: 10,
            restart: RestartPolicy::default(),
            max_restarts: 5,
            success_codes: vec![0],
            key: KeyUse::default(),
            registry_url: false,
            ready: None,
            live: None,
        }
    }
}

/// When a process is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum StartWhen {
    /// When a person asks for it.
    #[default]
    Manual,
    /// With Beatkeeper.
    WithApp,
}

/// How a process comes by its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum KeyUse {
    /// In its environment, from the vault (protocols.md 2.5).
    #[default]
    Inject,
    /// It has beats signed over a socket, and never holds the key.
    Signer,
    /// By itself.
    None,
}

/// What asks a process to end. Systems without signals end it in their own way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "UPPERCASE")]
#[ts(export)]
pub enum StopSignal {
    /// SIGTERM.
    #[default]
    Term,
    /// SIGINT, as Ctrl+C.
    Int,
    /// SIGQUIT.
    Quit,
    /// SIGHUP.
    Hup,
    /// SIGUSR1.
    Usr1,
    /// SIGUSR2.
    Usr2,
    /// SIGKILL: it is not asked.
    Kill,
}
