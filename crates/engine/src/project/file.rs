//! A project's own `beatkeeper.toml`: its agents, as in the user's configuration, and nothing that is the user's to choose.

use std::path::{Path, PathBuf};

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::BeatsBy;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::refusal::Refusal;
use crate::settings::{RunEntry, RungEntry, SettingsError, parse, read};

const FILE: &str = "beatkeeper.toml";

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectFile {
    /// `[[agent]]`
    #[serde(default, rename = "agent")]
    pub(crate) agents: Vec<ProjectAgent>,
    /// A digest of the text: equal only while nobody changes a letter of it.
    #[serde(skip)]
    pub(crate) seal: String,
}

/// One agent of the project.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectAgent {
    /// Its entity id; that of the key that the project names when missing.
    #[serde(default)]
    pub(crate) entity: Option<EntityId>,
    /// What to call it at first.
    pub(crate) name: String,
    /// A configured registry's name, or a base URL.
    pub(crate) registry: String,
    /// Seconds between two beats.
    #[serde(default)]
    pub(crate) interval: Option<u32>,
    /// Who beats.
    #[serde(default)]
    pub(crate) beats: BeatsBy,
    /// Whether we beat only while its process is seen to be well.
    #[serde(default)]
    pub(crate) truthful: Option<bool>,
    /// Where its process answers.
    #[serde(default)]
    pub(crate) health: Option<Url>,
    /// Its tags at first.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// How its process is started and kept.
    #[serde(default)]
    pub(crate) run: Option<RunEntry>,
    /// What is tried, in order, when it does not beat.
    #[serde(default)]
    pub(crate) recover: Vec<RungEntry>,
}

impl ProjectFile {
    /// Where it would be.
    pub(crate) fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// The project's folder, where that file in it may have been meant.
    pub(crate) fn folder_of(given: &Path) -> &Path {
        let is_file = given.file_name().is_some_and(|name| name == FILE) && given.is_file();
        given.parent().filter(|_| is_file).unwrap_or(given)
    }

    /// Reads the one in this folder.
    pub(crate) fn load(folder: &Path) -> Result<Self, Refusal> {
        let path = Self::path(folder);
        let file = read(&path).and_then(|text| text.map(|text| Self::parse(&path, &text)).transpose());
        let file = file.map_err(|error| {
            Refusal::new("project.invalid", error.to_string(), "Correct the project's file; nothing was changed.")
        })?;
        file.filter(|file| !file.agents.is_empty()).ok_or_else(|| {
            Refusal::new(
                "project.no_agents",
                format!("{} is not there, or describes no agents", path.display()),
                "Describe the project's agents in it, each as an [[agent]] table.",
            )
        })
    }

    fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let seal = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { seal, ..parse(path, text)? })
    }
}
