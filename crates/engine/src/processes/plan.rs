//! What is started for an agent, and how it is asked how it is.

use std::path::PathBuf;
use std::time::Duration;

use beatkeeper_core::identity::Realm;
use beatkeeper_runner::StopSignal;
use regex::Regex;
use url::Url;

use crate::project::probes;
use crate::settings::{
    self, AgentEntry, KeyUse, ProbeEntry, ProbeTarget, RegistryEntry, RunEntry, StartWhen, rung_command,
};

/// One agent's process.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Its own command: program and arguments.
    pub(crate) command: Vec<String>,
    /// Where it runs.
    pub(crate) folder: PathBuf,
    /// What is added to the environment.
    pub(crate) env: Vec<(String, String)>,
    /// More of that, in a file.
    pub(crate) env_file: Option<PathBuf>,
    /// How it gets at its key.
    pub(crate) key: KeyWay,
    /// Its registry, when it is to be told.
    pub(crate) registry_url: Option<String>,
    /// How it is asked to end.
    pub(crate) stop: StopSignal,
    /// Started with the program.
    pub(crate) starts_with_app: bool,
    /// When it is ready.
    pub(crate) ready: Option<Probing>,
    /// Whether it is well.
    pub(crate) live: Option<Probing>,
    /// The commands of its recovery, by rung; nothing for rungs that need none.
    pub(crate) rungs: Vec<Option<Vec<String>>>,
}

/// How an agent's process gets at its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyWay {
    /// In its environment.
    Inject,
    /// Signatures of heartbeats alone, over a socket.
    Signer,
    /// Not at all.
    Nothing,
}

/// How a process is asked, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Probing {
    /// How.
    pub(crate) way: ProbeWay,
    /// Between two of them.
    pub(crate) every: Duration,
    /// How long one may take.
    pub(crate) within: Duration,
}

/// How a process is asked.
#[derive(Clone, Debug)]
pub(crate) enum ProbeWay {
    /// Its health endpoint (protocols.md 7.1).
    Http(Url),
    /// Whether anybody listens.
    Tcp(String),
    /// A program that ends with 0 while it is well.
    Command(Vec<String>),
    /// A line of its log says that it is ready.
    Log(Regex),
}

impl Plan {
    /// What an agent's entry asks for; nothing when neither its process nor its recovery is ours.
    pub(crate) fn of(agent: &AgentEntry, registry: Option<&RegistryEntry>) -> Option<Self> {
        if agent.run.is_none() && agent.recover.is_empty() {
            return None;
        }
        let usual = RunEntry::default();
        let run = agent.run.as_ref().unwrap_or(&usual);
        let probes = probes(agent);
        let grace = run.stop_grace;
        Some(Self {
            command: run.command.clone(),
            // One without a folder is refused when the configuration is read.
            folder: run.folder_in(agent.project.as_deref()).unwrap_or_default(),
            env: run.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            env_file: run.env_file.clone(),
            key: match agent.key_use() {
                KeyUse::Inject => KeyWay::Inject,
                KeyUse::Signer => KeyWay::Signer,
                KeyUse::None => KeyWay::Nothing,
            },
            registry_url: registry
                .filter(|_| run.registry_url && agent.entity.realm() == Realm::Zynd)
                .map(|registry| registry.url.to_string()),
            stop: stop_signal(run.stop_signal),
            starts_with_app: agent.run.is_some() && run.start == StartWhen::WithApp && !agent.paused,
            ready: probes.ready.as_ref().and_then(Probing::of),
            live: probes.live.as_ref().and_then(Probing::of),
            rungs: agent.recover.iter().map(|rung| rung_command(rung, grace, agent.key_use())).collect(),
        })
    }

    /// Whether a probe tells when it is ready.
    pub(crate) const fn is_probed(&self) -> bool {
        self.ready.is_some() || self.live.is_some()
    }
}

impl Probing {
    /// One that cannot be asked is refused when the configuration is read.
    fn of(entry: &ProbeEntry) -> Option<Self> {
        let way = match entry.target().ok()? {
            ProbeTarget::Http(url) => ProbeWay::Http(url),
            ProbeTarget::Tcp(address) => ProbeWay::Tcp(address),
            ProbeTarget::Command(argv) => ProbeWay::Command(argv),
            ProbeTarget::Log(pattern) => ProbeWay::Log(pattern),
        };
        Some(Self { way, every: entry.every(), within: entry.within() })
    }
}

const fn stop_signal(signal: settings::StopSignal) -> StopSignal {
    match signal {
        settings::StopSignal::Term => StopSignal::Term,
        settings::StopSignal::Int => StopSignal::Int,
        settings::StopSignal::Quit => StopSignal::Quit,
        settings::StopSignal::Hup => StopSignal::Hup,
        settings::StopSignal::Usr1 => StopSignal::Usr1,
        settings::StopSignal::Usr2 => StopSignal::Usr2,
        settings::StopSignal::Kill => StopSignal::Kill,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other way round, so that neither list can have what the other one lacks.
    const fn written(signal: StopSignal) -> settings::StopSignal {
        match signal {
            StopSignal::Term => settings::StopSignal::Term,
            StopSignal::Int => settings::StopSignal::Int,
            StopSignal::Quit => settings::StopSignal::Quit,
            StopSignal::Hup => settings::StopSignal::Hup,
            StopSignal::Usr1 => settings::StopSignal::Usr1,
            StopSignal::Usr2 => settings::StopSignal::Usr2,
            StopSignal::Kill => settings::StopSignal::Kill,
        }
    }

    #[test]
    fn each_signal_that_can_be_written_is_the_one_that_is_sent() {
        for word in ["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL"] {
            let named: settings::StopSignal = serde_json::from_value(word.into()).unwrap();
            let sent = stop_signal(named);
            assert_eq!(written(sent), named);
            // Shims of earlier versions know it by this name.
            assert_eq!(serde_json::to_value(sent).unwrap(), word.to_lowercase());
        }
    }
}
