//! A developer's project, and the keys that it names.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::places::{entries, json_at};
use super::{Candidate, KeyOf};

/// Folders that hold other people's projects.
const NOT_OURS: [&str; 5] = ["node_modules", "target", ".git", ".venv", "venv"];

/// A folder with an agent or a service in it.
pub(super) struct Project {
    folder: PathBuf,
    of: KeyOf,
    facts: Facts,
}

/// `agent.config.json`, of which only this matters here. Names are written in both styles (protocols.md 2.4).
#[derive(Debug, Default, Deserialize)]
struct Facts {
    name: Option<String>,
    #[serde(alias = "registryUrl")]
    registry_url: Option<String>,
    #[serde(alias = "keypairPath")]
    keypair_path: Option<PathBuf>,
}

impl Project {
    /// The project in this folder, and those right below it.
    pub(super) fn at_or_below(folder: &Path) -> Vec<Self> {
        let is_ours = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.is_dir() && !NOT_OURS.contains(&&*name)
        };
        let below = entries(folder).into_iter().filter(is_ours);
        std::iter::once(folder.to_owned()).chain(below).flat_map(|folder| Self::at(&folder)).collect()
    }

    /// Whether this folder is one.
    pub(super) fn is_at(folder: &Path) -> bool {
        !Self::at(folder).is_empty()
    }

    fn at(folder: &Path) -> Vec<Self> {
        let described = [("agent.config.json", KeyOf::Agent), ("service.config.json", KeyOf::Service)];
        let mut projects: Vec<Self> = described
            .into_iter()
            .filter_map(|(file, of)| Some(Self { folder: folder.to_owned(), of, facts: json_at(&folder.join(file))? }))
            .collect();
        // One that only has a key still has one.
        if projects.is_empty() && (folder.join(".agent/config.json").is_file() || folder.join(".env").is_file()) {
            projects.push(Self { folder: folder.to_owned(), of: KeyOf::Agent, facts: Facts::default() });
        }
        projects
    }

    /// The keys that it names, where they are there.
    pub(super) fn keys(&self) -> Vec<Candidate> {
        let mut paths: Vec<(PathBuf, KeyOf)> =
            self.facts.keypair_path.iter().map(|path| (path.clone(), self.of)).collect();
        let own = PathBuf::from(".agent/config.json");
        if self.folder.join(&own).is_file() {
            paths.push((own, self.of));
        }
        // Without putting anything into this process's environment.
        for (name, value) in dotenvy::from_path_iter(self.folder.join(".env")).into_iter().flatten().flatten() {
            let of = match name.as_str() {
                "ZYND_AGENT_KEYPAIR_PATH" => KeyOf::Agent,
                "ZYND_SERVICE_KEYPAIR_PATH" => KeyOf::Service,
                _ => continue,
            };
            if !value.is_empty() {
                paths.push((PathBuf::from(value), of));
            }
        }
        let candidate = |(path, of)| Candidate {
            path: self.folder.join(path),
            of,
            name: self.facts.name.clone(),
            registry: self.facts.registry_url.clone(),
            project: Some(self.folder.clone()),
        };
        paths.into_iter().map(candidate).filter(|candidate| candidate.path.is_file()).collect()
    }
}
