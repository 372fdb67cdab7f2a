//! `POST /v1/entities`, with every check in the registry's order (protocols.md 1.7).

use axum::body::Bytes;
use axum::extract::{Extension, State as Extract};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey, canonical_json};
use beatkeeper_core::wire::registration::derivation_proof_bytes;
use serde::Deserialize;
use serde_json::json;

use super::limit::{Client, over_limit};
use super::signed::{Refusal, bad, unauthorized, verified};
use super::{Announcement, Event, Registry, Shared, answer, names, read_json};
use crate::registry::{DeveloperProof, EntityRecord, Pricing, Taken};

const MAX_NAME: usize = 100;
const MAX_SUMMARY: usize = 200;
const MAX_TAGS: usize = 20;
const TTL: i64 = 86_400;

/// What a client sends. Absent and `null` are the same, and other members are ignored.
#[derive(Deserialize)]
struct Wanted {
    name: Option<String>,
    entity_url: Option<String>,
    category: Option<String>,
    tags: Option<Vec<String>>,
    summary: Option<String>,
    public_key: Option<String>,
    signature: Option<String>,
    developer_id: Option<String>,
    developer_proof: Option<DeveloperProof>,
    entity_type: Option<String>,
    service_endpoint: Option<String>,
    openapi_url: Option<String>,
    entity_pricing: Option<Pricing>,
    entity_name: Option<String>,
    version: Option<String>,
}

/// `POST /v1/entities`
pub(super) async fn entity(
    Extract(registry): Extract<Shared>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refused) = over_limit(&registry.registrations, client, &headers) {
        return refused;
    }
    let registered = check(&registry, &body).and_then(|(record, name)| {
        let record = store(&registry, record)?;
        // A name that cannot be bound is passed over in silence.
        let name = name.and_then(|(name, version)| names::bind_to(&registry, &record, &name, version).ok());
        Ok((record.entity_id, name))
    });
    match registered {
        Ok((id, name)) => {
            let mut told = json!({"entity_id": id, "message": "agent registered successfully"});
            if let (Some(fqan), Some(members)) = (name, told.as_object_mut()) {
                members.insert("fqan".into(), fqan.into());
            }
            answer::json(StatusCode::CREATED, &told)
        }
        Err((status, sentence)) => answer::error(status, &sentence),
    }
}

fn store(registry: &Registry, record: EntityRecord) -> Result<EntityRecord, Refusal> {
    registry
        .state
        .insert(record.clone())
        .map_err(|Taken| (StatusCode::CONFLICT, "agent already registered".to_owned()))?;
    registry.announce(record.entity_id.as_str(), &record.name, Announcement::Register);
    registry.publish(&Event::Registered(&record));
    Ok(record)
}

/// The record that is wanted, and the name and version that it is to have.
type Checked = (EntityRecord, Option<(String, String)>);

fn check(registry: &Registry, body: &[u8]) -> Result<Checked, Refusal> {
    let wanted: Wanted = read_json(body).map_err(|error| (StatusCode::BAD_REQUEST, error))?;
    let entity_type = wanted.entity_type.unwrap_or_default();
    let kind = match entity_type.as_str() {
        "" | "agent" => EntityKind::Agent,
        "service" => EntityKind::Service,
        other => return Err(bad(format!("invalid entity_type: {other}"))),
    };
    let name = wanted.name.unwrap_or_default();
    let category = wanted.category.unwrap_or_default();
    let public_key = wanted.public_key.unwrap_or_default();
    let summary = wanted.summary.unwrap_or_default();
    let service_endpoint = wanted.service_endpoint.unwrap_or_default();
    let mut entity_url = wanted.entity_url.unwrap_or_default();
    if kind == EntityKind::Service && entity_url.is_empty() {
        entity_url.clone_from(&service_endpoint);
    }
    if name.is_empty() || category.is_empty() || public_key.is_empty() {
        return Err(bad("name, category, and public_key are required"));
    }
    if kind == EntityKind::Agent && entity_url.is_empty() {
        return Err(bad("entity_url is required for agent type"));
    }
    let signature = wanted.signature.filter(|text| !text.is_empty()).ok_or_else(|| bad("signature is required"))?;
    let mut signed = json!({
        "category": category,
        "entity_url": entity_url,
        "name": name,
        "public_key": public_key,
        "summary": summary,
        "tags": wanted.tags,
    });
    if let (false, Some(members)) = (entity_type.is_empty(), signed.as_object_mut()) {
        members.insert("entity_type".into(), entity_type.into());
    }
    let key = verified(&public_key, canonical_json(&signed).as_bytes(), &signature)
        .ok_or_else(|| unauthorized("invalid agent signature"))?;
    let (developer_id, proof) = check_developer(registry, &key, wanted.developer_id, wanted.developer_proof)?;

    let now = registry.now();
    let record = EntityRecord {
        entity_id: EntityId::from_key(&key, kind),
        key,
        public_key,
        name,
        entity_url,
        category,
        tags: wanted.tags.unwrap_or_default(),
        summary,
        home_registry: registry.config.host.clone(),
        registered_at: now,
        updated_at: now,
        ttl: TTL,
        signature,
        developer_id,
        developer_proof: Some(proof),
        // The registry's columns default to this: a record is active before anything ever beat (protocols.md 1.5).
        status: registry.first_status(),
        last_heartbeat: now,
        service_endpoint,
        openapi_url: wanted.openapi_url.unwrap_or_default(),
        entity_pricing: wanted.entity_pricing,
    };
    check_limits(&record)?;
    let name = wanted.entity_name.filter(|name| !name.is_empty());
    Ok((record, name.map(|name| (name, wanted.version.unwrap_or_default()))))
}

fn check_developer(
    registry: &Registry,
    key: &PublicKey,
    id: Option<String>,
    proof: Option<DeveloperProof>,
) -> Result<(String, DeveloperProof), Refusal> {
    let (Some(id), Some(proof)) = (id.filter(|id| !id.is_empty()), proof) else {
        return Err(bad("developer_id and developer_proof are required"));
    };
    let developer =
        registry.state.developer(&id).ok_or_else(|| bad("developer_id not found; register developer first"))?;
    if developer.public_key != proof.developer_public_key {
        return Err(bad("developer_proof.developer_public_key does not match registered developer"));
    }
    u32::try_from(proof.entity_index)
        .ok()
        .map(|index| derivation_proof_bytes(key, index))
        .and_then(|message| verified(&proof.developer_public_key, &message, &proof.developer_signature))
        .ok_or_else(|| unauthorized("invalid developer derivation proof"))?;
    Ok((id, proof))
}

fn check_limits(record: &EntityRecord) -> Result<(), Refusal> {
    if record.name.len() > MAX_NAME {
        return Err(bad("name must be 100 characters or less"));
    }
    if record.summary.len() > MAX_SUMMARY {
        return Err(bad("summary must be 200 characters or less"));
    }
    if record.tags.len() > MAX_TAGS {
        return Err(bad("maximum 20 tags allowed"));
    }
    if record.entity_id.kind() == EntityKind::Service {
        if record.service_endpoint.is_empty() {
            return Err(bad("service_endpoint is required for entity_type 'service'"));
        }
        let model = record.entity_pricing.as_ref().map_or("", |pricing| &pricing.model);
        if !matches!(model, "" | "per_request" | "subscription" | "free") {
            return Err(bad(format!("invalid pricing model: {model} (must be per_request, subscription, or free)")));
        }
    }
    Ok(())
}
