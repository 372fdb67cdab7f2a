//! Changing in the file how an agent is run.

use std::path::Path;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::BeatsBy;
use toml_edit::value;

use super::edit::{agent_table, change, is, list, registry_table};
use super::file::{AgentEntry, Settings, SettingsError};
use super::run::{RunEntry, RungEntry};
use super::run_table::{put, write_run};

/// Sets how an agent is run, recovered and who beats for it.
///
/// # Errors
/// When the file cannot be read, is not valid before or after the change, or cannot be written.
pub fn set_run(
    path: &Path,
    id: &EntityId,
    run: Option<&RunEntry>,
    recover: &[RungEntry],
    beats: BeatsBy,
    truthful: Option<bool>,
) -> Result<Settings, SettingsError> {
    change(path, |document| {
        for table in list(document, "agent")?.iter_mut().filter(|table| is(table, id)) {
            write_run(table, run, recover, beats, truthful)?;
        }
        Ok(())
    })
}

/// Adds registries and agents; of an agent that is there already, changes how it is run, and nothing that is a person's to
/// choose. At once: whoever reads the file meanwhile finds all of it or nothing.
pub(crate) fn upsert(
    path: &Path,
    registries: &[(String, BaseUrl)],
    agents: &[AgentEntry],
) -> Result<Settings, SettingsError> {
    change(path, |document| {
        for (name, url) in registries {
            list(document, "registry")?.push(registry_table(name, url));
        }
        let tables = list(document, "agent")?;
        for agent in agents {
            let Some(table) = tables.iter_mut().find(|table| is(table, &agent.entity)) else {
                tables.push(agent_table(agent)?);
                continue;
            };
            write_run(table, agent.run.as_ref(), &agent.recover, agent.beats, agent.truthful)?;
            let health = agent.health.as_ref().map(|url| value(url.as_str()));
            let project = agent.project.as_ref().map(|folder| value(folder.display().to_string()));
            let interval = (agent.interval != 30).then(|| value(i64::from(agent.interval)));
            for (field, item) in [("health", health), ("project", project), ("interval", interval)] {
                put(table, field, item);
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use beatkeeper_core::view::RungKind;

    use super::*;
    use crate::settings::ProbeEntry;

    const FILE: &str = r#"# mine
[[registry]]
name = "devnet"
url = "http://127.0.0.1:8080"

[[agent]]
entity = "zns:56475aa75463474c0285df5dbf2bcab7" # the first
name = "weather"
registry = "devnet"
beats = "auto"
tags = ["a"]

# How it is started.
[agent.run]
command = [
  "python3", # the system's
  'agent.py',
]
folder = "/srv/weather"
stop_grace = 20 # slow
[agent.run.live]
tcp = "127.0.0.1:5000" # not http
every = 7

# First this.
[[agent.recover]]
do = "restart"
after = 1 # soon
[[agent.recover]]
do = "alert"

[[agent]]
entity = "zns:00000000000000000000000000000001"
name = "db"
registry = "devnet"
# the end
"#;

    fn stage() -> (tempfile::TempDir, std::path::PathBuf, AgentEntry) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beatkeeper.toml");
        std::fs::write(&path, FILE).unwrap();
        let agent = Settings::load(&path).unwrap().agents.remove(0);
        (folder, path, agent)
    }

    fn set(path: &Path, agent: &AgentEntry) -> Result<AgentEntry, SettingsError> {
        let AgentEntry { entity, run, recover, beats, truthful, .. } = agent;
        let settings = set_run(path, entity, run.as_ref(), recover, *beats, *truthful)?;
        let read = Settings::load(path).unwrap();
        assert_eq!(settings, read);
        Ok(read.agents.into_iter().find(|read| read.entity == agent.entity).unwrap())
    }

    #[test]
    fn what_is_the_same_is_left_as_it_is_written() {
        let (_folder, path, agent) = stage();
        assert_eq!(set(&path, &agent).unwrap(), agent);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), FILE);
    }

    #[test]
    fn only_what_is_another_is_touched_and_comments_stay() {
        let (_folder, path, mut agent) = stage();
        let run = agent.run.as_mut().unwrap();
        run.stop_grace = 30;
        run.env = BTreeMap::from([("LOG".into(), "debug".into()), ("A.B".into(), "x\"y".into())]);
        run.ready = Some(ProbeEntry { log: Some("is up".into()), ..ProbeEntry::default() });
        run.live.as_mut().unwrap().every = 5;
        agent.truthful = Some(false);
        agent.beats = BeatsBy::Agent;
        agent.recover[0].after = 2;
        agent.recover.push(RungEntry { container: Some("w".into()), ..RungEntry::new(RungKind::DockerRestart) });
        assert_eq!(set(&path, &agent).unwrap(), agent);
        let text = std::fs::read_to_string(&path).unwrap();
        for kept in [
            "# mine",
            "# the first",
            "# How it is started.",
            "\"python3\", # the system's",
            "stop_grace = 30 # slow",
            "tcp = \"127.0.0.1:5000\" # not http",
            "# First this.",
            "after = 2 # soon",
            "# the end",
            "beats = \"agent\"",
            "env = { \"A.B\" = 'x\"y', LOG = \"debug\" }",
            "[agent.run.ready]\nlog = \"is up\"\n",
            "[[agent.recover]]\ndo = \"docker_restart\"\ncontainer = \"w\"\n",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        for gone in ["every", "max_restarts", "start_within", "worked_within"] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
        // And back again.
        agent.recover.truncate(1);
        agent.run.as_mut().unwrap().ready = None;
        agent.beats = BeatsBy::App;
        assert_eq!(set(&path, &agent).unwrap(), agent);
        agent.run = None;
        agent.recover.clear();
        assert_eq!(set(&path, &agent).unwrap(), agent);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("agent.run") && !text.contains("recover") && text.contains("# the end"), "{text}");
    }

    #[test]
    fn tables_that_are_written_in_one_line_are_changed_as_well() {
        let (_folder, path, _) = stage();
        let head = FILE.split("# How").next().unwrap();
        let inline = "run = { command = [\"a\"], folder = \"/\" } # short\nrecover = [{ do = \"restart\" }] # one\n";
        std::fs::write(&path, format!("{head}{inline}")).unwrap();
        let mut agent = Settings::load(&path).unwrap().agents.remove(0);
        assert_eq!(set(&path, &agent).unwrap(), agent);
        assert!(std::fs::read_to_string(&path).unwrap().ends_with(inline));
        agent.run.as_mut().unwrap().live = Some(ProbeEntry { tcp: Some("[::1]:1".into()), ..ProbeEntry::default() });
        agent.recover.push(RungEntry::new(RungKind::Alert));
        assert_eq!(set(&path, &agent).unwrap(), agent);
    }

    #[test]
    fn a_refusal_changes_nothing() {
        let (_folder, path, mut agent) = stage();
        agent.run.as_mut().unwrap().stop_grace = 601;
        let error = set(&path, &agent).unwrap_err();
        assert!(error.what.contains("agent \"weather\": run.stop_grace: 601"), "{error}");
        agent.run = None;
        let error = set(&path, &agent).unwrap_err();
        assert!(error.what.contains("recover, step 1: do: only what Beatkeeper starts"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), FILE);
    }

    #[test]
    fn a_new_agent_is_written_with_all_that_it_has() {
        let (_folder, path, agent) = stage();
        std::fs::write(&path, "[[registry]]\nname = \"devnet\"\nurl = \"http://127.0.0.1:8080\"\n").unwrap();
        assert_eq!(super::super::add_agent(&path, &agent).unwrap().agents, [agent]);
    }
}
