//! Changing the file in place: what the user wrote, comments included, stays as it is.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::EntityId;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use super::channel::ChannelEntry;
use super::file::{AgentEntry, Settings, SettingsError, read};
use super::run_table::write_run;

/// Adds an agent.
///
/// # Errors
/// When the file cannot be read, is not valid before or after the change, or cannot be written.
pub fn add_agent(path: &Path, agent: &AgentEntry) -> Result<Settings, SettingsError> {
    change(path, |document| {
        let table = agent_table(agent)?;
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
        list(document, "registry")?.push(registry_table(name, url));
        Ok(())
    })
}

/// Adds the registry that runs inside Beatkeeper, with its agents, at once: whoever reads the file meanwhile finds all of
/// them or none.
pub(crate) fn add_demo(
    path: &Path,
    name: &str,
    url: &BaseUrl,
    thresholds: &[(&str, u32)],
    agents: &[AgentEntry],
) -> Result<Settings, SettingsError> {
    change(path, |document| {
        let mut table = registry_table(name, url);
        table["demo"] = value(true);
        let thresholds = thresholds.iter().map(|(name, seconds)| (*name, i64::from(*seconds)));
        table["thresholds"] = value(thresholds.collect::<InlineTable>());
        list(document, "registry")?.push(table);
        let tables = agents.iter().map(agent_table).collect::<Result<Vec<_>, _>>()?;
        list(document, "agent")?.extend(tables);
        Ok(())
    })
}

pub(super) fn registry_table(name: &str, url: &BaseUrl) -> Table {
    let mut table = Table::new();
    table["name"] = value(name);
    table["url"] = value(url.to_string());
    table
}

/// Only what differs from the defaults.
pub(super) fn agent_table(agent: &AgentEntry) -> Result<Table, String> {
    let mut table = Table::new();
    table["entity"] = value(agent.entity.as_str());
    table["name"] = value(&agent.name);
    table["registry"] = value(&agent.registry);
    if agent.interval != 30 {
        table["interval"] = value(i64::from(agent.interval));
    }
    if agent.paused {
        table["paused"] = value(true);
    }
    if let Some(health) = &agent.health {
        table["health"] = value(health.as_str());
    }
    if !agent.tags.is_empty() {
        table["tags"] = value(agent.tags.iter().collect::<Array>());
    }
    if let Some(project) = &agent.project {
        table["project"] = value(project.display().to_string());
    }
    if let Some(derived) = &agent.derived {
        let mut from = InlineTable::new();
        from.insert("developer", derived.developer.as_str().into());
        from.insert("index", i64::from(derived.index).into());
        table["derived"] = value(from);
    }
    write_run(&mut table, agent.run.as_ref(), &agent.recover, agent.beats, agent.truthful)?;
    Ok(table)
}

/// Removes a registry with all of its agents.
///
/// # Errors
/// As [`add_agent`].
pub fn remove_registry(path: &Path, name: &str) -> Result<Settings, SettingsError> {
    change(path, |document| {
        list(document, "agent")?.retain(|table| table.get("registry").and_then(Item::as_str) != Some(name));
        list(document, "registry")?.retain(|table| !is_called(table, name));
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
                table.remove("paused");
            }
        }
        Ok(())
    })
}

/// Gives an agent these tags, and no others.
///
/// # Errors
/// As [`add_agent`].
pub fn set_tags(path: &Path, id: &EntityId, tags: &[String]) -> Result<Settings, SettingsError> {
    change(path, |document| {
        for table in list(document, "agent")?.iter_mut().filter(|table| is(table, id)) {
            if tags.is_empty() {
                table.remove("tags");
            } else {
                table["tags"] = value(tags.iter().collect::<Array>());
            }
        }
        Ok(())
    })
}

/// Adds a channel, in place of the one that is called `replace` when there is one. Of what stood there, only the fields of
/// a channel go.
///
/// # Errors
/// As [`add_agent`].
pub fn save_channel(path: &Path, channel: &ChannelEntry, replace: Option<&str>) -> Result<Settings, SettingsError> {
    draft_channel(path, channel, replace)?.write()
}

/// As [`save_channel`], to be written later.
pub(crate) fn draft_channel(
    path: &Path,
    channel: &ChannelEntry,
    replace: Option<&str>,
) -> Result<Draft, SettingsError> {
    draft(path, |document| {
        let written = toml::to_string(channel).map_err(|error| error.to_string())?;
        let written: DocumentMut = written.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
        let channels = list(document, "channel")?;
        let old = replace.and_then(|old| channels.iter_mut().find(|table| is_called(table, old)));
        let Some(table) = old else {
            channels.push(written.as_table().clone());
            return Ok(());
        };
        table.retain(|field, _| written.contains_key(field));
        for (field, item) in written.iter() {
            // A field that stays keeps its place and the comment above it.
            table[field] = item.clone();
        }
        Ok(())
    })
}

/// Removes a channel.
///
/// # Errors
/// As [`add_agent`].
pub fn remove_channel(path: &Path, name: &str) -> Result<Settings, SettingsError> {
    draft_without_channel(path, name)?.write()
}

/// As [`remove_channel`], to be written later.
pub(crate) fn draft_without_channel(path: &Path, name: &str) -> Result<Draft, SettingsError> {
    draft(path, |document| {
        list(document, "channel")?.retain(|table| !is_called(table, name));
        Ok(())
    })
}

pub(super) fn is_called(table: &Table, name: &str) -> bool {
    table.get("name").and_then(Item::as_str) == Some(name)
}

pub(super) fn is(table: &Table, id: &EntityId) -> bool {
    table.get("entity").and_then(Item::as_str) == Some(id.as_str())
}

pub(super) fn list<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut ArrayOfTables, String> {
    document
        .entry(name)
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or_else(|| {
            format!(
                "write agents, registries and channels as [[{name}]] tables; an inline list cannot be changed from here"
            )
        })
}

/// A change that was checked, and is not written yet.
pub(crate) struct Draft {
    path: PathBuf,
    text: String,
    settings: Settings,
}

impl Draft {
    /// Writes it.
    pub(crate) fn write(self) -> Result<Settings, SettingsError> {
        let Self { path, text, settings } = self;
        match write(&path, &text) {
            Ok(()) => Ok(settings),
            Err(error) => Err(SettingsError { path, at: None, what: format!("it cannot be written: {error}") }),
        }
    }
}

pub(super) fn change(
    path: &Path,
    edit: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<Settings, SettingsError> {
    draft(path, edit)?.write()
}

pub(super) fn draft(
    path: &Path,
    edit: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<Draft, SettingsError> {
    let refuse = |what: String| SettingsError { path: path.to_owned(), at: None, what };
    let text = read(path)?.unwrap_or_default();
    // A broken file is refused as it is: nobody's half-finished edit is overwritten.
    Settings::parse(path, &text)?;
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| refuse(error.message().to_owned()))?;
    edit(&mut document).map_err(refuse)?;
    let text = document.to_string();
    let settings = Settings::parse(path, &text)?;
    Ok(Draft { path: path.to_owned(), text, settings })
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
    use beatkeeper_core::view::BeatsBy;

    use super::*;

    const ID: &str = "zns:56475aa75463474c0285df5dbf2bcab7";

    fn agent() -> AgentEntry {
        AgentEntry::new(ID.parse().unwrap(), "weather".into(), "r".into())
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
    fn what_is_written_of_an_agent_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beatkeeper.toml");
        add_registry(&path, "r", &"http://127.0.0.1:1".parse().unwrap()).unwrap();
        let developer = format!("zns:dev:{}", "0".repeat(32)).parse().unwrap();
        let whole = AgentEntry {
            tags: vec!["team \"a\"".into(), "nightly".into()],
            project: Some("/home/me/the weather".into()),
            derived: Some(super::super::Derived { developer, index: 3 }),
            interval: 10,
            beats: BeatsBy::Agent,
            paused: true,
            health: Some("http://127.0.0.1:5000/health".parse().unwrap()),
            ..agent()
        };
        assert_eq!(add_agent(&path, &whole).unwrap().agents, std::slice::from_ref(&whole));
        let settings = set_tags(&path, &whole.entity, &["new".to_owned()]).unwrap();
        assert_eq!(settings.agents[0].tags, ["new"]);
        let settings = set_tags(&path, &whole.entity, &[]).unwrap();
        assert_eq!(settings.agents, [AgentEntry { tags: Vec::new(), ..whole.clone() }]);
        assert!(set_tags(&path, &whole.entity, &["a,b".to_owned()]).is_err());
        let settings = remove_registry(&path, "r").unwrap();
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn a_channel_is_saved_changed_renamed_and_removed_and_comments_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beatkeeper.toml");
        std::fs::write(&path, "# mine\n[[channel]]\n# the team's\nname = \"team\"\nkind = \"slack\"\n").unwrap();
        let hook = ChannelEntry {
            url: Some("https://example.com/hook".parse().unwrap()),
            only: Some(vec![beatkeeper_core::notice::NoticeKind::Offline]),
            ..ChannelEntry::new("hook", super::super::ChannelKind::Webhook)
        };
        let settings = save_channel(&path, &hook, None).unwrap();
        assert_eq!((settings.channels.len(), &settings.channels[1]), (2, &hook));
        let renamed = ChannelEntry { only: None, enabled: false, ..ChannelEntry::new("all", hook.kind) };
        let renamed = ChannelEntry { url: hook.url.clone(), ..renamed };
        let settings = save_channel(&path, &renamed, Some("team")).unwrap();
        assert_eq!(settings.channels, [renamed, hook.clone()]);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\n[[channel]]\n# the team's\nname = \"all\""), "{text}");
        assert!(save_channel(&path, &hook, None).unwrap_err().what.contains("two channels"));
        assert_eq!(remove_channel(&path, "all").unwrap().channels, [hook]);
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
