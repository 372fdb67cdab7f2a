//! Zynd projects, as the `zynd` command takes them (protocols.md 2.4 and 7.3).

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::refusal::Refusal;

/// Where an agent listens when nothing says so.
pub(super) const USUAL_PORT: u16 = 5000;
/// A tool's settings are a page of text.
const MOST_BYTES: u64 = 256 * 1024;
/// In the order in which they are looked for.
const ENDINGS: [&str; 5] = ["ts", "js", "mjs", "cjs", "py"];

/// What a project is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Agent,
    Service,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Agent, Self::Service];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Service => "service",
        }
    }

    const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Agent => &["agent.config.json", ".agent/agent.json"],
            Self::Service => &["service.config.json"],
        }
    }
}

/// A project's description.
#[derive(Clone, Debug)]
pub(super) struct Described {
    /// Which file it is in.
    pub(super) file: &'static str,
    facts: Value,
}

impl Described {
    /// That of the project in this folder, if it is one of this kind.
    pub(super) fn at(folder: &Path, kind: Kind) -> Result<Option<Self>, Refusal> {
        let Some(file) = kind.files().iter().find(|file| folder.join(file).is_file()) else { return Ok(None) };
        let path = folder.join(file);
        let bad = |what: String| {
            Refusal::new(
                "project.bad_config",
                format!("{} cannot be used: {what}", path.display()),
                "Correct it; `zynd` does not read it either.",
            )
        };
        let length = fs::metadata(&path).map_err(|error| bad(error.to_string()))?.len();
        if length > MOST_BYTES {
            return Err(bad(format!("it has {length} bytes, which no such file has")));
        }
        let text = fs::read(&path).map_err(|error| bad(error.to_string()))?;
        let facts = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        Ok(Some(Self { file, facts }))
    }

    pub(super) fn name(&self) -> Option<String> {
        self.text(&["name"])
    }

    /// The first of these members that is a text with something in it.
    pub(super) fn text(&self, members: &[&str]) -> Option<String> {
        let texts = members.iter().filter_map(|member| self.facts.get(member)?.as_str());
        texts.map(str::trim).find(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The texts of a list.
    pub(super) fn texts(&self, member: &str) -> Option<Vec<String>> {
        let list = self.facts.get(member)?.as_array()?;
        Some(list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect())
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        ["server_port", "serverPort", "webhook_port", "webhookPort"]
            .iter()
            .find_map(|field| port(self.facts.get(field)?))
            .unwrap_or(USUAL_PORT)
    }
}

/// Which file of a project names a registry, and which.
pub(crate) fn registry_of(folder: &Path) -> Option<(String, String)> {
    let described = Kind::ALL.into_iter().find_map(|kind| Described::at(folder, kind).ok()?)?;
    let url = ["registry_url", "registryUrl"].iter().find_map(|field| described.facts.get(field)?.as_str())?;
    (!url.trim().is_empty()).then(|| (described.file.to_owned(), url.to_owned()))
}

fn port(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    u16::try_from(number).ok().filter(|port| *port > 0)
}

/// The file that is started.
pub(super) fn entry(folder: &Path, kind: Kind) -> Option<String> {
    let names = ENDINGS.iter().map(|ending| format!("{}.{ending}", kind.word()));
    names.into_iter().find(|name| folder.join(name).is_file())
}

/// The files that could be started, for people.
pub(super) fn entries(kind: Kind) -> String {
    ENDINGS.map(|ending| format!("{}.{ending}", kind.word())).join(", ")
}
