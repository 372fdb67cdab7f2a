//! Agents of a Redis bus: names that somebody chose, and no keys.

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::BeatsBy;

use super::buses;
use crate::command::{Added, Refusal};
use crate::paths::Paths;
use crate::settings::{self, AgentEntry, Settings};

/// Adds one. The name stays as it is: on a bus, another space is another agent.
pub(super) fn add(
    paths: &Paths,
    bus: &str,
    name: &str,
    beats: BeatsBy,
    interval: Option<u32>,
) -> Result<Added, Refusal> {
    let settings = Settings::load(&paths.config)?;
    if settings.bus(bus).is_none() {
        return Err(no_bus(&settings, bus));
    }
    let id = EntityId::on_bus(bus, name).ok().filter(|_| !name.trim().is_empty()).ok_or_else(|| {
        Refusal::new(
            "agent.bad_name",
            "An agent of a bus is called by 1 to 128 bytes without control characters",
            "Give the name that it has on the bus.",
        )
    })?;
    if let Some(there) = settings.agents.iter().find(|agent| agent.entity == id) {
        let sentence = format!("{id} is already here as \"{}\"", there.name);
        return Err(Refusal::new("agent.exists", sentence, "Nothing to do."));
    }
    let usual = AgentEntry::new(id.clone(), name.to_owned(), bus.to_owned());
    let interval = interval.unwrap_or(usual.interval);
    if !(1..=120).contains(&interval) {
        return Err(Refusal::new(
            "agent.bad_interval",
            format!("An agent that beats every {interval} s cannot be added: 1 to 120 s can be kept"),
            "Leave it as it is: while it is heard, it is shown.",
        ));
    }
    settings::add_agent(&paths.config, &AgentEntry { beats, interval, ..usual })?;
    tracing::info!(%id, ?beats, "agent added");
    Ok(Added { id, name: name.to_owned(), public_key: None, restored: false })
}

/// Why an agent with a key cannot be added at a bus.
pub(super) fn has_no_keys(bus: &str) -> Refusal {
    Refusal::new(
        "registry.bus",
        format!("\"{bus}\" is a Redis bus, whose agents have names and no keys"),
        "Add the agent by its name alone: `beatkeeper agent add --registry BUS --name NAME`.",
    )
}

fn no_bus(settings: &Settings, wanted: &str) -> Refusal {
    let is_registry = settings.registry(wanted).is_some() || wanted.parse::<BaseUrl>().is_ok();
    if !is_registry {
        return buses::unknown(wanted);
    }
    Refusal::new(
        "agent.needs_key",
        format!("\"{}\" is a registry, which knows an agent by its key", wanted.escape_debug()),
        "Give --generate, or --developer FILE --index N; `beatkeeper agent import` takes a key file.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::setup::{VaultChoice, execute, open_vault};

    const FILE: &str = "[[bus]]\nname = \"team\"\nurl = \"redis://127.0.0.1:1\"\n\n\
                        [[registry]]\nname = \"zynd\"\nurl = \"http://127.0.0.1:1\"\n";

    fn scene() -> (tempfile::TempDir, Paths) {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths { config: folder.path().join("beatkeeper.toml"), data: folder.path().to_owned() };
        std::fs::write(&paths.config, FILE).unwrap();
        (folder, paths)
    }

    #[test]
    fn an_agent_is_added_by_its_name_and_only_what_is_unusual_is_written() {
        let (_folder, paths) = scene();
        let added = add(&paths, "team", "worker 1", BeatsBy::App, None).unwrap();
        assert_eq!((added.id.as_str(), added.public_key), ("bus:team/worker%201", None));
        let text = std::fs::read_to_string(&paths.config).unwrap();
        assert!(!text.contains("beats") && !text.contains("interval"), "{text}");
        add(&paths, "team", "other", BeatsBy::Agent, Some(10)).unwrap();
        let agents = Settings::load(&paths.config).unwrap().agents;
        assert_eq!((agents[1].beats, agents[1].interval, agents[1].registry.as_str()), (BeatsBy::Agent, 10, "team"));
        assert_eq!(add(&paths, "team", "other", BeatsBy::App, None).unwrap_err().code, "agent.exists");
    }

    #[test]
    fn what_cannot_be_is_refused_and_nothing_is_written() {
        let (_folder, paths) = scene();
        for (bus, name, interval, code) in [
            ("zynd", "a", None, "agent.needs_key"),
            ("https://zns01.zynd.ai", "a", None, "agent.needs_key"),
            ("nowhere", "a", None, "bus.unknown"),
            ("team", " ", None, "agent.bad_name"),
            ("team", "a\nb", None, "agent.bad_name"),
            ("team", "a", Some(0), "agent.bad_interval"),
            ("team", "a", Some(121), "agent.bad_interval"),
        ] {
            assert_eq!(add(&paths, bus, name, BeatsBy::App, interval).unwrap_err().code, code, "{bus} {name:?}");
        }
        assert_eq!(std::fs::read_to_string(&paths.config).unwrap(), FILE);
    }

    #[test]
    fn a_key_has_no_place_on_a_bus() {
        let (_folder, paths) = scene();
        let vault = open_vault(&paths, &VaultChoice::File { passphrase: "correct horse".to_owned().into() }).unwrap();
        let generate = Command::AgentGenerate { registry: "team".into(), name: None };
        let refused = execute(&paths, &vault, &generate).unwrap().unwrap_err();
        assert_eq!(refused.code, "registry.bus");
        assert_eq!(std::fs::read_to_string(&paths.config).unwrap(), FILE);
    }
}
