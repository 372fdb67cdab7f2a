//! The file's shape, and reading it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_core::identity::{DeveloperId, EntityId, Realm};
use beatkeeper_core::view::BeatsBy;
use serde::{Deserialize, Serialize};
use url::Url;

use super::alerts::{AlertsEntry, OverridesEntry};
use super::bus::BusEntry;
use super::channel::{self, ChannelEntry};
use super::processes::ProcessesEntry;
use super::registry::RegistryEntry;
use super::run::{RunEntry, RungEntry, check_injected};
use super::window::WindowEntry;
use crate::command::Refusal;

/// A configuration is a page of text; more is a mistake.
const MAX_SIZE: u64 = 16 * 1024 * 1024;
const MOST_TAGS: usize = 16;
const LONGEST_TAG: usize = 32;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `[[registry]]`
    #[serde(default, rename = "registry")]
    pub registries: Vec<RegistryEntry>,
    /// `[[bus]]`
    #[serde(default, rename = "bus")]
    pub buses: Vec<BusEntry>,
    /// `[[agent]]`
    #[serde(default, rename = "agent")]
    pub agents: Vec<AgentEntry>,
    /// `[[channel]]`
    #[serde(default, rename = "channel")]
    pub channels: Vec<ChannelEntry>,
    /// `[window]`
    #[serde(default)]
    pub window: WindowEntry,
    /// `[alerts]`
    #[serde(default)]
    pub alerts: AlertsEntry,
    /// `[processes]`
    #[serde(default)]
    pub processes: ProcessesEntry,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentEntry {
    /// Its entity id.
    pub entity: EntityId,
    /// The user's name for it.
    pub name: String,
    /// Its registry's name, or its bus's.
    pub registry: String,
    /// Seconds between two beats, 1 to 120.
    #[serde(default = "thirty")]
    pub interval: u32,
    /// Who beats.
    #[serde(default)]
    pub beats: BeatsBy,
    /// Paused by the user.
    #[serde(default)]
    pub paused: bool,
    /// Where its process answers.
    #[serde(default)]
    pub health: Option<Url>,
    /// The user's words for it.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The folder of the project that it belongs to.
    #[serde(default)]
    pub project: Option<PathBuf>,
    /// Of whose key its key was derived, where that is known.
    #[serde(default)]
    pub derived: Option<Derived>,
    /// Rules of its own for alerts.
    #[serde(default)]
    pub alerts: OverridesEntry,
    /// Whether we beat only while its process is seen to be well; when missing, if it is started here.
    #[serde(default)]
    pub truthful: Option<bool>,
    /// How its process is started and kept; others run it when missing.
    #[serde(default)]
    pub run: Option<RunEntry>,
    /// What is tried, in order, when it does not beat.
    #[serde(default)]
    pub recover: Vec<RungEntry>,
}

/// What a key was derived from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// The developer.
    pub developer: DeveloperId,
    /// Which of the developer's agents.
    pub index: u32,
}

impl AgentEntry {
    /// One with nothing but what it must have.
    #[must_use]
    pub fn new(entity: EntityId, name: String, registry: String) -> Self {
        Self {
            entity,
            name,
            registry,
            interval: 30,
            beats: BeatsBy::App,
            paused: false,
            health: None,
            tags: Vec::new(),
            project: None,
            derived: None,
            alerts: OverridesEntry::default(),
            truthful: None,
            run: None,
            recover: Vec::new(),
        }
    }
}

const fn thirty() -> u32 {
    30
}

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {what}", path.display(), place(*at))]
pub struct SettingsError {
    /// The file.
    pub path: PathBuf,
    /// Line and column, from 1.
    pub at: Option<(usize, usize)>,
    /// What is wrong.
    pub what: String,
}

fn place(at: Option<(usize, usize)>) -> String {
    at.map_or_else(String::new, |(line, column)| format!(", line {line}, column {column}"))
}

impl From<SettingsError> for Refusal {
    fn from(error: SettingsError) -> Self {
        Self::new(
            "config.invalid",
            error.to_string(),
            "Correct the file; nothing was changed. What runs keeps the last good configuration.",
        )
    }
}

impl Settings {
    /// Reads the file; a missing one is an empty configuration.
    ///
    /// # Errors
    /// [`SettingsError`] with line and column.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        match read(path)? {
            Some(text) => Self::parse(path, &text),
            None => Ok(Self::default()),
        }
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`SettingsError`] with line and column.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let settings: Self = parse(path, text)?;
        let refuse = |what| SettingsError { path: path.to_owned(), at: None, what };
        settings.check().map_err(refuse)?;
        check_injected(&settings, text).map_err(refuse)?;
        Ok(settings)
    }

    /// Whether all of it can be, as a sentence.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.window.check().map_err(|what| format!("window: {what}"))?;
        channel::check_all(&self.channels)?;
        let mut names = HashSet::new();
        for registry in &self.registries {
            if registry.name.trim().is_empty() {
                return Err(format!("the registry {} has no name", registry.url));
            }
            if !names.insert(registry.name.as_str()) {
                return Err(format!("two registries are called \"{}\"", registry.name));
            }
            registry.check().map_err(|what| format!("registry \"{}\": {what}", registry.name))?;
        }
        for bus in &self.buses {
            if bus.name.trim().is_empty() {
                return Err(format!("the bus {} has no name", bus.url));
            }
            if !names.insert(bus.name.as_str()) {
                return Err(format!("two registries or buses are called \"{}\"", bus.name));
            }
            bus.check().map_err(|what| format!("bus \"{}\": {what}", bus.name))?;
        }
        self.check_team()?;
        let mut entities = HashSet::new();
        for agent in &self.agents {
            if !entities.insert(&agent.entity) {
                return Err(format!("{} is listed twice; one entity beats at one registry", agent.entity));
            }
            if !names.contains(agent.registry.as_str()) {
                return Err(format!(
                    "agent \"{}\" names the registry \"{}\", which is not listed",
                    agent.name, agent.registry
                ));
            }
            self.check_realm(agent).map_err(|what| format!("agent \"{}\": {what}", agent.name))?;
            if !(1..=120).contains(&agent.interval) {
                return Err(format!(
                    "agent \"{}\": interval = {} is not within 1 to 120 seconds",
                    agent.name, agent.interval
                ));
            }
            if agent.health.as_ref().is_some_and(|url| !matches!(url.scheme(), "http" | "https")) {
                return Err(format!("agent \"{}\": health must be an http:// or https:// address", agent.name));
            }
            check_tags(&agent.tags).map_err(|what| format!("agent \"{}\": {what}", agent.name))?;
            agent.check_run().map_err(|bad| format!("agent \"{}\": {bad}", agent.name))?;
        }
        self.check_alerts()
    }

    fn check_alerts(&self) -> Result<(), String> {
        let usual = OverridesEntry::default();
        let registries = self.registries.iter().map(|entry| (format!("registry \"{}\"", entry.name), &entry.alerts));
        let agents = self.agents.iter().map(|entry| (format!("agent \"{}\"", entry.name), &entry.alerts));
        let buses = self.buses.iter().map(|entry| (format!("bus \"{}\"", entry.name), &entry.alerts));
        let others: Vec<_> = registries.chain(buses).chain(agents).filter(|(_, rules)| **rules != usual).collect();
        let channels: Vec<_> = self.channels.iter().map(|channel| channel.name.as_str()).collect();
        self.alerts.check(&others, &channels)
    }

    /// The bus of that name.
    #[must_use]
    pub fn bus(&self, name: &str) -> Option<&BusEntry> {
        self.buses.iter().find(|bus| bus.name == name)
    }

    /// An agent lives where its id says.
    fn check_realm(&self, agent: &AgentEntry) -> Result<(), String> {
        let registry = self.registries.iter().find(|registry| registry.name == agent.registry);
        let organization = registry.and_then(|registry| registry.organization.as_deref());
        let artcafe = registry.is_some_and(|registry| registry.dialect == DialectChoice::ArtCafe);
        let (id, place) = (&agent.entity, agent.entity.parts().map(|(place, _)| place));
        let fits = match id.realm() {
            Realm::Zynd => registry.is_some() && !artcafe,
            Realm::ArtCafe => artcafe && place.as_deref() == organization,
            Realm::Bus => registry.is_none() && place.as_deref() == Some(agent.registry.as_str()),
        };
        if fits { Ok(()) } else { Err(format!("{id} is not an id of \"{}\"", agent.registry)) }
    }

    /// The registry that a name or a URL means.
    #[must_use]
    pub fn registry(&self, name_or_url: &str) -> Option<&RegistryEntry> {
        let url: Option<BaseUrl> = name_or_url.parse().ok();
        self.registries
            .iter()
            .find(|registry| registry.name == name_or_url)
            .or_else(|| self.registries.iter().find(|registry| Some(&registry.url) == url.as_ref()))
    }
}

/// Whether these can be an agent's tags.
pub(crate) fn check_tags(tags: &[String]) -> Result<(), String> {
    if tags.len() > MOST_TAGS {
        return Err(format!("{} tags are more than {MOST_TAGS}", tags.len()));
    }
    for (place, tag) in tags.iter().enumerate() {
        let long = tag.chars().count() > LONGEST_TAG;
        if long || tag.trim() != tag || tag.is_empty() || tag.contains(|c: char| c.is_control() || c == ',') {
            return Err(format!(
                "the tag \"{}\" is not 1 to {LONGEST_TAG} characters without commas and outer spaces",
                tag.escape_debug()
            ));
        }
        if tags[..place].contains(tag) {
            return Err(format!("the tag \"{tag}\" is there twice"));
        }
    }
    Ok(())
}

/// The file's text; nothing when there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, SettingsError> {
    let refuse = |what: String| SettingsError { path: path.to_owned(), at: None, what };
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() > MAX_SIZE => {
            return Err(refuse(format!("it has {} bytes, which no configuration has", meta.len())));
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refuse(format!("it cannot be read: {error}"))),
    }
    std::fs::read_to_string(path).map(Some).map_err(|error| refuse(format!("it cannot be read: {error}")))
}

/// What this text of a file in this format says.
pub(crate) fn parse<T: for<'de> Deserialize<'de>>(path: &Path, text: &str) -> Result<T, SettingsError> {
    toml::from_str(text).map_err(|error| SettingsError {
        path: path.to_owned(),
        at: error.span().map(|span| line_and_column(text, span.start)),
        what: error.message().to_owned(),
    })
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const GOOD: &str = r#"
[[registry]]
name = "devnet"
url = "http://127.0.0.1:8080/"
thresholds = { late = 3, stale = 6, offline = 12 }

[[agent]]
entity = "zns:56475aa75463474c0285df5dbf2bcab7"
name = "weather"
registry = "devnet"
"#;

    fn read(text: &str) -> Result<Settings, String> {
        Settings::parse(Path::new("b.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_good_file_is_read_with_its_defaults() {
        let settings = read(GOOD).unwrap();
        assert_eq!(settings.agents[0].interval, 30);
        assert_eq!(settings.agents[0].beats, BeatsBy::App);
        assert_eq!(settings.registries[0].thresholds.to_thresholds().inactive_after, Duration::from_secs(300));
        assert_eq!(settings.window.release_after(), Some(Duration::from_secs(300)));
        assert_eq!(read("[window]\nrelease_after = 0").unwrap().window.release_after(), None);
        assert!(settings.registry("devnet").is_some() && settings.registry("ws://127.0.0.1:8080").is_some());
    }

    #[test]
    fn a_bad_file_is_refused_with_the_place() {
        let unknown = read(&GOOD.replace("name = \"weather\"", "nmae = \"weather\"")).unwrap_err();
        assert!(unknown.contains("b.toml, line 9") && unknown.contains("nmae"), "{unknown}");
        let url = read(&GOOD.replace("http://127.0.0.1:8080/", "zns01.zynd.ai")).unwrap_err();
        assert!(url.contains("line 4") && url.contains("https://"), "{url}");
        let syntax = read("[[agent]\n").unwrap_err();
        assert!(syntax.contains("line 1"), "{syntax}");
        for (from, to, says) in [
            ("registry = \"devnet\"", "registry = \"other\"", "not listed"),
            ("registry = \"devnet\"", "registry = \"devnet\"\ninterval = 0", "1 to 120"),
            ("late = 3", "late = 7", "late must be less"),
            ("thresholds", "ping = { after = 0 }\nthresholds", "ping"),
            ("name = \"weather\"", "name = \"weather\"\ntags = [\"a\", \"b,c\"]", "b,c"),
            ("name = \"weather\"", "name = \"weather\"\ntags = [\"a\", \"a\"]", "twice"),
            (
                "name = \"weather\"",
                "name = \"weather\"\nderived = { developer = \"x\", index = 1 }",
                "not a developer id",
            ),
            ("[[agent]]", "[window]\nrelease_after = 86401\n[[agent]]", "0 to 86400"),
            ("[[agent]]", "[window]\nrelease_after = -1\n[[agent]]", "line 8"),
            ("[[agent]]", "[window]\nreleased = 1\n[[agent]]", "released"),
            ("zns:56475aa75463474c0285df5dbf2bcab7", "zns:XYZ", "not an entity id"),
        ] {
            let error = read(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
