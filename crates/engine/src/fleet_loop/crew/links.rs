//! The links of the agents that we beat for.

use std::sync::Arc;

use beatkeeper_core::dialect::{Dialect, Trial};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::wire::artcafe;
use rustls::ClientConfig;
use tokio::sync::watch;

use super::{Crew, seed};
use crate::fleet_loop::entries::interval;
use crate::links::{self, Cafe, LinkCommand, LinkSetup, LinkShared, Signing};
use crate::registry::client_for;
use crate::settings::{AgentEntry, RegistryEntry};

impl Crew {
    pub(in crate::fleet_loop) fn tell_link(&self, id: &EntityId, command: LinkCommand) {
        if let Some(link) = self.links.get(id) {
            link.tell(command);
        }
    }

    /// Starts the links that were made since the last call. The fleet must know their agents first.
    pub(in crate::fleet_loop) fn start_links(&mut self) {
        for id in std::mem::take(&mut self.waiting) {
            self.start_link(&id);
        }
    }

    fn start_link(&self, id: &EntityId) {
        if !self.hushed.contains(id) {
            self.tell_link(id, LinkCommand::Start);
        }
    }

    /// Does not beat for an agent any more, until it is told to.
    pub(in crate::fleet_loop) fn hush(&mut self, id: EntityId) {
        self.tell_link(&id, LinkCommand::Rest);
        self.hushed.insert(id);
    }

    /// Beats for it again.
    pub(in crate::fleet_loop) fn speak(&mut self, id: &EntityId) {
        if self.hushed.remove(id) && !self.waiting.contains(id) {
            self.tell_link(id, LinkCommand::Start);
        }
    }

    /// Has an agent's link say goodbye and dial anew. Nobody waits for it here: its last words need somebody who listens.
    pub(in crate::fleet_loop) fn restart(&self, id: &EntityId) {
        self.tell_link(id, LinkCommand::Stop);
        self.start_link(id);
    }

    /// A link whose task ended by itself had a defect; it costs that link a restart, and nobody else anything.
    pub(in crate::fleet_loop) fn replace_the_fallen(&mut self) {
        self.reopen_the_fallen_hubs();
        let fallen: Vec<EntityId> =
            self.links.iter().filter(|(_, link)| link.has_ended()).map(|(id, _)| id.clone()).collect();
        for id in fallen {
            tracing::error!(%id, "a link ended unexpectedly and is started anew");
            self.links.remove(&id);
            if let Some(agent) = self.entry(&id).cloned() {
                self.link(&agent);
            }
        }
        self.start_links();
    }

    /// Has every link to a registry beat in another dialect.
    pub(in crate::fleet_loop) fn speak_dialect(&mut self, registry: &str, dialect: Dialect) {
        let Some(shared) = self.shared.get(registry) else { return };
        tracing::info!(registry, dialect = dialect.as_str(), "nothing moved the record: another dialect is tried");
        shared.dialect.send_replace(dialect);
        let here = self.settings.agents.iter().filter(|agent| agent.registry == registry);
        for agent in here.filter(|agent| self.links.contains_key(&agent.entity)) {
            if !self.waiting.contains(&agent.entity) {
                self.restart(&agent.entity);
            }
        }
    }

    /// Remembers what a registry takes, for when it is watched anew.
    pub(in crate::fleet_loop) fn learn_dialect(&mut self, url: String, dialect: Dialect) {
        self.dialects.insert(url, dialect);
    }

    pub(super) fn link(&mut self, agent: &AgentEntry) {
        let settings = Arc::clone(&self.settings);
        if let Some(bus) = settings.bus(&agent.registry) {
            return self.link_to_bus(agent, bus);
        }
        let Some(registry) = settings.registry(&agent.registry) else { return };
        let link = links::start(LinkSetup {
            id: agent.entity.clone(),
            timing: registry.timing(interval(agent)),
            seed: seed(),
            shared: self.shared(registry),
        });
        self.links.insert(agent.entity.clone(), link);
        self.waiting.push(agent.entity.clone());
    }

    fn shared(&mut self, registry: &RegistryEntry) -> Arc<LinkShared> {
        let (means, dials, keys, leases) = (&self.means, &self.dials, &self.keys, &self.leases);
        let dialect =
            Trial::new(registry.dialect, self.dialects.get(&registry.url.to_string()).copied(), Time::ZERO).dialect();
        let shared = self.shared.entry(registry.name.clone()).or_insert_with(|| {
            Arc::new(LinkShared {
                base: registry.url.clone(),
                dialect: watch::Sender::new(dialect),
                cafe: cafe(registry, &means.tls),
                allow_plain: registry.allow_plain,
                signing: Signing::Vault(means.vault.clone()),
                clock: Arc::clone(&means.clock),
                tls: Arc::clone(&means.tls),
                dials: Arc::clone(dials),
                keys: Arc::clone(keys),
                leases: Arc::clone(leases),
                output: means.links.clone(),
            })
        });
        Arc::clone(shared)
    }
}

/// What an ArtCafe server has to be told before a socket is opened. Its challenges may come from another place than itself.
fn cafe(registry: &RegistryEntry, tls: &Arc<ClientConfig>) -> Option<Cafe> {
    let organization = registry.organization.clone()?;
    let template = registry.challenge.as_deref();
    let elsewhere = template.and_then(|template| artcafe::in_template(template, "agent").parse().ok());
    let http = client_for(elsewhere.as_ref().unwrap_or(&registry.url), tls)
        .inspect_err(|error| tracing::error!("ArtCafe cannot be asked: {error}"))
        .ok()?;
    Some(Cafe { organization, challenge: registry.challenge.clone(), http })
}
