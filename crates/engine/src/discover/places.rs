//! The places that do not depend on a project.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Candidate, KeyOf};

/// More files than this in one folder are not keys.
const MOST: usize = 1000;
/// What the tools call a developer's key.
const DEVELOPER: &str = "developer.json";
/// A tool's settings are a page of text.
const MOST_BYTES: u64 = 256 * 1024;

/// Where a person's tools look: the home folder and the environment.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The home folder.
    pub home: Option<PathBuf>,
    /// `ZYND_HOME`, `ZYND_REGISTRY_URL` and the like.
    pub environment: HashMap<String, String>,
}

impl Surroundings {
    /// This process's.
    #[must_use]
    pub fn of_this_process() -> Self {
        let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
        Self { home, environment: std::env::vars().filter(|(name, _)| name.starts_with("ZYND_")).collect() }
    }

    /// The registry that the user chose for all projects (protocols.md 2.5).
    pub(super) fn registry(&self) -> Option<String> {
        self.registry_by_environment().or_else(|| self.registry_by_home())
    }

    /// What `ZYND_REGISTRY_URL` says.
    pub(crate) fn registry_by_environment(&self) -> Option<String> {
        self.variable("ZYND_REGISTRY_URL").map(str::to_owned)
    }

    /// What `~/.zynd/config.json` says.
    pub(crate) fn registry_by_home(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Config {
            registry_url: Option<String>,
        }
        json_at::<Config>(&self.zynd_home()?.join("config.json"))?.registry_url
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn zynd_home(&self) -> Option<PathBuf> {
        self.variable("ZYND_HOME").map(PathBuf::from).or_else(|| self.usual_home())
    }

    fn usual_home(&self) -> Option<PathBuf> {
        Some(self.home.as_ref()?.join(".zynd"))
    }
}

/// What `zynd` and the SDKs keep for a person, and what the environment names.
pub(super) fn usual(around: &Surroundings) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (variable, of) in [
        ("ZYND_AGENT_KEYPAIR_PATH", KeyOf::Agent),
        ("ZYND_SERVICE_KEYPAIR_PATH", KeyOf::Service),
        ("ZYND_DEVELOPER_KEYPAIR_PATH", KeyOf::Developer),
    ] {
        found.extend(around.variable(variable).map(|path| candidate(PathBuf::from(path), of)));
    }
    let Some(home) = around.zynd_home() else { return found };
    for (folder, of) in [("agents", KeyOf::Agent), ("services", KeyOf::Service)] {
        for entry in entries(&home.join(folder)) {
            let nested = entry.join("keypair.json");
            if nested.is_file() {
                found.push(candidate(nested, of));
            } else if entry.is_file() && entry.extension().is_some_and(|end| end == "json") {
                found.push(candidate(entry, of));
            }
        }
    }
    // The Go tool leaves its agents' keys beside the developer's.
    for entry in entries(&home) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == DEVELOPER {
            found.push(candidate(entry, KeyOf::Developer));
        } else if name.starts_with("agent-") && name.ends_with(".json") {
            found.push(candidate(entry, KeyOf::Agent));
        }
    }
    // A home of their own need not have the developer's key: the tools go on to the usual one.
    if !home.join(DEVELOPER).is_file() {
        let usual = around.usual_home().map(|usual| usual.join(DEVELOPER)).filter(|file| file.is_file());
        found.extend(usual.map(|file| candidate(file, KeyOf::Developer)));
    }
    found
}

/// What is in a folder, in order; nothing when it cannot be read.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(read) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).take(MOST).collect();
    paths.sort_unstable();
    paths
}

/// A file of settings; nothing when it is not there, too large, or not what it should be.
pub(super) fn json_at<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    let sane = fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MOST_BYTES);
    if sane { serde_json::from_slice(&fs::read(path).ok()?).ok() } else { None }
}

fn candidate(path: PathBuf, of: KeyOf) -> Candidate {
    Candidate { path, of, name: None, registry: None, project: None }
}
