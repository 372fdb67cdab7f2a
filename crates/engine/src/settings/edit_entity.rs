//! Giving an agent in the file another key.

use std::path::Path;

use beatkeeper_core::identity::EntityId;
use toml_edit::{Array, InlineTable, Item, Table, Value, value};

use super::edit::{change, is, list};
use super::file::{Derived, Settings, SettingsError};
use super::run_table::put;

/// Has `new` take the place of `old`: all that is written of the agent stays, and those that depend on it by its id do on.
///
/// # Errors
/// When the file cannot be read, is not valid before or after the change, does not have the agent, or cannot be written.
pub(crate) fn set_entity(
    path: &Path,
    old: &EntityId,
    new: &EntityId,
    derived: &Derived,
) -> Result<Settings, SettingsError> {
    change(path, |document| {
        let agents = list(document, "agent")?;
        let agent = agents.iter_mut().find(|table| is(table, old)).ok_or_else(|| format!("{old} is not in it"))?;
        put(agent, "entity", Some(value(new.as_str())));
        let mut from = InlineTable::new();
        from.insert("developer", derived.developer.as_str().into());
        from.insert("index", i64::from(derived.index).into());
        put(agent, "derived", Some(value(from)));
        for needs in agents.iter_mut().filter_map(needs_of) {
            for need in needs.iter_mut().filter(|need| need.as_str() == Some(old.as_str())) {
                let decor = need.decor().clone();
                *need = Value::from(new.as_str());
                *need.decor_mut() = decor;
            }
        }
        Ok(())
    })
}

fn needs_of(agent: &mut Table) -> Option<&mut Array> {
    agent.get_mut("run")?.as_table_like_mut()?.get_mut("depends_on").and_then(Item::as_array_mut)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "zns:56475aa75463474c0285df5dbf2bcab7";
    const NEW: &str = "zns:c05f93041a20967a48616b85df7ada7f";
    const OTHER: &str = "zns:7f3214872296f48d652a365c9f637f72";

    fn file() -> String {
        format!(
            r#"# mine
[[registry]]
name = "r"
url = "http://127.0.0.1:1"

[[agent]]
entity = "{OLD}" # the first
name = "weather"
registry = "r"
tags = ["nightly"]

[agent.run]
folder = "/srv/weather"
command = ["python3", "agent.py"]

[[agent]]
entity = "{OTHER}"
name = "other"
registry = "r"

[agent.run]
folder = "/srv/weather"
command = ["x"]
depends_on = ["{OLD}"] # by its id
"#
        )
    }

    fn derived() -> Derived {
        Derived { developer: format!("zns:dev:{}", "0".repeat(32)).parse().unwrap(), index: 4 }
    }

    #[test]
    fn only_the_key_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beatkeeper.toml");
        std::fs::write(&path, file()).unwrap();
        let before = Settings::load(&path).unwrap();
        let after = set_entity(&path, &OLD.parse().unwrap(), &NEW.parse().unwrap(), &derived()).unwrap();
        let mut wanted = before.clone();
        wanted.agents[0].entity = NEW.parse().unwrap();
        wanted.agents[0].derived = Some(derived());
        wanted.agents[1].run.as_mut().unwrap().depends_on = vec![NEW.to_owned()];
        assert_eq!(after, wanted);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("# mine\n") && text.contains(" # the first\n") && text.contains("] # by its id"),
            "{text}"
        );
    }

    #[test]
    fn an_agent_that_is_not_there_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beatkeeper.toml");
        std::fs::write(&path, file()).unwrap();
        let refused = set_entity(&path, &NEW.parse().unwrap(), &OLD.parse().unwrap(), &derived()).unwrap_err();
        assert!(refused.what.contains(NEW), "{refused}");
        // Nor one that would be there twice.
        assert!(set_entity(&path, &OLD.parse().unwrap(), &OTHER.parse().unwrap(), &derived()).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), file());
    }
}
