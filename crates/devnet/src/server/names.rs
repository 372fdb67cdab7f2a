//! Names of entities under their developers' handles (protocols.md 1.7).

use axum::body::Bytes;
use axum::extract::{Extension, Path, State as Extract};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use beatkeeper_core::identity::{EntityId, PublicKey};
use beatkeeper_core::wire::zynd::beat_timestamp;
use serde::Deserialize;
use serde_json::json;

use super::developers::is_word;
use super::limit::{Client, over_limit};
use super::signed::{Refusal, bad, credentials, marshalled, owned, unauthorized, verified};
use super::{Event, Registry, Shared, answer, read_json};
use crate::registry::{EntityRecord, Name, Taken};

#[derive(Deserialize)]
struct Wanted {
    entity_name: Option<String>,
    developer_handle: Option<String>,
    entity_id: Option<String>,
    signature: Option<String>,
    version: Option<String>,
    capability_tags: Option<Vec<String>>,
}

/// `POST /v1/names`
pub(super) async fn bind(
    Extract(registry): Extract<Shared>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refused) = over_limit(&registry.registrations, client, &headers) {
        return refused;
    }
    match check(&registry, &body).and_then(|name| keep(&registry, name)) {
        Ok(name) => answer::json(
            StatusCode::CREATED,
            &json!({"entity_id": name.entity_id, "fqan": name.fqan, "message": "name registered successfully"}),
        ),
        Err((status, sentence)) => answer::error(status, &sentence),
    }
}

fn check(registry: &Registry, body: &[u8]) -> Result<Name, Refusal> {
    let wanted: Wanted = read_json(body).map_err(bad)?;
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (Some(entity_name), Some(handle), Some(entity_id), Some(signature)) =
        (said(wanted.entity_name), said(wanted.developer_handle), said(wanted.entity_id), said(wanted.signature))
    else {
        return Err(bad("entity_name, developer_handle, entity_id, and signature are required"));
    };
    check_name(registry, &entity_name)?;
    let not_found = |what: &str| (StatusCode::NOT_FOUND, what.to_owned());
    let developer = registry.state.developer_called(&handle).ok_or_else(|| not_found("developer handle not found"))?;
    let record = entity_id.parse::<EntityId>().ok().and_then(|id| registry.state.record(&id));
    let record = record.ok_or_else(|| not_found("entity not found"))?;
    let fqan = fqan(registry, &handle, &entity_name);
    must_be_its_own(registry, &fqan, &record)?;
    let version = wanted.version.unwrap_or_default();
    let signed = marshalled(&json!({
        "capability_tags": wanted.capability_tags,
        "developer_handle": handle,
        "entity_id": entity_id,
        "entity_name": entity_name,
        "version": version,
    }));
    verified(&developer.public_key, signed.as_bytes(), &signature).ok_or_else(|| unauthorized("invalid signature"))?;
    let at = beat_timestamp(registry.now());
    Ok(Name {
        fqan,
        entity_name,
        developer_handle: handle,
        registry_host: registry.config.host.clone(),
        entity_id: record.entity_id,
        developer_id: developer.developer_id,
        current_version: version,
        capability_tags: wanted.capability_tags.unwrap_or_default(),
        registered_at: at.clone(),
        updated_at: at,
        signature,
    })
}

/// Binds the name that a registration asks for, under its developer's handle; answers the whole of it.
pub(super) fn bind_to(
    registry: &Registry,
    record: &EntityRecord,
    entity_name: &str,
    version: String,
) -> Result<String, Refusal> {
    check_name(registry, entity_name)?;
    let developer = registry.state.developer(&record.developer_id);
    let handle = developer.map(|developer| developer.dev_handle).filter(|handle| !handle.is_empty());
    let handle = handle.ok_or_else(|| bad("developer has no handle"))?;
    let fqan = fqan(registry, &handle, entity_name);
    must_be_its_own(registry, &fqan, record)?;
    if registry.state.name(&fqan).is_some_and(|there| there.entity_id == record.entity_id) {
        return Ok(fqan);
    }
    let at = beat_timestamp(registry.now());
    let name = Name {
        fqan,
        entity_name: entity_name.to_owned(),
        developer_handle: handle,
        registry_host: registry.config.host.clone(),
        entity_id: record.entity_id.clone(),
        developer_id: record.developer_id.clone(),
        current_version: version,
        capability_tags: Vec::new(),
        registered_at: at.clone(),
        updated_at: at,
        signature: record.signature.clone(),
    };
    keep(registry, name).map(|name| name.fqan)
}

fn keep(registry: &Registry, name: Name) -> Result<Name, Refusal> {
    registry.state.bind(name.clone()).map_err(|Taken| (StatusCode::CONFLICT, "name already registered".to_owned()))?;
    registry.publish(&Event::NameRegistered(&name));
    Ok(name)
}

fn check_name(registry: &Registry, name: &str) -> Result<(), Refusal> {
    if !is_word(name) {
        return Err(bad("invalid name: it must match ^[a-z][a-z0-9-]{2,39}$ without a trailing or double hyphen"));
    }
    if registry.config.host.is_empty() {
        return Err(bad("registry has no HTTPS endpoint configured; ZNS naming is unavailable"));
    }
    Ok(())
}

fn must_be_its_own(registry: &Registry, fqan: &str, record: &EntityRecord) -> Result<(), Refusal> {
    let there = registry.state.name(fqan);
    let holder = there.as_ref().and_then(|name| registry.state.record(&name.entity_id));
    match (there, holder) {
        (Some(name), Some(holder)) if holder.key != record.key => {
            let (entity, handle) = (&name.entity_name, &name.developer_handle);
            let sentence = format!(
                "entity name \"{entity}\" is already registered under {handle} with a different key; choose a different \
                 name"
            );
            Err((StatusCode::CONFLICT, sentence))
        }
        _ => Ok(()),
    }
}

fn fqan(registry: &Registry, handle: &str, name: &str) -> String {
    format!("{}/{handle}/{name}", registry.config.host)
}

/// `GET /v1/names/{developer}/{entity}`
pub(super) async fn get(Extract(registry): Extract<Shared>, Path((handle, name)): Path<(String, String)>) -> Response {
    match registry.state.name(&fqan(&registry, &handle, &name)) {
        Some(name) => answer::json(StatusCode::OK, &name),
        None => answer::error(StatusCode::NOT_FOUND, "name not found"),
    }
}

/// `GET /v1/names/{developer}/{entity}/available`
pub(super) async fn available(
    Extract(registry): Extract<Shared>,
    Path((handle, name)): Path<(String, String)>,
) -> Response {
    let mut told = json!({"available": true, "developer": handle, "entity_name": name});
    if !is_word(&name) {
        told["available"] = false.into();
        told["reason"] = "invalid name".into();
    } else if let Some(there) = registry.state.name(&fqan(&registry, &handle, &name)) {
        told["available"] = false.into();
        told["existing_entity_id"] = there.entity_id.as_str().into();
        told["reason"] = "entity name is already registered under this developer".into();
    }
    answer::json(StatusCode::OK, &told)
}

/// `DELETE /v1/names/{developer}/{entity}`: signed is `release:` and the whole name, by the developer's key.
pub(super) async fn release(
    Extract(registry): Extract<Shared>,
    Path((handle, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let not_found = |what: &str| (StatusCode::NOT_FOUND, what.to_owned());
    let release = || -> Result<(), Refusal> {
        let name = registry.state.name(&fqan(&registry, &handle, &name)).ok_or_else(|| not_found("name not found"))?;
        let developer = registry.state.developer_called(&handle).ok_or_else(|| not_found("developer not found"))?;
        let key = PublicKey::from_file(&developer.public_key);
        let signed = format!("release:{}", name.fqan);
        // Either scheme is taken; the key is the developer's in both.
        credentials(&headers)
            .and_then(|(_, signature)| owned(key, signed.as_bytes(), signature))
            .map_err(|reason| unauthorized(format!("unauthorized: {reason}")))?;
        registry.state.release(&name.fqan).map(drop).ok_or_else(|| not_found("name not found"))
    };
    match release() {
        Ok(()) => answer::json(StatusCode::OK, &json!({"message": "name released"})),
        Err((status, sentence)) => answer::error(status, &sentence),
    }
}
