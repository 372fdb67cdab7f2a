//! Reading, changing and deleting records (protocols.md 1.2, 1.3, 1.7).

use axum::body::Bytes;
use axum::extract::{Path, Query, State as Extract};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use beatkeeper_core::identity::{EntityId, PublicKey};
use beatkeeper_core::wire::registration::kind_word;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::signed::{Refusal, Scheme, bad, credentials, owned, unauthorized};
use super::{Announcement, Event, Registry, Shared, answer};
use crate::registry::{EntityRecord, RecordView};

const DEFAULT_LIMIT: i64 = 50;
const HELD_BY_ITS_NAME: &str = "failed to delete agent: ERROR: update or delete on table \"entities\" violates foreign key \
     constraint \"zns_names_entity_id_fkey\" on table \"zns_names\" (SQLSTATE 23503)";

/// `GET /v1/entities/{id}`
pub(super) async fn get(Extract(registry): Extract<Shared>, Path(id): Path<String>) -> Response {
    match find(&registry, &id) {
        Ok(record) => {
            let gossip = registry.faults.borrow().gossip(&record.entity_id);
            match gossip {
                Some(gossip) => answer::json(StatusCode::OK, &record.by_gossip(gossip)),
                None => {
                    let name = registry.state.name_of(&record.entity_id);
                    answer::json(StatusCode::OK, &record.public().named(name.as_ref()))
                }
            }
        }
        Err((status, sentence)) => answer::error(status, &sentence),
    }
}

#[derive(Deserialize)]
pub(super) struct Page {
    r#type: Option<String>,
    category: Option<String>,
    limit: Option<String>,
    offset: Option<String>,
}

/// `GET /v1/entities`: whatever their status. The type is looked at after the page was cut, as in the registry.
pub(super) async fn list(Extract(registry): Extract<Shared>, Query(page): Query<Page>) -> Response {
    #[derive(Serialize)]
    struct Listing<'a> {
        count: usize,
        entities: Vec<RecordView<'a>>,
    }
    let number = |text: Option<String>, default| text.and_then(|text| text.parse::<i64>().ok()).unwrap_or(default);
    let limit = usize::try_from(number(page.limit, DEFAULT_LIMIT)).unwrap_or(0);
    let offset = usize::try_from(number(page.offset, 0)).unwrap_or(0);
    let category = page.category.unwrap_or_default();
    let kind = page.r#type.unwrap_or_default();
    let faults = registry.faults.borrow().clone();
    let records = registry
        .state
        .list(|record| (category.is_empty() || record.category == category) && !faults.hides(&record.entity_id));
    let entities: Vec<_> = records
        .iter()
        .skip(offset)
        .take(limit)
        .filter(|record| kind.is_empty() || kind_word(record.entity_id.kind()) == kind)
        .map(EntityRecord::full)
        .collect();
    answer::json(StatusCode::OK, &Listing { count: entities.len(), entities })
}

/// What a client may change; other members are ignored, and a signature that is left out is lost.
#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    entity_url: Option<String>,
    category: Option<String>,
    tags: Option<Vec<String>>,
    summary: Option<String>,
    ttl: Option<i64>,
    codebase_hash: Option<String>,
    signature: Option<String>,
}

/// `PUT /v1/entities/{id}`: signed are the bytes of the body, whatever their layout.
pub(super) async fn put(
    Extract(registry): Extract<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match change(&registry, &id, &headers, &body) {
        Ok((record, codebase_hash)) => {
            registry.announce(record.entity_id.as_str(), &record.name, Announcement::Update);
            answer::json(StatusCode::OK, &record.updated(&codebase_hash))
        }
        Err((status, sentence)) => answer::error(status, &sentence),
    }
}

fn change(registry: &Registry, id: &str, headers: &HeaderMap, body: &[u8]) -> Result<(EntityRecord, String), Refusal> {
    let record = find(registry, id)?;
    authorize(registry, &record, headers, body)?;
    let change: Change = serde_json::from_slice(body).map_err(|_| bad("invalid request body"))?;
    let now = registry.now();
    let codebase_hash = change.codebase_hash.unwrap_or_default();
    let changed = registry.state.update(&record.entity_id, |record| {
        let put = |field: &mut String, value: Option<String>| {
            if let Some(value) = value {
                *field = value;
            }
        };
        put(&mut record.name, change.name);
        put(&mut record.entity_url, change.entity_url);
        put(&mut record.category, change.category);
        put(&mut record.summary, change.summary);
        record.tags = change.tags.unwrap_or_else(|| std::mem::take(&mut record.tags));
        record.ttl = change.ttl.unwrap_or(record.ttl);
        record.signature = change.signature.unwrap_or_default();
        record.updated_at = now;
    });
    changed.map(|record| (record, codebase_hash)).ok_or_else(not_found)
}

/// `DELETE /v1/entities/{id}`: signed is the id. Sockets that are open stay open. What has a name is held by its database.
pub(super) async fn delete(Extract(registry): Extract<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let deleted = find(&registry, &id).and_then(|record| {
        authorize(&registry, &record, &headers, record.entity_id.as_str().as_bytes())?;
        if registry.state.name_of(&record.entity_id).is_some() {
            return Err((StatusCode::INTERNAL_SERVER_ERROR, HELD_BY_ITS_NAME.to_owned()));
        }
        registry.state.remove(&record.entity_id).ok_or_else(not_found)
    });
    match deleted {
        Ok(record) => {
            registry.announce(record.entity_id.as_str(), &record.name, Announcement::Deregister);
            registry.publish(&Event::Deregistered(&record));
            answer::json(StatusCode::OK, &json!({"message": "agent deregistered"}))
        }
        Err((status, sentence)) => answer::error(status, &sentence),
    }
}

fn find(registry: &Registry, id: &str) -> Result<EntityRecord, Refusal> {
    id.parse::<EntityId>().ok().and_then(|id| registry.state.record(&id)).ok_or_else(not_found)
}

fn not_found() -> Refusal {
    (StatusCode::NOT_FOUND, "entity not found".to_owned())
}

/// Checks `Authorization: Bearer ed25519:…` by the entity's key, or `Bearer-Dev ed25519:…` by its developer's.
fn authorize(registry: &Registry, record: &EntityRecord, headers: &HeaderMap, signed: &[u8]) -> Result<(), Refusal> {
    owns(registry, record, headers, signed)
        .map_err(|reason| unauthorized(format!("ownership verification failed: {reason}")))
}

fn owns(registry: &Registry, record: &EntityRecord, headers: &HeaderMap, signed: &[u8]) -> Result<(), String> {
    let (scheme, signature) = credentials(headers)?;
    let key = match scheme {
        Scheme::Own => Ok(record.key),
        Scheme::Developer => {
            let developer = registry.state.developer(&record.developer_id).ok_or("developer not found")?;
            PublicKey::from_file(&developer.public_key)
        }
    };
    owned(key, signed, signature)
}
