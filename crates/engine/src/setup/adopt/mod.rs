//! Taking the agents that a project's own `beatkeeper.toml` describes into the user's configuration.
//!
//! How an agent runs (`run`, `recover`, `beats`, `truthful`, `health`) is the project's to say, and is as its file says each
//! time. Its name, registry, tags, alerts and whether it is paused are the user's: the file only says them at first. So is
//! `interval`, unless the file has one.

mod preview;

use std::path::Path;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::BeatsBy;
use beatkeeper_vault::{Presence, Vault};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::add;
use crate::discover::{self, FoundKey, KeyOf, Surroundings};
use crate::paths::Paths;
use crate::project::{ProjectAgent, ProjectFile};
use crate::refusal::Refusal;
use crate::settings::{self, AgentEntry, KeyUse, Settings};

pub(super) use preview::preview;
pub use preview::{FieldChange, ProgramUse, ProgramView, ProjectAgentView, ProjectPreview};

/// What became of an agent that a project describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Adopted {
    /// Its entity id; nothing when it could not be found out.
    pub id: Option<EntityId>,
    /// Its name in the user's configuration, or when it is not there, in the project's.
    pub name: String,
    /// What became of it.
    pub what: Adoption,
    /// Why it is not here.
    pub refusal: Option<Refusal>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Adoption {
    /// It is new.
    Added,
    /// It runs in another way now.
    Changed,
    /// It was here as the file says.
    Same,
    /// It is not here, or as it was before.
    Refused,
}

/// Takes the agents of a project in. One that is refused keeps no other one back. `seen`: which state of its file a person
/// has seen, if that matters.
pub(super) fn adopt(paths: &Paths, vault: &Vault, folder: &Path, seen: Option<&str>) -> Result<Vec<Adopted>, Refusal> {
    adopt_with(paths, vault, folder, seen, &Surroundings::of_this_process())
}

fn adopt_with(
    paths: &Paths,
    vault: &Vault,
    folder: &Path,
    seen: Option<&str>,
    around: &Surroundings,
) -> Result<Vec<Adopted>, Refusal> {
    let before = Settings::load(&paths.config)?;
    if is_same_file(&ProjectFile::path(folder), &paths.config) {
        return Ok(already_here(&before));
    }
    let file = ProjectFile::load(folder)?;
    if seen.is_some_and(|seen| seen != file.seal) {
        return Err(Refusal::new(
            "project.changed",
            format!("{} has changed since it was shown; nothing was taken in", ProjectFile::path(folder).display()),
            "Look at it again: it may start other programs now.",
        ));
    }
    let mut plan = Plan::new(&before);
    let adopted = plan.take_all(&file, folder, vault, around);
    if !plan.agents.is_empty() {
        settings::upsert(&paths.config, &plan.registries, &plan.agents)?;
        tracing::info!(folder = %folder.display(), agents = plan.agents.len(), "a project's agents were taken in");
    }
    Ok(adopted)
}

/// The folder of the configuration itself: there is nothing to take in.
fn already_here(settings: &Settings) -> Vec<Adopted> {
    let ours = settings.agents.iter().filter(|agent| agent.run.is_some());
    let same = |agent: &AgentEntry| Adopted {
        id: Some(agent.entity.clone()),
        name: agent.name.clone(),
        what: Adoption::Same,
        refusal: None,
    };
    ours.map(same).collect()
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// A user may call the others of a project something else: they are named by their ids.
fn with_ids(agent: &ProjectAgent, all: &[ProjectAgent], ids: &[Result<EntityId, Refusal>]) -> ProjectAgent {
    let mut agent = agent.clone();
    for need in agent.run.iter_mut().flat_map(|run| &mut run.depends_on) {
        let place = all.iter().position(|other| other.name == *need);
        if let Some(Ok(id)) = place.map(|place| &ids[place]) {
            id.as_str().clone_into(need);
        }
    }
    agent
}

/// What is to be written.
struct Plan<'a> {
    before: &'a Settings,
    registries: Vec<(String, BaseUrl)>,
    agents: Vec<AgentEntry>,
}

impl<'a> Plan<'a> {
    const fn new(before: &'a Settings) -> Self {
        Self { before, registries: Vec::new(), agents: Vec::new() }
    }

    /// What becomes of the agents of the file, in its order.
    fn take_all(&mut self, file: &ProjectFile, folder: &Path, vault: &Vault, around: &Surroundings) -> Vec<Adopted> {
        let ids: Vec<Result<EntityId, Refusal>> =
            file.agents.iter().map(|agent| self.id_of(agent, folder, vault, around)).collect();
        let mut adopted = Vec::new();
        for (agent, id) in file.agents.iter().zip(&ids) {
            let outcome = id.clone().and_then(|id| self.take(&id, with_ids(agent, &file.agents, &ids), folder));
            adopted.push(outcome.unwrap_or_else(|refusal| Adopted {
                id: id.clone().ok(),
                name: agent.name.clone(),
                what: Adoption::Refused,
                refusal: Some(refusal),
            }));
        }
        adopted
    }

    /// Whose entry it is: as the file says, else by the only key that its folder, or the project, names.
    fn id_of(
        &self,
        agent: &ProjectAgent,
        folder: &Path,
        vault: &Vault,
        around: &Surroundings,
    ) -> Result<EntityId, Refusal> {
        if let Some(id) = &agent.entity {
            return Ok(id.clone());
        }
        let own = agent.run.as_ref().and_then(|run| run.folder_in(Some(folder)).ok());
        let mut keys = own.map(|own| keys_of(&own, around)).unwrap_or_default();
        if keys.is_empty() {
            keys = keys_of(folder, around);
        }
        let remedy = "Write its entity = \"zns:…\" into the project's file; `beatkeeper agent find` lists keys.";
        let (id, key) = match &keys[..] {
            [(id, key)] => (id, key),
            [] => {
                let sentence = format!("{} has no entity, and its project names no key", agent.name);
                return Err(Refusal::new("project.no_key", sentence, remedy));
            }
            several => {
                let sentence = format!("{} has no entity, and its project names {} keys", agent.name, several.len());
                return Err(Refusal::new("project.several_keys", sentence, remedy));
            }
        };
        let known = self.before.agents.iter().any(|known| known.entity == *id);
        let by_itself = agent.beats == BeatsBy::Agent && agent.run.as_ref().is_none_or(|run| run.key == KeyUse::None);
        // A vault that is locked now may have it.
        if !known && !by_itself && vault.look(id) == Presence::Absent {
            return Err(Refusal::new(
                "project.key_not_here",
                format!("The key of {} is in {}, and not in the vault yet", agent.name, key.path.display()),
                format!("Import it: `{}`; then again.", import_command(key, agent)),
            ));
        }
        Ok(id.clone())
    }

    fn take(&mut self, id: &EntityId, agent: ProjectAgent, folder: &Path) -> Result<Adopted, Refusal> {
        if self.agents.iter().any(|taken| taken.entity == *id) {
            let sentence = format!("The project's file describes {id} twice; the first one counts");
            return Err(Refusal::new("project.twice", sentence, "Take one of them out."));
        }
        let there = self.before.agents.iter().find(|there| there.entity == *id);
        let (base, registry) = match there {
            Some(there) => (there.clone(), None),
            None => {
                let (name, new) = self.registry(&agent.registry)?;
                let tags = agent.tags.clone();
                (AgentEntry { tags, ..AgentEntry::new(id.clone(), agent.name.clone(), name) }, new)
            }
        };
        let interval = agent.interval.unwrap_or(base.interval);
        let entry = AgentEntry {
            interval,
            beats: agent.beats,
            truthful: agent.truthful,
            health: agent.health,
            run: agent.run,
            recover: agent.recover,
            project: Some(folder.to_owned()),
            ..base
        };
        self.check(&entry, registry.as_ref())?;
        let what = match there {
            None => Adoption::Added,
            Some(there) if *there == entry => Adoption::Same,
            Some(_) => Adoption::Changed,
        };
        let adopted = Adopted { id: Some(id.clone()), name: entry.name.clone(), what, refusal: None };
        self.registries.extend(registry);
        self.agents.push(entry);
        Ok(adopted)
    }

    fn registry(&self, wanted: &str) -> Result<(String, Option<(String, BaseUrl)>), Refusal> {
        let url: Option<BaseUrl> = wanted.parse().ok();
        if let Some((name, _)) = self.registries.iter().find(|(_, new)| Some(new) == url.as_ref()) {
            return Ok((name.clone(), None));
        }
        let taken: Vec<&str> = self.registries.iter().map(|(name, _)| name.as_str()).collect();
        let (name, new) = add::registry_for(self.before, wanted, &taken)?;
        Ok((name.clone(), new.map(|url| (name, url))))
    }

    /// Whether the configuration could have it.
    fn check(&self, entry: &AgentEntry, registry: Option<&(String, BaseUrl)>) -> Result<(), Refusal> {
        let bad = |what: String| {
            Refusal::new("project.bad_agent", what, "Correct the project's file; this agent stays as it was.")
        };
        add::check_name(&entry.name)?;
        let mut one = Settings { agents: vec![entry.clone()], ..self.before.clone() };
        let new = registry.into_iter().chain(&self.registries);
        one.registries.extend(new.map(|(name, url)| settings::RegistryEntry::new(name.clone(), url.clone())));
        one.check().map_err(|what| bad(format!("The project's file cannot be followed: {what}")))
    }
}

/// The keys of agents and services that a project names.
fn keys_of(folder: &Path, around: &Surroundings) -> Vec<(EntityId, FoundKey)> {
    let found = discover::find(around, &[folder.to_owned()], &Settings::default());
    let ours = found.into_iter().filter(|key| key.of != KeyOf::Developer && key.project.as_deref() == Some(folder));
    let mut keys: Vec<(EntityId, FoundKey)> =
        ours.filter_map(|key| Some((key.id.as_deref()?.parse().ok()?, key))).collect();
    keys.sort_by(|(a, _), (b, _)| a.cmp(b));
    keys.dedup_by(|(a, _), (b, _)| a == b);
    keys
}

fn import_command(key: &FoundKey, agent: &ProjectAgent) -> String {
    let quoted = |text: &str| {
        let simple = |c: char| c.is_alphanumeric() || "/\\._-:~".contains(c);
        if !text.is_empty() && text.chars().all(simple) { text.to_owned() } else { format!("\"{text}\"") }
    };
    let mut words = vec![
        "beatkeeper agent import".to_owned(),
        quoted(&key.path.display().to_string()),
        format!("--registry {}", quoted(&agent.registry)),
        format!("--name {}", quoted(&agent.name)),
    ];
    words.extend((key.of == KeyOf::Service).then(|| "--service".to_owned()));
    words.extend(key.loose.then(|| "--allow-loose".to_owned()));
    words.join(" ")
}

#[cfg(test)]
mod tests;
