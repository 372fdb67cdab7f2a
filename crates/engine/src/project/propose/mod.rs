//! How the agents of a folder could be started, as the `zynd` command starts them. Nothing else is guessed at.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use beatkeeper_core::identity::EntityId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::zynd::{self, Described, Kind};
use crate::discover::{self, KeyOf, Surroundings};
use crate::refusal::Refusal;
use crate::settings::Settings;

/// What tells a Zynd agent its port.
pub(super) const PORT: &str = "ZYND_SERVER_PORT";
/// Where virtual environments are, in order.
const ENVIRONMENTS: [&str; 2] = [".venv", "venv"];
/// A folder of projects has fewer than this.
const MOST: usize = 1000;

/// How an agent could be started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Proposal {
    /// What the project calls it.
    pub name: String,
    /// Where it runs.
    pub folder: PathBuf,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Added to its environment.
    pub env: BTreeMap<String, String>,
    /// Where it listens.
    pub port: Option<u16>,
    /// Its health address.
    pub health: Option<String>,
    /// The id of the key that the project names.
    pub entity: Option<EntityId>,
    /// Why this, as a sentence.
    pub why: String,
}

/// How the agents of this folder could be started, or when it is no project, those of the projects right in it.
///
/// # Errors
/// A sentence why there is nothing to propose.
pub fn propose(folder: &Path) -> Result<Vec<Proposal>, Refusal> {
    propose_on(folder, &Surroundings::of_this_process(), cfg!(windows))
}

fn propose_on(folder: &Path, around: &Surroundings, windows: bool) -> Result<Vec<Proposal>, Refusal> {
    let read = fs::read_dir(folder).map_err(|error| {
        let sentence = format!("{} cannot be looked into: {error}", folder.display());
        Refusal::new("project.no_folder", sentence, "Give the folder of a project.")
    })?;
    let (mut found, mut problem) = (Vec::new(), None);
    let mut look = |folder: &Path| {
        let mut is_one = false;
        for kind in Kind::ALL {
            match one(folder, kind, around, windows) {
                Ok(None) => continue,
                Ok(Some(proposal)) => found.push(proposal),
                Err(refusal) => problem = problem.take().or(Some(refusal)),
            }
            is_one = true;
        }
        is_one
    };
    if !look(folder) {
        let mut below: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).take(MOST).collect();
        below.sort_unstable();
        for path in below.iter().filter(|path| path.is_dir()) {
            look(path);
        }
    }
    match problem {
        _ if !found.is_empty() => Ok(found),
        Some(refusal) => Err(refusal),
        None => Err(Refusal::new(
            "project.unknown",
            format!("{} is no Zynd project: it has no agent.config.json and no service.config.json", folder.display()),
            "Say yourself which command starts the agent.",
        )),
    }
}

fn one(folder: &Path, kind: Kind, around: &Surroundings, windows: bool) -> Result<Option<Proposal>, Refusal> {
    let Some(described) = Described::at(folder, kind)? else { return Ok(None) };
    let Some(entry) = zynd::entry(folder, kind) else {
        return Err(Refusal::new(
            "project.no_entry",
            format!(
                "{} has {}, and none of the files that could be started: {}",
                folder.display(),
                described.file,
                zynd::entries(kind)
            ),
            "Say yourself which command starts the agent.",
        ));
    };
    let (command, which) = command(folder, &entry, windows);
    let port = described.port();
    let usual_name = || folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
    Ok(Some(Proposal {
        name: described.name().unwrap_or_else(usual_name),
        folder: folder.to_owned(),
        command,
        env: BTreeMap::from([(PORT.to_owned(), port.to_string())]),
        port: Some(port),
        health: Some(format!("http://127.0.0.1:{port}/health")),
        entity: key_of(folder, kind, around),
        why: format!("{} and {entry} are there; `zynd {} run` starts it so{which}", described.file, kind.word()),
    }))
}

/// The command, and a word about which program that is.
fn command(folder: &Path, entry: &str, windows: bool) -> (Vec<String>, String) {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match Path::new(entry).extension().and_then(|ending| ending.to_str()) {
        Some("ts") => (words(&[if windows { "npx.cmd" } else { "npx" }, "tsx", entry]), String::new()),
        Some("py") => match own_python(folder, windows) {
            Some((python, environment)) => (
                vec![python.display().to_string(), entry.to_owned()],
                format!(", here with the Python of its {environment}"),
            ),
            None => (words(&[if windows { "python" } else { "python3" }, entry]), String::new()),
        },
        _ => (words(&["node", entry]), String::new()),
    }
}

/// The Python of the project's virtual environment: what is installed for the project is only there.
fn own_python(folder: &Path, windows: bool) -> Option<(PathBuf, &'static str)> {
    let program = if windows { "Scripts/python.exe" } else { "bin/python" };
    let place = |environment: &'static str| (folder.join(environment).join(program), environment);
    ENVIRONMENTS.into_iter().map(place).find(|(python, _)| python.is_file())
}

/// The id of the key that the project names, if it names one.
fn key_of(folder: &Path, kind: Kind, around: &Surroundings) -> Option<EntityId> {
    let of = match kind {
        Kind::Agent => KeyOf::Agent,
        Kind::Service => KeyOf::Service,
    };
    let found = discover::find(around, &[folder.to_owned()], &Settings::default());
    let mut keys = found.into_iter().filter(|key| key.of == of && key.project.as_deref() == Some(folder));
    keys.next()?.id?.parse().ok()
}

#[cfg(test)]
mod tests;
