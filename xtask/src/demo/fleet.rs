//! The five agents, and the configuration that watches them.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Stage;
use super::registry::Registry;
use crate::exec;

/// Who sends the beats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beats {
    /// The app, with the key in its vault.
    App,
    /// The agent itself; the app watches.
    Agent,
}

struct Role {
    name: &'static str,
    behaviour: &'static str,
    beats: Beats,
    fault: Option<(&'static str, u32)>,
    story: &'static str,
}

const ROLES: [Role; 5] = [
    Role {
        name: "research-planner",
        behaviour: "idle",
        beats: Beats::App,
        fault: None,
        story: "healthy: the app beats for it",
    },
    Role {
        name: "weather-agent",
        behaviour: "silent-after=20",
        beats: Beats::Agent,
        fault: None,
        story: "beats by itself, falls silent after 20 s: late, stale, offline",
    },
    Role {
        name: "invoice-triage",
        behaviour: "idle",
        beats: Beats::App,
        fault: Some(("drop-after", 12)),
        story: "the app beats for it, but its connection keeps dropping",
    },
    Role {
        name: "clock-drifter",
        behaviour: "skew=90",
        beats: Beats::Agent,
        fault: None,
        story: "its clock is 90 s wrong: the registry ignores its beats without a word",
    },
    Role {
        name: "tmp-experiment",
        behaviour: "never",
        beats: Beats::Agent,
        fault: None,
        story: "registered, and never beat",
    },
];

/// A running agent process.
pub(super) struct Agent {
    role: &'static Role,
    entity: String,
    health: String,
}

impl Agent {
    /// For the terminal.
    pub(super) fn introduction(&self) -> String {
        format!("  {:18} {}", self.role.name, self.role.story)
    }
}

/// Starts the agents; each registers itself and says who it is.
pub(super) fn start(stage: &mut Stage, registry: &Registry) -> Result<Vec<Agent>> {
    for role in &ROLES {
        let mut process = stage.command("beatkeeper-demo-agent");
        process.args(["--registry", &registry.url, "--name", role.name, "--behaviour", role.behaviour]);
        process.args(["--health-port", "0"]).arg("--key").arg(key_file(stage, role));
        stage.start(role.name, process)?;
    }
    let mut fleet = Vec::new();
    for role in &ROLES {
        let said: Value = stage.first_line(role.name, |line| serde_json::from_str(line).ok())?;
        let field = |name: &str| {
            let value = said[name].as_str().map(str::to_owned);
            value.with_context(|| format!("{} did not say its {name}: {said}", role.name))
        };
        let agent = Agent { role, entity: field("entity_id")?, health: field("health")? };
        if let Some((fault, seconds)) = role.fault {
            registry.order(&json!({ "entity": agent.entity, "fault": fault, "seconds": seconds }).to_string())?;
        }
        fleet.push(agent);
    }
    Ok(fleet)
}

/// Imports the keys that the app beats with, the way a user would, and writes the configuration.
pub(super) fn configure(stage: &Stage, registry: &Registry, fleet: &[Agent]) -> Result<()> {
    let config = stage.config();
    fs::write(&config, registry_section(registry))?;
    for agent in fleet.iter().filter(|agent| agent.role.beats == Beats::App) {
        let mut import = stage.beatkeeper("beatkeeper");
        import.args(["agent", "import"]).arg(key_file(stage, agent.role));
        import.args(["--registry", "devnet", "--name", agent.role.name]);
        exec::output(&mut import).with_context(|| format!("importing the key of {}", agent.role.name))?;
    }
    // The import has added its agents with the usual 30 s between beats; the demo is in more of a hurry.
    let mut text = registry_section(registry);
    for agent in fleet {
        let beats = match agent.role.beats {
            Beats::App => "app",
            Beats::Agent => "agent",
        };
        write!(
            text,
            "\n[[agent]]\nentity = \"{}\"\nname = \"{}\"\nregistry = \"devnet\"\nbeats = \"{beats}\"\ninterval = 5\n\
             health = \"{}\"\n",
            agent.entity, agent.role.name, agent.health
        )?;
    }
    fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))
}

fn registry_section(registry: &Registry) -> String {
    format!(
        "# Written by `cargo xtask demo`: five agents on a registry in a box, thresholds shortened.\n\n\
         [[registry]]\nname = \"devnet\"\nurl = \"{}\"\n\
         thresholds = {{ late = 15, stale = 30, offline = 60, inactive_after = 30, sweep = 2 }}\n",
        registry.url
    )
}

fn key_file(stage: &Stage, role: &Role) -> std::path::PathBuf {
    stage.dir.join("keys").join(format!("{}.json", role.name))
}
