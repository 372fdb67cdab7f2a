//! `beatkeeper drill`: has an agent fall silent for real, and shows how soon that was noticed and told.

use std::time::Duration;

use beatkeeper_engine::Paths;
use beatkeeper_engine::command::{Command, Refusal};
use beatkeeper_engine::incidents::DrillView;
use serde_json::Value;

use crate::args::DrillOptions;
use crate::failure::Failure;
use crate::lookup::{self, Candidate};
use crate::out::{self, note, plain};
use crate::remote::Remote;

/// How often a drill that is under way is looked at.
const LOOK: Duration = Duration::from_millis(200);

pub(crate) fn drill(paths: &Paths, options: &DrillOptions) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    if options.list {
        return list(&mut remote, options.json);
    }
    if options.stop {
        return remote.ask::<Value>(&Command::DrillStop).map(drop);
    }
    let agent = whom(&mut remote, options.agent.as_deref())?;
    remote.ask::<Value>(&Command::DrillStart { id: agent.id })?;
    note(&format!("{} is silent now. Ctrl+C leaves the drill to itself.", plain(&agent.name)));
    let mut said = String::new();
    loop {
        let Some(newest) = drills(&mut remote, 1)?.into_iter().next() else { return Ok(()) };
        if newest.sentence != said && newest.drill.ended_at.is_none() {
            note(&plain(&newest.sentence));
            said.clone_from(&newest.sentence);
        }
        if newest.drill.ended_at.is_some() {
            return finish(&newest, options.json);
        }
        std::thread::sleep(LOOK);
    }
}

fn finish(drill: &DrillView, json: bool) -> Result<(), Failure> {
    if json {
        out::json(drill)?;
    } else {
        out::lines(&[line(drill)])?;
    }
    match &drill.drill.problem {
        Some(problem) => {
            let remedy = "See the agent's verdict: `beatkeeper status`.";
            Err(Failure::Shown(Refusal::new("drill.failed", plain(problem), remedy)))
        }
        None => Ok(()),
    }
}

fn list(remote: &mut Remote, json: bool) -> Result<(), Failure> {
    let drills = drills(remote, 20)?;
    if json {
        out::json(&drills)?;
    } else if drills.is_empty() {
        note("No drill was held yet.");
    } else {
        out::lines(&drills.iter().map(line).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn line(drill: &DrillView) -> String {
    let at = drill.drill.started_at.to_timestamp().strftime("%Y-%m-%d %H:%M:%SZ");
    format!("{at}  {}: {}", plain(&drill.drill.name), plain(&drill.sentence))
}

fn drills(remote: &mut Remote, limit: u32) -> Result<Vec<DrillView>, Failure> {
    remote.ask(&Command::Drills { limit })
}

/// Who is named; else one of the demo registry that beats.
fn whom(remote: &mut Remote, wanted: Option<&str>) -> Result<Candidate, Failure> {
    let fleet = remote.fleet()?;
    let candidates = super::agent::candidates(&fleet);
    if let Some(wanted) = wanted {
        return lookup::find(wanted, &candidates);
    }
    let demo: Vec<&str> =
        fleet.registries.iter().filter(|registry| registry.demo).map(|registry| registry.name.as_str()).collect();
    let steady = fleet.worst_first().into_iter().rev().find(|row| demo.contains(&row.registry.name.as_str()));
    steady.map(|row| Candidate { id: row.id.clone(), name: row.name.clone() }).ok_or_else(|| {
        Failure::refused(
            "drill.nobody",
            "No agent was named, and the demo registry does not run",
            "Name one that is active: `beatkeeper drill AGENT`; or start the demo registry in the window.",
        )
    })
}
