//! Keys that developers have already: where the registry's tools and SDKs leave them (protocols.md 2.3 to 2.5).
//!
//! Files are read to say whose key they hold; no secret leaves this module.

mod places;
mod project;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use beatkeeper_core::identity::{DeveloperId, EntityId, EntityKind};
use beatkeeper_vault::{KeyFile, Loose};
use serde::{Deserialize, Serialize};

use crate::settings::Settings;
pub use places::Surroundings;
use project::Project;

/// The registry that every tool falls back to.
const USUAL_REGISTRY: &str = "https://zns01.zynd.ai";

/// What a key file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOf {
    /// An agent.
    Agent,
    /// A service.
    Service,
    /// A developer, whose agents' keys can be derived from it.
    Developer,
}

impl KeyOf {
    /// Of a file that nobody says anything about.
    fn by_name(path: &Path) -> Self {
        let within = |folder: &str| path.iter().any(|part| part == folder);
        if path.file_stem().is_some_and(|stem| stem == "developer") {
            Self::Developer
        } else if within("services") {
            Self::Service
        } else {
            Self::Agent
        }
    }
}

/// A key file that was found, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundKey {
    /// Where it is.
    pub path: PathBuf,
    /// What it is for.
    pub of: KeyOf,
    /// What its agent is called, as far as file, folder or project tell.
    pub name: String,
    /// The id that its key has; nothing when it could not be read.
    pub id: Option<String>,
    /// The registry at which it is probably registered; a base URL.
    pub registry: String,
    /// The file's permission bits, such as `0644`; nothing where the system has none.
    pub mode: Option<String>,
    /// Whether others than its owner can read it.
    pub loose: bool,
    /// Which of its developer's agents it is.
    pub index: Option<u32>,
    /// The project's folder that names it.
    pub project: Option<PathBuf>,
    /// Whether its agent is here already.
    pub known: bool,
    /// Why it cannot be imported.
    pub problem: Option<String>,
}

/// Looks where keys usually are, and into these folders and the projects right below them.
#[must_use]
pub fn find(around: &Surroundings, folders: &[PathBuf], settings: &Settings) -> Vec<FoundKey> {
    let mut candidates: BTreeMap<PathBuf, Candidate> = BTreeMap::new();
    let mut add = |candidate: Candidate| {
        // The same file may be named by a project, too, which knows more of it.
        let key = candidate.path.canonicalize().unwrap_or_else(|_| candidate.path.clone());
        let known = candidates.entry(key).or_insert_with(|| candidate.clone());
        known.project = known.project.take().or(candidate.project);
        known.name = known.name.take().or(candidate.name);
        known.registry = known.registry.take().or(candidate.registry);
    };
    places::usual(around).into_iter().for_each(&mut add);
    for folder in folders {
        for project in Project::at_or_below(folder) {
            project.keys().into_iter().for_each(&mut add);
        }
    }
    let by_home = around.registry();
    let mut found: Vec<FoundKey> =
        candidates.into_values().map(|candidate| candidate.look(by_home.as_deref(), settings)).collect();
    found.sort_by(|a, b| (a.known, a.of, &a.name, &a.path).cmp(&(b.known, b.of, &b.name, &b.path)));
    found
}

/// Says what these files are.
#[must_use]
pub fn look(around: &Surroundings, files: &[PathBuf], settings: &Settings) -> Vec<FoundKey> {
    let by_home = around.registry();
    // Where the tools keep keys, it is known what they are for.
    let usual = places::usual(around);
    let look = |path: &PathBuf| {
        let known = usual.iter().find(|candidate| candidate.path == *path).cloned();
        let project = project_of(path);
        let named = project.iter().flat_map(|folder| Project::at_or_below(folder)).flat_map(|project| project.keys());
        let named = named.into_iter().find(|candidate| candidate.path == *path);
        let plain = Candidate { path: path.clone(), of: KeyOf::by_name(path), name: None, registry: None, project };
        named.or(known).unwrap_or(plain).look(by_home.as_deref(), settings)
    };
    files.iter().map(look).collect()
}

/// The developer's key file that the tools use: what the environment names, else the one in `ZYND_HOME`, else
/// the one in the home folder (protocols.md 2.5).
#[must_use]
pub fn developer_key(around: &Surroundings) -> Option<PathBuf> {
    let mut keys = places::usual(around).into_iter().filter(|candidate| candidate.of == KeyOf::Developer);
    keys.next().map(|candidate| candidate.path)
}

/// The folder of the project that a key file is in; nothing where people keep keys outside of projects.
pub(crate) fn project_of(file: &Path) -> Option<PathBuf> {
    let folder = file.parent()?;
    let folder = if folder.ends_with(".agent") { folder.parent()? } else { folder };
    Project::is_at(folder).then(|| folder.to_owned())
}

/// A place where a key may be.
#[derive(Clone, Debug)]
struct Candidate {
    path: PathBuf,
    of: KeyOf,
    name: Option<String>,
    registry: Option<String>,
    project: Option<PathBuf>,
}

impl Candidate {
    fn look(self, by_home: Option<&str>, settings: &Settings) -> FoundKey {
        let Self { path, of, name, registry, project } = self;
        // The user's own choice beats the project's: that is what the tools do, whatever their documentation says.
        let registry = by_home.map(str::to_owned).or(registry).unwrap_or_else(|| USUAL_REGISTRY.to_owned());
        let mut found = FoundKey {
            name: name.unwrap_or_else(|| name_of(&path)),
            path,
            of,
            id: None,
            registry,
            mode: None,
            loose: false,
            index: None,
            project,
            known: false,
            problem: None,
        };
        match KeyFile::read(&found.path, Loose::Allow) {
            Ok(key) => {
                let entity = |kind| EntityId::from_key(&key.public_key, kind);
                let entity = match of {
                    KeyOf::Agent => Some(entity(EntityKind::Agent)),
                    KeyOf::Service => Some(entity(EntityKind::Service)),
                    KeyOf::Developer => None,
                };
                found.known = settings.agents.iter().any(|agent| Some(&agent.entity) == entity.as_ref());
                let developer = || DeveloperId::from_key(&key.public_key).as_str().to_owned();
                found.id = Some(entity.map_or_else(developer, |id| id.as_str().to_owned()));
                found.mode = key.mode.mode.map(|_| key.mode.to_string());
                found.loose = key.mode.loose;
                found.index = key.derived_from.map(|from| from.index);
                if let Some(name) = key.name {
                    found.name = name;
                }
            }
            Err(error) => found.problem = Some(error.to_string()),
        }
        found
    }
}

/// `agents/weather/keypair.json` is called weather, `agents/weather.json` and `weather/.agent/config.json` too.
pub(crate) fn name_of(file: &Path) -> String {
    let generic = ["keypair", "config", "key", "identity", ".agent"];
    let parts = file.with_extension("");
    let mut parts = parts.iter().rev().map(|part| part.to_string_lossy().into_owned());
    parts.find(|part| !generic.contains(&part.as_str())).unwrap_or_default()
}

#[cfg(test)]
mod tests;
