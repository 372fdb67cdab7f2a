//! Which probes an agent has, with what nobody wrote down filled in.

use std::path::Path;

use url::Url;

use super::propose::PORT;
use super::zynd::{Described, Kind};
use crate::settings::{AgentEntry, ProbeEntry, RunEntry};

/// An agent's probes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probes {
    /// What tells that it is up; nothing when it is as soon as it was started.
    pub ready: Option<ProbeEntry>,
    /// What tells that it works.
    pub live: Option<ProbeEntry>,
}

/// The probes of an agent: as the file says; else its health address, or `/health` at the port that its environment or its
/// Zynd project names. `ready` is as `live` when nothing is said of it. Reads the project's description.
#[must_use]
pub fn probes(agent: &AgentEntry) -> Probes {
    let run = agent.run.as_ref();
    let said = run.and_then(|run| run.live.clone());
    let live = said.or_else(|| {
        let health = agent.health.clone().or_else(|| health_of(run?, agent.project.as_deref()));
        health.map(ProbeEntry::http)
    });
    let ready = run.and_then(|run| run.ready.clone().or_else(|| live.clone()));
    Probes { ready, live }
}

/// The health address of the Zynd project in a folder.
pub(crate) fn health_in(folder: &Path) -> Option<Url> {
    let port = Kind::ALL.into_iter().find_map(|kind| Some(Described::at(folder, kind).ok()??.port()))?;
    Url::parse(&format!("http://127.0.0.1:{port}/health")).ok()
}

fn health_of(run: &RunEntry, project: Option<&Path>) -> Option<Url> {
    let told = run.env.get(PORT).and_then(|port| port.parse::<u16>().ok());
    let port = told.or_else(|| {
        let folder = run.folder_in(project).ok()?;
        Kind::ALL.into_iter().find_map(|kind| Some(Described::at(&folder, kind).ok()??.port()))
    })?;
    Url::parse(&format!("http://127.0.0.1:{port}/health")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(probe: Option<&ProbeEntry>) -> Option<String> {
        Some(probe?.http.as_ref()?.to_string())
    }

    #[test]
    fn what_is_written_comes_before_what_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let id = "zns:00000000000000000000000000000001".parse().unwrap();
        let mut agent = AgentEntry::new(id, "a".into(), "r".into());
        assert_eq!(probes(&agent), Probes::default());
        agent.project = Some(folder.path().to_owned());
        agent.run = Some(RunEntry { command: vec!["a".into()], ..RunEntry::default() });
        assert_eq!(probes(&agent), Probes::default(), "no project that says a port");
        std::fs::write(folder.path().join("agent.config.json"), r#"{"server_port": 5010}"#).unwrap();
        let live = || probes(&agent).live;
        assert_eq!(asked(live().as_ref()).unwrap(), "http://127.0.0.1:5010/health");
        agent.run.as_mut().unwrap().env.insert(PORT.into(), "5011".into());
        assert_eq!(asked(probes(&agent).live.as_ref()).unwrap(), "http://127.0.0.1:5011/health");
        agent.health = Some("http://127.0.0.1:5012/h".parse().unwrap());
        assert_eq!(asked(probes(&agent).ready.as_ref()).unwrap(), "http://127.0.0.1:5012/h", "as live");
        let log = ProbeEntry { log: Some("up".into()), ..ProbeEntry::default() };
        let tcp = ProbeEntry { tcp: Some("a:1".into()), ..ProbeEntry::default() };
        let run = agent.run.as_mut().unwrap();
        (run.ready, run.live) = (Some(log.clone()), Some(tcp.clone()));
        assert_eq!(probes(&agent), Probes { ready: Some(log), live: Some(tcp) });
    }
}
