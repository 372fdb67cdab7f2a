//! Who is started before whom.

use std::collections::BTreeMap;

use beatkeeper_core::identity::EntityId;

use super::super::file::{AgentEntry, Settings};
use super::Names;
use crate::refusal::Refusal;

/// Who can be started, and who cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartOrder {
    /// Those that were asked for and those that they depend on, each after its own. Whom others run is not in it.
    pub order: Vec<EntityId>,
    /// Those that were asked for and cannot be started; the others can.
    pub refused: Vec<(EntityId, Refusal)>,
}

/// In which order these are started; all that can be when none is named.
#[must_use]
pub fn start_order(settings: &Settings, ids: &[EntityId]) -> StartOrder {
    let mut walk = Walk { names: Names::of(settings), seen: BTreeMap::new(), order: Vec::new(), path: Vec::new() };
    let all: Vec<EntityId> =
        settings.agents.iter().filter(|agent| agent.run.is_some()).map(|agent| agent.entity.clone()).collect();
    let mut refused = Vec::new();
    for id in if ids.is_empty() { &all } else { ids } {
        if let Err(refusal) = walk.start(settings, id) {
            refused.push((id.clone(), refusal));
        }
    }
    StartOrder { order: walk.order, refused }
}

/// Why an agent cannot be started.
#[derive(Clone, Debug)]
struct Broken {
    refusal: Refusal,
    /// Those of the circle, when it is one.
    circle: Vec<EntityId>,
}

struct Walk<'a> {
    names: Names<'a>,
    seen: BTreeMap<EntityId, Result<(), Box<Broken>>>,
    order: Vec<EntityId>,
    /// From the agent that was asked for to the one that is looked at.
    path: Vec<&'a AgentEntry>,
}

impl<'a> Walk<'a> {
    fn start(&mut self, settings: &'a Settings, id: &EntityId) -> Result<(), Refusal> {
        let agent = settings.agents.iter().find(|agent| agent.entity == *id).ok_or_else(|| {
            Refusal::new("agent.unknown", format!("{id} is not in the configuration"), "See `beatkeeper agent list`.")
        })?;
        if agent.run.is_none() {
            return Err(Refusal::new(
                "run.no_command",
                format!("Nothing says how {} is started", agent.name),
                "Set its command in the window, or write [agent.run] into the configuration.",
            ));
        }
        self.visit(agent).map_err(|broken| broken.refusal)
    }

    fn visit(&mut self, agent: &'a AgentEntry) -> Result<(), Box<Broken>> {
        if let Some(known) = self.seen.get(&agent.entity) {
            return known.clone();
        }
        if let Some(from) = self.path.iter().position(|other| other.entity == agent.entity) {
            return Err(circle(&self.path[from..]));
        }
        // Others run it; nothing has to be started.
        let Some(run) = &agent.run else { return Ok(()) };
        self.path.push(agent);
        let outcome = run.depends_on.iter().try_for_each(|need| self.need(agent, need));
        self.path.pop();
        if outcome.is_ok() {
            self.order.push(agent.entity.clone());
        }
        self.seen.insert(agent.entity.clone(), outcome.clone());
        outcome
    }

    fn need(&mut self, agent: &AgentEntry, need: &str) -> Result<(), Box<Broken>> {
        let needed = self.names.find(need).map_err(|what| {
            let sentence = format!("{} depends on \"{}\", and {what}", agent.name, need.escape_debug());
            let remedy = "Correct depends_on: names or entity ids of configured agents.";
            Box::new(Broken { refusal: refusal("run.unknown_dependency", sentence, remedy), circle: Vec::new() })
        })?;
        self.visit(needed).map_err(|broken| {
            if broken.circle.contains(&agent.entity) {
                return broken;
            }
            let sentence = format!(
                "{} depends on {}, which cannot be started: {}",
                agent.name, needed.name, broken.refusal.sentence
            );
            Box::new(Broken {
                refusal: refusal("run.dependency_refused", sentence, &broken.refusal.remedy),
                circle: Vec::new(),
            })
        })
    }
}

fn circle(members: &[&AgentEntry]) -> Box<Broken> {
    let names = members.iter().chain(members.first()).map(|agent| agent.name.as_str()).collect::<Vec<_>>();
    Box::new(Broken {
        refusal: refusal(
            "run.cycle",
            format!("They depend on each other in a circle: {}", names.join(" -> ")),
            "Take one of them out of the other's depends_on.",
        ),
        circle: members.iter().map(|agent| agent.entity.clone()).collect(),
    })
}

fn refusal(code: &str, sentence: String, remedy: &str) -> Refusal {
    Refusal::new(code, sentence, remedy).at("run.depends_on")
}
