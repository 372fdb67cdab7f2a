//! The demo registry's entry, its agents and their keys.

use std::net::{Ipv4Addr, TcpListener};

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::{EntityId, EntityKind, Fingerprint};
use beatkeeper_vault::{Overwrite, Presence, Seed, Vault};

use super::remove::{locked, unavailable};
use crate::command::{Demo, Refusal};
use crate::demo::{INTERVAL, REGISTRY, ROLES, THRESHOLDS};
use crate::paths::Paths;
use crate::settings::{self, AgentEntry, RegistryEntry, Settings};

/// The configured agents of the demo registry.
pub(super) fn agents(settings: &Settings) -> impl Iterator<Item = &AgentEntry> {
    let demo = registry(settings).map(|registry| registry.name.as_str());
    settings.agents.iter().filter(move |agent| Some(agent.registry.as_str()) == demo)
}

fn registry(settings: &Settings) -> Option<&RegistryEntry> {
    settings.registries.iter().find(|registry| registry.demo)
}

/// Makes keys for the agents and writes everybody into the configuration. The engine that reads it starts the registry.
pub(super) fn begin(paths: &Paths, vault: &Vault) -> Result<Demo, Refusal> {
    let before = Settings::load(&paths.config)?;
    if let Some(there) = registry(&before) {
        let sentence = format!("The demo registry runs already, as \"{}\"", there.name);
        return Err(Refusal::new("demo.exists", sentence, "End it first to start afresh."));
    }
    if before.registries.iter().any(|registry| registry.name == REGISTRY) {
        let sentence = format!("Another registry is called \"{REGISTRY}\"");
        return Err(Refusal::new("demo.name_taken", sentence, "Rename that one in the configuration."));
    }
    let port = free_port().map_err(|error| {
        Refusal::new("demo.no_port", format!("No port is free for it: {error}"), "Close something, and try again.")
    })?;
    let url: BaseUrl = format!("http://127.0.0.1:{port}").parse().map_err(|error| {
        Refusal::new("demo.no_port", format!("Port {port} makes no address: {error}"), "Try again.")
    })?;
    let mut agents = Vec::new();
    let written = make_keys(vault, &mut agents).and_then(|()| {
        let entries: Vec<AgentEntry> = agents.iter().map(|(agent, _)| agent.clone()).collect();
        settings::add_demo(&paths.config, REGISTRY, &url, &THRESHOLDS, &entries)?;
        Ok(())
    });
    if written.is_err() {
        // Half a demo is none: what was stored so far is nobody's.
        for (agent, fingerprint) in &agents {
            delete_key(vault, &agent.entity, *fingerprint);
        }
    }
    written.map(|()| Demo { agents: agents.into_iter().map(|(agent, _)| agent.entity).collect() })
}

fn make_keys(vault: &Vault, agents: &mut Vec<(AgentEntry, Fingerprint)>) -> Result<(), Refusal> {
    for role in &ROLES {
        let seed = Seed::generate()?;
        let id = EntityId::from_key(&seed.public_key(), EntityKind::Agent);
        vault.store(&id, &seed, Overwrite::OnlyIfAbsent)?;
        let entry = AgentEntry {
            interval: INTERVAL,
            tags: vec!["demo".to_owned()],
            ..AgentEntry::new(id, role.name.to_owned(), REGISTRY.to_owned())
        };
        agents.push((entry, seed.public_key().fingerprint()));
    }
    Ok(())
}

/// Takes all of it away again.
pub(super) fn end(paths: &Paths, vault: &Vault) -> Result<(), Refusal> {
    let before = Settings::load(&paths.config)?;
    let Some(registry) = registry(&before) else {
        return Err(Refusal::new("demo.none", "No demo registry is configured", "There is nothing to end."));
    };
    let agents: Vec<&AgentEntry> = agents(&before).collect();
    if let Some(stranger) = agents.iter().find(|agent| ROLES.iter().all(|role| role.name != agent.name)) {
        return Err(Refusal::new(
            "demo.stranger",
            format!("\"{}\" is at the demo registry, and none of its own", stranger.name),
            "Remove it first, or give it another registry in the configuration.",
        ));
    }
    // What cannot be looked at would be left behind where nobody finds it.
    let mut keys = Vec::new();
    for agent in agents {
        match vault.look(&agent.entity) {
            Presence::Present(fingerprint) => keys.push((&agent.entity, fingerprint)),
            Presence::Absent => {}
            Presence::Locked => return Err(locked("the demo")),
            Presence::Unavailable(reason) => return Err(unavailable("the demo", &reason)),
        }
    }
    settings::remove_registry(&paths.config, &registry.name)?;
    for (id, fingerprint) in keys {
        delete_key(vault, id, fingerprint);
    }
    Ok(())
}

/// A key that cannot be deleted stays; it is good for nothing.
fn delete_key(vault: &Vault, id: &EntityId, fingerprint: Fingerprint) {
    if let Err(error) = vault.delete(id, fingerprint) {
        tracing::warn!(%id, "the key of a demo agent stays in the vault: {error}");
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
