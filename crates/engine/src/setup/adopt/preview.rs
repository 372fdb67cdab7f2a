//! What taking a project's agents in would do, before it is done. A project's file names programs that will run: a person
//! sees each of them first.

use std::path::{Path, PathBuf};

use beatkeeper_core::view::RungKind;
use beatkeeper_vault::Vault;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ts_rs::TS;

use super::{Adopted, Plan, already_here, is_same_file};
use crate::discover::Surroundings;
use crate::paths::Paths;
use crate::project::{ProjectAgent, ProjectFile};
use crate::refusal::Refusal;
use crate::settings::{AgentEntry, ProbeEntry, RunEntry, RungEntry, Settings, StartWhen, rung_command};

/// What a project's file describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProjectPreview {
    /// The project's folder.
    pub folder: PathBuf,
    /// Its file.
    pub file: PathBuf,
    /// The state of the file that this is about; another one has another.
    pub seal: String,
    /// Its agents, in the file's order.
    pub agents: Vec<ProjectAgentView>,
}

/// One agent of a project, and what would become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProjectAgentView {
    /// What would become of it.
    pub outcome: Adopted,
    /// Its registry's name in the configuration; as the file has it where it is refused.
    pub registry: String,
    /// The base URL of that registry, when it would be new.
    pub new_registry: Option<String>,
    /// What would run.
    pub programs: Vec<ProgramView>,
    /// What they would find in their environment, as `NAME=value`.
    pub env: Vec<String>,
    /// The file of more of it.
    pub env_file: Option<PathBuf>,
    /// Whether it is started with Beatkeeper from then on.
    pub starts_with_app: bool,
    /// Whether a running Beatkeeper starts it as soon as it is taken in.
    pub starts_at_once: bool,
    /// In what it differs from the configuration; nothing for one that is new.
    pub changes: Vec<FieldChange>,
}

/// A program that would run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProgramView {
    /// What for.
    pub when: ProgramUse,
    /// The program and its arguments; no shell reads them.
    pub words: Vec<String>,
    /// Where it runs; nothing where that cannot be told.
    pub folder: Option<PathBuf>,
    /// Whether the configuration does not have it run so already.
    pub is_new: bool,
}

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ProgramUse {
    /// It is the agent.
    Agent,
    /// It tells whether the agent is ready.
    Ready,
    /// It tells whether the agent is well.
    Live,
    /// It recovers the agent.
    Recovery,
}

/// A field that would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FieldChange {
    /// Its name, such as `run.command`.
    pub field: String,
    /// What it is, as JSON; nothing where it is as usual.
    pub before: Option<String>,
    /// What it would be.
    pub after: Option<String>,
}

/// What [`adopt`](super::adopt) would do with this folder; nothing when it has no file of its own.
pub(in crate::setup) fn preview(paths: &Paths, vault: &Vault, given: &Path) -> Result<Option<ProjectPreview>, Refusal> {
    preview_with(paths, vault, given, &Surroundings::of_this_process())
}

pub(super) fn preview_with(
    paths: &Paths,
    vault: &Vault,
    given: &Path,
    around: &Surroundings,
) -> Result<Option<ProjectPreview>, Refusal> {
    let folder = ProjectFile::folder_of(given);
    let path = ProjectFile::path(folder);
    if !path.is_file() {
        return Ok(None);
    }
    let before = Settings::load(&paths.config)?;
    let of = |seal: String, agents: Vec<ProjectAgentView>| {
        Some(ProjectPreview { folder: folder.to_owned(), file: path.clone(), seal, agents })
    };
    if is_same_file(&path, &paths.config) {
        let here = already_here(&before).into_iter();
        return Ok(of(String::new(), here.filter_map(|same| known(same, &before)).collect()));
    }
    let file = ProjectFile::load(folder)?;
    let mut plan = Plan::new(&before);
    let outcomes = plan.take_all(&file, folder, vault, around);
    let agents = file.agents.iter().zip(outcomes).map(|(agent, outcome)| view(agent, outcome, &plan, folder));
    Ok(of(file.seal.clone(), agents.collect()))
}

/// One that is in the configuration, whose own file this is.
fn known(outcome: Adopted, settings: &Settings) -> Option<ProjectAgentView> {
    let entry = settings.agents.iter().find(|agent| Some(&agent.entity) == outcome.id.as_ref())?;
    let programs = Programs::of(entry).against(Some(entry));
    Some(with_run(outcome, entry.registry.clone(), entry.run.as_ref(), programs))
}

fn view(agent: &ProjectAgent, outcome: Adopted, plan: &Plan<'_>, folder: &Path) -> ProjectAgentView {
    let of_it = |entry: &&AgentEntry| outcome.refusal.is_none() && Some(&entry.entity) == outcome.id.as_ref();
    let there = plan.before.agents.iter().find(of_it);
    let Some(entry) = plan.agents.iter().find(of_it) else {
        // A person may correct the file, and wants to know what for.
        let said = Programs { run: agent.run.as_ref(), recover: &agent.recover, project: Some(folder) };
        return with_run(outcome, agent.registry.clone(), agent.run.as_ref(), said.against(None));
    };
    let new = plan.registries.iter().find(|(name, _)| *name == entry.registry);
    ProjectAgentView {
        new_registry: new.map(|(_, url)| url.to_string()),
        starts_at_once: starts_with_app(entry.run.as_ref()) && !entry.paused && there.is_none_or(is_left_alone),
        changes: there.map(|there| changes(there, entry)).unwrap_or_default(),
        ..with_run(outcome, entry.registry.clone(), entry.run.as_ref(), Programs::of(entry).against(there))
    }
}

fn with_run(
    outcome: Adopted,
    registry: String,
    run: Option<&RunEntry>,
    programs: Vec<ProgramView>,
) -> ProjectAgentView {
    let env = run.into_iter().flat_map(|run| &run.env).map(|(name, value)| format!("{name}={value}"));
    ProjectAgentView {
        outcome,
        registry,
        new_registry: None,
        programs,
        env: env.collect(),
        env_file: run.and_then(|run| run.env_file.clone()),
        starts_with_app: starts_with_app(run),
        starts_at_once: false,
        changes: Vec::new(),
    }
}

fn starts_with_app(run: Option<&RunEntry>) -> bool {
    run.is_some_and(|run| run.start == StartWhen::WithApp)
}

/// Nobody keeps its process so far: whoever begins to starts it.
const fn is_left_alone(there: &AgentEntry) -> bool {
    there.run.is_none() && there.recover.is_empty()
}

/// Where an agent's programs are said.
struct Programs<'a> {
    run: Option<&'a RunEntry>,
    recover: &'a [RungEntry],
    project: Option<&'a Path>,
}

impl<'a> Programs<'a> {
    fn of(entry: &'a AgentEntry) -> Self {
        Self { run: entry.run.as_ref(), recover: &entry.recover, project: entry.project.as_deref() }
    }

    /// All of them; those that are not among these run in a new way.
    fn against(&self, there: Option<&AgentEntry>) -> Vec<ProgramView> {
        let old = there.map(|there| Programs::of(there).all()).unwrap_or_default();
        let all = self.all().into_iter();
        all.map(|program| ProgramView { is_new: !old.contains(&program), ..program }).collect()
    }

    fn all(&self) -> Vec<ProgramView> {
        let usual = RunEntry::default();
        let run = self.run.unwrap_or(&usual);
        let folder = self.run.and_then(|run| run.folder_in(self.project).ok());
        let program = |when, words| ProgramView { when, words, folder: folder.clone(), is_new: true };
        let asks = |probe: &Option<ProbeEntry>| probe.as_ref().and_then(|probe| probe.command.clone());
        let own = self.run.map(|run| program(ProgramUse::Agent, run.command.clone()));
        let ready = asks(&run.ready).map(|words| program(ProgramUse::Ready, words));
        let live = asks(&run.live).map(|words| program(ProgramUse::Live, words));
        let rungs = self.recover.iter().filter(|rung| !matches!(rung.kind, RungKind::Restart | RungKind::Alert));
        let rungs = rungs.filter_map(|rung| rung_command(rung, run.stop_grace, run.key));
        let rungs = rungs.map(|words| program(ProgramUse::Recovery, words));
        own.into_iter().chain(ready).chain(live).chain(rungs).collect()
    }
}

/// What the project's file says, field by field.
fn changes(before: &AgentEntry, after: &AgentEntry) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare("", Some(&facts(before)), Some(&facts(after)), &mut found);
    found
}

fn facts(entry: &AgentEntry) -> Value {
    json!({
        "interval": entry.interval,
        "beats": entry.beats,
        "truthful": entry.truthful,
        "health": entry.health,
        "project": entry.project,
        "run": entry.run.clone().unwrap_or_default(),
        "recover": entry.recover,
    })
}

fn compare(place: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
    let (old, new) = (fields(before), fields(after));
    if old.is_none() && new.is_none() {
        let shown = |value: Option<&Value>| value.filter(|value| !value.is_null()).map(Value::to_string);
        found.push(FieldChange { field: place.to_owned(), before: shown(before), after: shown(after) });
        return;
    }
    let (old, new): (Map<String, Value>, Map<String, Value>) = (old.unwrap_or_default(), new.unwrap_or_default());
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    for name in names {
        let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        compare(&inner, old.get(name), new.get(name), found);
    }
}
