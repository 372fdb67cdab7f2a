//! What a registry knows of another one's entities, and the key order in which it writes that (protocols.md 1.2).

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::wire::registration::kind_word;
use beatkeeper_core::wire::zynd::beat_timestamp;
use serde::Serialize;

use super::EntityRecord;
use crate::fault::Gossip;

/// Where the entities live that are known by gossip: nowhere.
const HOME: &str = "home.registry.example";

/// A copy, as the record's own route shows it: without heartbeat, key, owner and time of registration.
#[derive(Serialize)]
pub(crate) struct GossipView<'a> {
    entity_id: &'a EntityId,
    name: &'a str,
    category: &'a str,
    tags: &'a [String],
    summary: &'a str,
    home_registry: &'static str,
    entity_url: &'static str,
    received_at: String,
    tombstoned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tombstone_at: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    developer_id: &'a str,
    status: &'static str,
    origin_public_key: &'a str,
    entity_type: &'static str,
}

impl EntityRecord {
    /// As a registry shows it that heard of it from another one.
    pub(crate) fn by_gossip(&self, gossip: Gossip) -> GossipView<'_> {
        let heard = beat_timestamp(self.updated_at);
        GossipView {
            entity_id: &self.entity_id,
            name: &self.name,
            category: &self.category,
            tags: &self.tags,
            summary: &self.summary,
            home_registry: HOME,
            entity_url: "",
            received_at: heard.clone(),
            tombstoned: gossip == Gossip::Tombstone,
            tombstone_at: (gossip == Gossip::Tombstone).then_some(heard),
            developer_id: &self.developer_id,
            status: self.status.word(),
            origin_public_key: &self.public_key,
            entity_type: kind_word(self.entity_id.kind()),
        }
    }
}
