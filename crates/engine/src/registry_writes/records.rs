//! What a registry has of entities and developers, as far as a write depends on it.

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::{DeveloperId, EntityId, PublicKey};
use beatkeeper_core::wire::ownership::Fqan;
use beatkeeper_core::wire::registration::{INFO_PATH, developer_record_path};
use beatkeeper_core::wire::zynd;
use serde::Deserialize;

use super::client::Client;
use crate::refusal::Refusal;

/// An entity's record. In a list it also says where the entity is published.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub(super) entity_id: String,
    pub(super) name: String,
    pub(super) entity_url: Option<String>,
    pub(super) category: String,
    pub(super) tags: Option<Vec<String>>,
    pub(super) summary: String,
    /// A copy that came by gossip has none.
    pub(super) public_key: Option<String>,
    pub(super) developer_id: Option<String>,
    pub(super) entity_index: Option<i64>,
    pub(super) home_registry: String,
    pub(super) fqan: Option<String>,
    pub(super) tombstoned: bool,
}

impl Record {
    /// Whether it is only known here, and has its home elsewhere.
    pub(super) fn is_copy(&self) -> bool {
        self.public_key.as_ref().is_none_or(String::is_empty)
    }

    /// Which of its developer's entities it is.
    pub(super) fn index(&self) -> Option<u32> {
        u32::try_from(self.entity_index?).ok()
    }

    /// Whether it is registered here with this key.
    pub(super) fn is_of(&self, key: &PublicKey) -> bool {
        let registered = self.public_key.as_deref().map(PublicKey::from_file);
        !self.tombstoned && matches!(registered, Some(Ok(registered)) if registered == *key)
    }

    /// The name that must be released before it can be deleted. Its release is signed for the host in it, so that one must
    /// be this registry's: `others` are the rest of those that are configured.
    pub(super) fn bound_name(&self, base: &BaseUrl, others: &[&BaseUrl]) -> Result<Option<Fqan>, Refusal> {
        let Some(text) = self.fqan.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let shown: String = text.chars().take(120).flat_map(char::escape_debug).collect();
        let name = Fqan::parse(text).ok_or_else(|| {
            Refusal::new(
                "write.unknown_name",
                format!("The registry gives it a name in a form that is not known here: \"{shown}\""),
                "Release it with the registry's own tool first.",
            )
        })?;
        let host = name.host();
        let is_its_own = is_host_of(base, host)
            || (self.home_registry == host && !others.iter().any(|other| is_host_of(other, host)));
        if !is_its_own {
            return Err(Refusal::new(
                "write.foreign_name",
                format!("{base} gives it a name of another registry: \"{shown}\""),
                "Nothing is signed for another registry. Release the name with that registry's own tool first.",
            ));
        }
        Ok(Some(name))
    }
}

/// Names have a host without a port, and addresses may have one.
fn is_host_of(base: &BaseUrl, host: &str) -> bool {
    let authority = base.authority();
    authority == host || authority.rsplit_once(':').is_some_and(|(without, _)| without == host)
}

/// A developer's record.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct DeveloperRecord {
    developer_id: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Info {
    developer_onboarding: Onboarding,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Onboarding {
    mode: String,
    auth_url: Option<String>,
}

/// The entities of a developer, 100 at most.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Listing {
    agents: Vec<Record>,
}

impl Client {
    /// The record of an entity, if there is one.
    pub(super) async fn record(&mut self, id: &EntityId) -> Result<Option<Record>, Refusal> {
        self.read(zynd::record_path(id)).await
    }

    /// Whether a developer is registered.
    pub(super) async fn knows(&mut self, developer: &DeveloperId) -> Result<bool, Refusal> {
        let record: Option<DeveloperRecord> = self.read(developer_record_path(developer)).await?;
        Ok(record.is_some_and(|record| record.developer_id == developer.as_str()))
    }

    /// The entities of a developer; none of one that nobody knows.
    pub(super) async fn entities_of(&mut self, developer: &str) -> Result<Vec<Record>, Refusal> {
        let listing: Option<Listing> = self.read(zynd::developer_path(developer)).await?;
        Ok(listing.unwrap_or_default().agents)
    }

    /// Whether developers may register themselves.
    pub(super) async fn must_be_open(&mut self) -> Result<(), Refusal> {
        let info: Option<Info> = self.read(INFO_PATH.to_owned()).await?;
        let onboarding = info.unwrap_or_default().developer_onboarding;
        if onboarding.mode == "restricted" {
            return Err(restricted(onboarding.auth_url.as_deref()));
        }
        Ok(())
    }
}

/// A registry that only takes developers whom a person approved.
pub(super) fn restricted(auth_url: Option<&str>) -> Refusal {
    let remedy = match auth_url {
        Some(url) => {
            let url: String = url.chars().take(200).filter(|c| !c.is_control()).collect();
            format!("Have the developer approved at {url}, or with `zynd auth login`; then try again.")
        }
        None => "Have the developer approved, with `zynd auth login`; then try again.".to_owned(),
    };
    let sentence = "The developer is not registered, and this registry only takes developers whom a person approved";
    Refusal::new("write.onboarding_restricted", sentence, remedy)
}
