//! Drawing up a plan: what is there is read, what is wanted is checked, and the requests are put in the order that works.

use std::path::Path;
use std::sync::Arc;

use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey, Realm};
use beatkeeper_core::wire::ownership::Owner;
use beatkeeper_vault::{Seed, Signer};

use super::client::Client;
use super::deed::Deed;
use super::facts::{Facts, Said, checked_url, url_warning};
use super::hazards;
use super::keys::{Developer, Keys, must_be_ours};
use super::next_index::{self, NextKey};
use super::plan::WritePlan;
use super::records::Record;
use super::{Desk, Write};
use crate::handle::blocking;
use crate::refusal::Refusal;
use crate::settings::{AgentEntry, Derived, RegistryEntry, Settings};

/// A plan, with what it takes to carry it out.
pub(super) struct Draft {
    pub(super) plan: WritePlan,
    /// What the agent is called here.
    pub(super) name: String,
    pub(super) registry: RegistryEntry,
    pub(super) deeds: Vec<Deed>,
    pub(super) keys: Keys,
    pub(super) switch: Option<Switch>,
    /// What will have happened.
    pub(super) done: String,
}

/// Another key takes an agent's place here.
pub(super) struct Switch {
    pub(super) id: EntityId,
    pub(super) seed: Arc<Seed>,
    pub(super) derived: Derived,
}

/// What each kind of plan has to say.
struct Drawn {
    deeds: Vec<Deed>,
    keys: Keys,
    switch: Option<Switch>,
    sentence: String,
    done: String,
    warnings: Vec<String>,
}

/// What all plans begin with.
struct Subject {
    settings: Settings,
    agent: AgentEntry,
    registry: RegistryEntry,
    client: Client,
}

impl Desk<'_> {
    /// Draws up what is to be done. Nothing is signed by it.
    pub(super) async fn draft(&self, id: &EntityId, write: &Write) -> Result<Draft, Refusal> {
        let mut subject = self.subject(id)?;
        let drawn = match write {
            Write::Register { developer_path, entity_url, name, category, tags, summary, index } => {
                let person = Said {
                    name: name.clone(),
                    entity_url: entity_url.clone(),
                    category: category.clone(),
                    tags: tags.clone(),
                    summary: summary.clone(),
                };
                self.register(&mut subject, developer_path.as_deref(), person, *index).await?
            }
            Write::Update { entity_url } => self.update(&mut subject, entity_url).await?,
            Write::Deregister { developer_path, .. } => {
                self.deregister(&mut subject, developer_path.as_deref()).await?
            }
            Write::NextIndex { developer_path, entity_url } => {
                let person = Said { entity_url: entity_url.clone(), ..Said::default() };
                self.next_index(&mut subject, developer_path.as_deref(), person).await?
            }
        };
        let Drawn { deeds, keys, switch, sentence, done, mut warnings } = drawn;
        let Subject { agent, registry, .. } = subject;
        warnings.extend(hazards::of(&deeds, &registry.url));
        let plan = WritePlan::show(&agent.entity, &registry.url, &sentence, &deeds, &warnings)?;
        Ok(Draft { plan, name: agent.name, registry, deeds, keys, switch, done })
    }

    fn subject(&self, id: &EntityId) -> Result<Subject, Refusal> {
        let settings = Settings::load(&self.paths.config)?;
        let unknown = || {
            Refusal::new("agent.unknown", format!("{id} is not in the configuration"), "See `beatkeeper agent list`.")
        };
        let agent = settings.agents.iter().find(|agent| agent.entity == *id).cloned().ok_or_else(unknown)?;
        let elsewhere = |what: &str| {
            let remedy = "Only agents of Zynd registries are registered from here.";
            Refusal::new("write.not_zynd", format!("{} {what}", agent.name), remedy)
        };
        match id.realm() {
            Realm::Zynd => {}
            Realm::ArtCafe => return Err(elsewhere("is an agent of ArtCafe, which keeps its own list")),
            Realm::Bus => return Err(elsewhere("lives on a Redis bus, where whoever beats is known")),
        }
        let registry = settings.registry(&agent.registry).cloned().ok_or_else(unknown)?;
        if !registry.url.is_encrypted() && !registry.url.is_loopback() && !registry.allow_plain {
            return Err(Refusal::new(
                "write.plain",
                format!(
                    "{} is reached without encryption: whoever reads along could repeat what is signed",
                    registry.url
                ),
                "Give the registry an https:// address, or allow_plain = true if nobody can read along.",
            ));
        }
        let client = Client::new(registry.url.clone(), self.pace, self.asker.clone())?;
        Ok(Subject { settings, agent, registry, client })
    }

    async fn register(
        &self,
        subject: &mut Subject,
        developer: Option<&Path>,
        person: Said,
        index: Option<u32>,
    ) -> Result<Drawn, Refusal> {
        let signer = self.signer(&subject.agent.entity).await?;
        let key = signer.public_key();
        let there = subject.client.record(&subject.agent.entity).await?;
        let mut warnings = Vec::new();
        if let Some(there) = there.as_ref().filter(|there| !there.tombstoned) {
            if !there.is_copy() {
                must_be_ours(&subject.agent.entity, there.public_key.as_deref(), &key)?;
                return Err(Refusal::new(
                    "write.already_registered",
                    format!(
                        "{} is registered at {}, with the key in the vault",
                        subject.agent.name, subject.registry.name
                    ),
                    "Nothing needs to be done. To change where it is published: `beatkeeper agent update AGENT --url URL`.",
                ));
            }
            warnings.push(format!(
                "The registry has a copy of its record from {}: it will be registered at both.",
                home_of(there)
            ));
        }
        let developer = self.developer(developer).await?;
        developer.must_own(&subject.agent, there.as_ref().and_then(|there| there.developer_id.as_deref()))?;
        let own_index = developer.index_of(&key);
        let index = match index.or(own_index).or_else(|| subject.agent.derived.as_ref().map(|from| from.index)) {
            Some(index) => index,
            None => {
                let listed = subject.client.entities_of(developer.id.as_str()).await?;
                let used = next_index::used(&developer, &listed, &subject.settings);
                (0..u32::MAX).find(|index| !used.contains(index)).unwrap_or_default()
            }
        };
        if own_index != Some(index) && developer.derive(index).public_key() != key {
            warnings.push(format!(
                "Its key was not derived from this developer's as number {index}. The registry takes it nevertheless: the \
                 developer vouches for it."
            ));
        }
        let facts = Facts::gather(person, there.as_ref(), &subject.agent, subject.client.direct()).await?;
        let Subject { agent, registry, client, .. } = subject;
        let keys = Keys { agent: Some(signer), developer: Some(developer.signer()) };
        let (deeds, more) = registration(client, registry, &agent.entity, key, facts, &developer, index).await?;
        warnings.extend(more);
        let (whose, place) = (format!("{} of the developer {}", agent.name, developer.id), &registry.name);
        Ok(Drawn {
            deeds,
            keys,
            switch: None,
            sentence: format!("{whose} will be registered at {place} as {}.", agent.entity),
            done: format!("{whose} is registered at {place} as {}.", agent.entity),
            warnings,
        })
    }

    async fn update(&self, subject: &mut Subject, entity_url: &str) -> Result<Drawn, Refusal> {
        let entity_url = checked_url(entity_url)?;
        if subject.agent.entity.kind() == EntityKind::Service {
            return Err(Refusal::new(
                "write.service_url",
                "A registry has the address of a service twice, and changes only one of them",
                "Deregister it (`beatkeeper agent deregister AGENT`), and register it again with the new address \
                 (`beatkeeper agent register AGENT --url URL`).",
            ));
        }
        let there = subject.registered().await?;
        let signer = self.signer(&subject.agent.entity).await?;
        must_be_ours(&subject.agent.entity, there.public_key.as_deref(), &signer.public_key())?;
        let listed = match there.developer_id.as_deref().filter(|id| !id.is_empty()) {
            Some(developer) => subject.client.entities_of(developer).await?,
            None => Vec::new(),
        };
        let id = &subject.agent.entity;
        let before = listed.into_iter().find(|record| record.entity_id == id.as_str()).and_then(|old| old.entity_url);
        let (name, registry) = (&subject.agent.name, &subject.registry);
        let before = before.map_or_else(String::new, |before| {
            let before: String = before.chars().take(200).filter(|c| !c.is_control()).collect();
            format!(" instead of {before}")
        });
        let (sentence, done) = (
            format!("{name} will be published at {entity_url}{before}."),
            format!("{name} is published at {entity_url}{before}."),
        );
        Ok(Drawn {
            warnings: url_warning(&entity_url, registry.url.is_loopback()).into_iter().collect(),
            deeds: vec![Deed::Publish { id: id.clone(), entity_url }],
            keys: Keys { agent: Some(signer), developer: None },
            switch: None,
            sentence,
            done,
        })
    }

    async fn deregister(&self, subject: &mut Subject, developer: Option<&Path>) -> Result<Drawn, Refusal> {
        let there = subject.registered().await?;
        let agent = &subject.agent;
        let mut deeds = Vec::new();
        let mut keys = Keys::default();
        let mut whose = String::new();
        let own = self.signer(&agent.entity).await;
        let others: Vec<_> = subject.settings.registries.iter().map(|other| &other.url).collect();
        let name = there.bound_name(&subject.registry.url, &others)?;
        let by = match (&own, &there.public_key) {
            (Ok(signer), registered) => {
                must_be_ours(&agent.entity, registered.as_deref(), &signer.public_key())?;
                Owner::Entity
            }
            (Err(refusal), _) if has_no_key_of_it(refusal) => Owner::Developer,
            // A vault that is only locked has it, and the more powerful key is not taken in its place.
            (Err(refusal), _) => return Err(refusal.clone()),
        };
        if name.is_some() || by == Owner::Developer {
            let developer = match (self.developer(developer).await, own.as_ref().err()) {
                // The key that is missing first is the agent's own.
                (Err(_), Some(refusal)) => return Err(refusal.clone()),
                (read, _) => read?,
            };
            developer.must_own(agent, there.developer_id.as_deref())?;
            keys.developer = Some(developer.signer());
            whose = format!(" of the developer {}", developer.id);
        }
        let (who, place) = (format!("{}{whose}", agent.name), &subject.registry.name);
        let (mut sentence, mut done) = (
            format!("{who} will no longer be registered at {place}"),
            format!("{who} is no longer registered at {place}"),
        );
        if let Some(name) = name {
            sentence += &format!(", and its name {} will be free", name.as_str());
            done += &format!(", and its name {} is free", name.as_str());
            deeds.push(Deed::Release { name });
        }
        deeds.push(Deed::Delete { id: agent.entity.clone(), by });
        keys.agent = own.ok();
        let warnings = vec![
            "Nobody finds it any more, and the registry drops its beats in silence. It stays here, with its key: register \
             it again, pause it, or remove it."
                .to_owned(),
        ];
        Ok(Drawn { deeds, keys, switch: None, sentence: format!("{sentence}."), done: format!("{done}."), warnings })
    }

    async fn next_index(
        &self,
        subject: &mut Subject,
        developer: Option<&Path>,
        person: Said,
    ) -> Result<Drawn, Refusal> {
        let old = subject.agent.entity.clone();
        self.must_be_down(&old).await?;
        let there = subject.client.record(&old).await?;
        let developer = self.developer(developer).await?;
        developer.must_own(&subject.agent, there.as_ref().and_then(|there| there.developer_id.as_deref()))?;
        let listed = subject.client.entities_of(developer.id.as_str()).await?;
        // The list also says where it is published.
        let known = listed.iter().find(|record| record.entity_id == old.as_str()).cloned().or(there);
        let facts = Facts::gather(person, known.as_ref(), &subject.agent, subject.client.direct()).await?;
        let Subject { settings, agent, registry, client } = subject;
        let own = (&old, developer.index_of_id(&old));
        let left = next_index::left_over(client, &developer, own, &listed, &facts, settings, self.vault).await?;
        let is_there = left.is_some();
        let NextKey { index, id, seed } = match left {
            Some(left) => left,
            None => {
                let highest = next_index::used(&developer, &listed, settings).into_iter().chain(own.1).max();
                next_index::next(client, &developer, old.kind(), highest, settings, self.vault).await?
            }
        };
        let (deeds, mut warnings) = if is_there {
            let known = "An earlier try registered it, and its key is in the vault: nothing needs to be sent any more.";
            (Vec::new(), vec![known.to_owned()])
        } else {
            registration(client, registry, &id, seed.public_key(), facts, &developer, index).await?
        };
        if let Some(known) = known {
            warnings.push(format!(
                "{old} stays registered, and its key stays in the vault: whoever else has that key can still beat for it. \
                 To take it off the registry, deregister it before."
            ));
            if let Some(name) = known.fqan.filter(|name| !name.is_empty()) {
                let name: String = name.chars().take(120).filter(|c| !c.is_control()).collect();
                warnings.push(format!("The name {name} stays with {old}."));
            }
        }
        warnings.push(format!("Whoever runs {} must give its process the new key.", agent.name));
        let derived = Derived { developer: developer.id.clone(), index };
        let keys = Keys { agent: Some(seed.signer()), developer: Some(developer.signer()) };
        Ok(Drawn {
            deeds,
            keys,
            sentence: format!(
                "{} will get key number {index} of the developer {}: it {} {} as {id}, and takes the place of {old} here.",
                agent.name,
                developer.id,
                if is_there { "is registered at" } else { "is stored in the vault, registered at" },
                registry.name
            ),
            done: format!(
                "{} is {id} now, with the developer's key number {index}. The old key is kept in the vault under {old}.",
                agent.name
            ),
            switch: Some(Switch { id, seed: Arc::new(seed), derived }),
            warnings,
        })
    }

    async fn signer(&self, id: &EntityId) -> Result<Signer, Refusal> {
        let (vault, id) = (self.vault.clone(), id.clone());
        blocking(move || Ok(vault.signer(&id)?)).await
    }

    async fn developer(&self, given: Option<&Path>) -> Result<Developer, Refusal> {
        let (given, around) = (given.map(Path::to_owned), self.around.clone());
        blocking(move || Developer::read(given.as_deref(), &around)).await
    }
}

/// Whether the vault was looked into, and what it has for the agent cannot sign for it.
fn has_no_key_of_it(refusal: &Refusal) -> bool {
    matches!(refusal.code.as_ref(), "vault.absent" | "vault.damaged" | "vault.wrong_id" | "vault.other_key")
}

impl Subject {
    /// The record that is to be changed.
    async fn registered(&mut self) -> Result<Record, Refusal> {
        let (name, registry) = (&self.agent.name, &self.registry.name);
        let there = self.client.record(&self.agent.entity).await?.filter(|there| !there.tombstoned);
        let there = there.ok_or_else(|| {
            Refusal::new(
                "write.not_registered",
                format!("{name} is not registered at {registry}"),
                "Register it: `beatkeeper agent register AGENT`.",
            )
        })?;
        if there.is_copy() {
            let home = home_of(&there);
            return Err(Refusal::new(
                "write.gossip_copy",
                format!("{registry} only has a copy of the record of {name}, which cannot be changed there"),
                format!("Use its home registry, {home}."),
            ));
        }
        Ok(there)
    }
}

fn home_of(record: &Record) -> String {
    let home: String = record.home_registry.chars().take(120).filter(|c| !c.is_control()).collect();
    if home.is_empty() { "another registry".to_owned() } else { home }
}

/// The requests of a registration, and what a person should know of them. The developer comes first where the registry does
/// not know them.
async fn registration(
    client: &mut Client,
    registry: &RegistryEntry,
    id: &EntityId,
    key: PublicKey,
    facts: Facts,
    developer: &Developer,
    index: u32,
) -> Result<(Vec<Deed>, Vec<String>), Refusal> {
    let mut deeds = Vec::new();
    if !client.knows(&developer.id).await? {
        client.must_be_open().await?;
        deeds.push(Deed::Developer { name: developer.name(), key: developer.key });
    }
    let mut warnings = facts.warnings(registry.url.is_loopback());
    warnings.push(
        "A registry usually takes 10 registrations a minute from one address. When it takes no more, that is waited out, 65 \
         seconds at most, and tried once more."
            .to_owned(),
    );
    deeds.push(Deed::Register { facts, key, kind: id.kind(), developer: developer.key, index });
    Ok((deeds, warnings))
}
