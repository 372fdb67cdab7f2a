//! Which agents are meant: those that are named; in a project's folder, the project's; else all that are started here.

use std::path::Path;

use beatkeeper_engine::command::{Adopted, Adoption, Command};
use beatkeeper_engine::{Paths, setup};

use super::engine::Engine;
use super::{Local, here};
use crate::failure::Failure;
use crate::lookup;
use crate::out::{note, plain};

const PROJECT_FILE: &str = "beatkeeper.toml";

/// Whom to start: a project's agents are taken in first. Also how many of them were refused, which was said.
pub(super) async fn to_start(engine: &mut Engine, names: &[String]) -> Result<(Vec<Local>, usize), Failure> {
    let folder = here()?;
    if !names.is_empty() || !folder.join(PROJECT_FILE).is_file() {
        return Ok((meant(engine, names).await?, 0));
    }
    let adopted: Vec<Adopted> = engine.ask(Command::ProjectAdopt { folder, seen: None }).await?;
    let mut refused = 0;
    let mut agents = Vec::new();
    for one in adopted {
        let name = plain(&one.name);
        match (one.refusal, one.id) {
            (None, Some(id)) => {
                if let Some(word) = news(one.what) {
                    note(&format!("{name} {word}"));
                }
                agents.push(Local { id, name: one.name });
            }
            (refusal, _) => {
                refused += 1;
                let (sentence, remedy) = refusal.map(|refusal| (refusal.sentence, refusal.remedy)).unwrap_or_default();
                note(&format!("{name}: {}\n  remedy: {}", plain(&sentence), plain(&remedy)));
            }
        }
    }
    Ok((agents, refused))
}

const fn news(what: Adoption) -> Option<&'static str> {
    match what {
        Adoption::Added => Some("is in your configuration now"),
        Adoption::Changed => Some("has changed in your configuration, as the project says"),
        Adoption::Same | Adoption::Refused => None,
    }
}

/// Whom to ask for else: the configuration says who belongs to the folder.
pub(super) async fn known(engine: &mut Engine, paths: &Paths, names: &[String]) -> Result<Vec<Local>, Failure> {
    let folder = here()?;
    let is_project = folder.join(PROJECT_FILE).is_file() && !is_same(&folder.join(PROJECT_FILE), &paths.config);
    if names.is_empty() && is_project {
        let of_it = setup::agents_of_project(paths, &folder)?;
        let of_it: Vec<String> = of_it.into_iter().map(|id| id.as_str().to_owned()).collect();
        if of_it.is_empty() {
            return Err(Failure::refused(
                "project.not_adopted",
                "None of this project's agents is in the configuration",
                "Start them with `beatkeeper up`, or name the agents that you mean.",
            ));
        }
        return meant(engine, &of_it).await;
    }
    meant(engine, names).await
}

/// Those that are named; all that are started here when none is.
async fn meant(engine: &mut Engine, names: &[String]) -> Result<Vec<Local>, Failure> {
    let fleet = engine.fleet().await?;
    let rows = fleet.worst_first();
    if names.is_empty() {
        let mut ours: Vec<Local> = rows
            .iter()
            .filter(|row| row.process.run.is_some())
            .map(|row| Local { id: row.id.clone(), name: row.name.clone() })
            .collect();
        ours.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        if ours.is_empty() {
            return Err(Failure::refused(
                "run.nobody",
                "No agent is started here",
                "Say in the window how one is started, or describe a project's agents in its beatkeeper.toml.",
            ));
        }
        return Ok(ours);
    }
    let candidates = crate::agent::candidates(&fleet);
    let mut found: Vec<Local> = Vec::new();
    for name in names {
        let agent = lookup::find(name, &candidates)?;
        if found.iter().all(|other| other.id != agent.id) {
            found.push(Local { id: agent.id, name: agent.name });
        }
    }
    Ok(found)
}

fn is_same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
