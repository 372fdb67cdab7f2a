//! Changing the file in place: what the user wrote, comments included, stays as it is.

use std::io::Write as _;
use std::path::Path;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::EntityId;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::file::{AgentEntry, Settings, SettingsError, read};

/// Adds an agent.
///
/// # Errors
/// When the file cannot be read, is not valid before or after the change, or cannot be written.
pub fn add_agent(path: &Path, agent: &AgentEntry) -> Result<Settings, SettingsError> {
    change(path, |document| {
        let mut table = Table::new();
        table["entity"] = value(agent.entity.as_str());
        table["name"] = value(&agent.name);
        table["registry"] = value(&agent.registry);
        list(document, "agent")?.push(table);
        Ok(())
    })
}

/// Adds a registry.
///
/// # Errors
/// As [`add_agent`].
pub fn add_registry(path: &Path, name: &str, url: &BaseUrl) -> Result<Settings, SettingsError> {
    change(path, |document| {
        let mut table = Table::new();
        table["name"] = value(name);
        table["url"] = value(url.to_string());
        list(document, "registry")?.push(table);
        Ok(())
    })
}

/// Removes an agent.
///
/// # Errors
/// As [`add_agent`].
pub fn remove_agent(path: &Path, id: &EntityId) -> Result<Settings, SettingsError> {
    change(path, |document| {
        list(document, "agent")?.retain(|table| !is(table, id));
        Ok(())
    })
}

/// Pauses or resumes an agent.
///
/// # Errors
/// As [`add_agent`].
pub fn set_paused(path: &Path, id: &EntityId, paused: bool) -> Result<Settings, SettingsError> {
    change(path, |document| {
        for table in list(document, "agent")?.iter_mut().filter(|table| is(table, id)) {
            if paused {
                table["paused"] = value(true);
            } else {
                // Only what differs from the defaults is written.
                table.remove("paused");
            }
        }
        Ok(())
    })
}

fn is(table: &Table, id: &EntityId) -> bool {
    table.get("entity").and_then(Item::as_str) == Some(id.as_str())
}

fn list<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut ArrayOfTables, String> {
    document
        .entry(name)
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or_else(|| {
            format!("write agents and registries as [[{name}]] tables; an inline list cannot be changed from here")
        })
}

fn change(path: &Path, edit: impl FnOnce(&mut DocumentMut) -> Result<(), String>) -> Result<Settings, SettingsError> {
    let refuse = |what: String| SettingsError { path: path.to_owned(), at: None, what };
    let text = read(path)?.unwrap_or_default();
    // A broken file is refused as it is: nobody's half-finished edit is overwritten.
    Settings::parse(path, &text)?;
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| refuse(error.message().to_owned()))?;
    edit(&mut document).map_err(refuse)?;
    let text = document.to_string();
    let settings = Settings::parse(path, &text)?;
    write(path, &text).map_err(|error| refuse(format!("it cannot be written: {error}")))?;
    Ok(settings)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = atomic_write_file::AtomicWriteFile::open(path)?;
    file.write_all(text.as_bytes())?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "zns:56475aa75463474c0285df5dbf2bcab7";

    fn agent() -> AgentEntry {
        AgentEntry {
            entity: ID.parse().unwrap(),
            name: "weather".into(),
            registry: "r".into(),
            interval: 30,
            beats: beatkeeper_core::view::BeatsBy::App,
            paused: false,
            health: None,
        }
    }

    #[test]
    fn comments_survive_and_only_differences_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/beatkeeper.toml");
        add_registry(&path, "r", &"http://127.0.0.1:1".parse().unwrap()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("# mine\n{text}")).unwrap();
        add_agent(&path, &agent()).unwrap();
        set_paused(&path, &ID.parse().unwrap(), true).unwrap();
        assert!(Settings::load(&path).unwrap().agents[0].paused);
        set_paused(&path, &ID.parse().unwrap(), false).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\n") && !text.contains("paused") && !text.contains("interval"), "{text}");
        remove_agent(&path, &ID.parse().unwrap()).unwrap();
        assert_eq!(Settings::load(&path).unwrap().agents, []);
    }

    #[test]
    fn a_broken_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beatkeeper.toml");
        std::fs::write(&path, "[[agent]\nhalf an edit").unwrap();
        assert!(add_agent(&path, &agent()).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[[agent]\nhalf an edit");
    }

    #[test]
    fn an_agent_that_would_make_the_file_invalid_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beatkeeper.toml");
        assert!(add_agent(&path, &agent()).unwrap_err().what.contains("not listed"));
        assert!(!path.exists());
    }
}
