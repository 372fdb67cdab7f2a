//! The agents, with or without a running engine.

use beatkeeper_core::view::BeatsBy;
use beatkeeper_engine::{Paths, setup};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::out::{self, note, plain};
use crate::remote::Remote;
use crate::shape;
use crate::style::{Screen, Tone};
use crate::table::{Cell, Column, lay_out};
use crate::time::NONE;

const COLUMNS: [Column; 6] = [
    Column::left(""),
    Column::left("NAME").cut_to(12),
    Column::left("STATE"),
    Column::left("ID"),
    Column::left("BEATS").leave_out(1),
    Column::left("REGISTRY").cut_to(10).leave_out(2),
];

pub(super) fn print(paths: &Paths, json: bool) -> Result<(), Failure> {
    let entries = match Remote::find(paths)? {
        Some(mut remote) => running(&remote.fleet()?),
        None => {
            note("No Beatkeeper is running: states are not known.");
            configured(paths)?
        }
    };
    if json {
        let agents: Vec<Value> = entries.iter().map(Entry::for_programs).collect();
        return Ok(out::json(&json!({ "agents": agents }))?);
    }
    if entries.is_empty() {
        note("No agents yet. Add one: beatkeeper agent import FILE --registry URL");
        return Ok(());
    }
    let rows: Vec<Vec<Cell>> = entries.iter().map(Entry::cells).collect();
    Ok(out::lines(&lay_out(&COLUMNS, &rows, Screen::of_stdout()))?)
}

struct Entry {
    agent: setup::ConfiguredAgent,
    liveness: Option<beatkeeper_core::liveness::Liveness>,
}

fn running(fleet: &Fleet) -> Vec<Entry> {
    let entries = fleet.worst_first().into_iter().map(|row| Entry {
        agent: setup::ConfiguredAgent {
            id: row.id.clone(),
            name: row.name.clone(),
            registry: row.registry.name.clone(),
            registry_url: row.registry.url.clone(),
            beats_by: row.beats_by,
            paused: row.paused,
        },
        liveness: Some(row.liveness),
    });
    entries.collect()
}

fn configured(paths: &Paths) -> Result<Vec<Entry>, Failure> {
    Ok(setup::configured_agents(paths)?.into_iter().map(|agent| Entry { agent, liveness: None }).collect())
}

impl Entry {
    fn for_programs(&self) -> Value {
        json!({
            "id": self.agent.id,
            "name": self.agent.name,
            "liveness": self.liveness,
            "registry": {"name": self.agent.registry, "url": self.agent.registry_url},
            "beats_by": self.agent.beats_by,
            "paused": self.agent.paused,
        })
    }

    fn cells(&self) -> Vec<Cell> {
        let (glyph, tone) = self.liveness.map_or((" ", Tone::Plain), shape::of);
        let state = self.liveness.map_or(if self.agent.paused { "paused" } else { NONE }, |state| state.as_str());
        let beats = match self.agent.beats_by {
            BeatsBy::App => "Beatkeeper",
            BeatsBy::Agent => "itself",
            BeatsBy::Auto => "whoever does",
        };
        vec![
            Cell::new(glyph, tone),
            Cell::new(plain(&self.agent.name), Tone::Strong),
            Cell::new(state, tone),
            Cell::from(self.agent.id.to_string()),
            Cell::new(beats, Tone::Quiet),
            Cell::new(plain(&format!("{} ({})", self.agent.registry, self.agent.registry_url)), Tone::Quiet),
        ]
    }
}
