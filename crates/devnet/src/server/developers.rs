//! Developers (protocols.md 1.3, 1.7).

use axum::body::Bytes;
use axum::extract::{Extension, Path, State as Extract};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use beatkeeper_core::identity::DeveloperId;
use beatkeeper_core::wire::zynd::beat_timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::limit::{Client, over_limit};
use super::signed::{Refusal, bad, marshalled, unauthorized, verified};
use super::{Announcement, Event, Registry, Shared, answer, read_json};
use crate::Onboarding;
use crate::registry::{Developer, RecordView, Taken};

/// Records in one answer.
const MAX_LISTED: usize = 100;
const SELF_REGISTRATION_IS_OFF: &str = "self-registration is disabled; use 'agentdns auth login --registry <url>'";
/// Handles that nobody gets.
const RESERVED: [&str; 8] = ["zynd", "system", "admin", "test", "root", "registry", "anonymous", "unknown"];

#[derive(Deserialize)]
struct Wanted {
    name: Option<String>,
    public_key: Option<String>,
    profile_url: Option<String>,
    github: Option<String>,
    signature: Option<String>,
    handle: Option<String>,
}

/// `POST /v1/developers`
pub(super) async fn register(
    Extract(registry): Extract<Shared>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refused) = over_limit(&registry.registrations, client, &headers) {
        return refused;
    }
    if let Onboarding::Restricted { auth_url } = &registry.config.onboarding {
        let refused = json!({"auth_url": auth_url, "error": SELF_REGISTRATION_IS_OFF});
        return answer::json(StatusCode::FORBIDDEN, &refused);
    }
    match store(&registry, &body) {
        Ok(developer) => {
            let mut told = json!({
                "developer_id": developer.developer_id,
                "message": "developer registered successfully",
            });
            if let (false, Some(members)) = (developer.dev_handle.is_empty(), told.as_object_mut()) {
                members.insert("handle".into(), developer.dev_handle.into());
            }
            answer::json(StatusCode::CREATED, &told)
        }
        Err((status, sentence)) => answer::error(status, &sentence),
    }
}

fn store(registry: &Registry, body: &[u8]) -> Result<Developer, Refusal> {
    let wanted: Wanted = read_json(body).map_err(bad)?;
    let name = wanted.name.unwrap_or_default();
    let public_key = wanted.public_key.unwrap_or_default();
    let profile_url = wanted.profile_url.unwrap_or_default();
    let github = wanted.github.unwrap_or_default();
    let handle = wanted.handle.unwrap_or_default();
    if name.is_empty() || public_key.is_empty() {
        return Err(bad("name and public_key are required"));
    }
    let signature = wanted.signature.filter(|text| !text.is_empty()).ok_or_else(|| bad("signature is required"))?;
    // Signed by Go's default encoder, which escapes more than the canonical form does. The key is signed as it was sent.
    let signed =
        marshalled(&json!({"github": github, "name": name, "profile_url": profile_url, "public_key": public_key}));
    let key = verified(&public_key, signed.as_bytes(), &signature).ok_or_else(|| unauthorized("invalid signature"))?;
    if !handle.is_empty() {
        check_handle(&handle)?;
        if registry.state.has_handle(&handle) {
            return Err((StatusCode::CONFLICT, format!("handle \"{handle}\" is already taken on this registry")));
        }
    }
    let now = beat_timestamp(registry.now());
    let id = DeveloperId::from_key(&key);
    let developer = Developer {
        developer_id: id.to_string(),
        name,
        public_key,
        profile_url,
        github,
        home_registry: registry.config.host.clone(),
        schema_version: "1.0",
        registered_at: now.clone(),
        updated_at: now,
        signature,
        dev_handle: handle,
    };
    registry
        .state
        .insert_developer(id, developer.clone())
        .map_err(|Taken| (StatusCode::CONFLICT, "developer already registered (or handle already taken)".to_owned()))?;
    registry.announce("", &developer.name, Announcement::Register);
    if !developer.dev_handle.is_empty() {
        let (handle, developer_id) = (&*developer.dev_handle, &*developer.developer_id);
        registry.publish(&Event::HandleClaimed { handle, developer_id });
    }
    Ok(developer)
}

fn check_handle(handle: &str) -> Result<(), Refusal> {
    if !is_word(handle) {
        return Err(bad("invalid handle: it must match ^[a-z][a-z0-9-]{2,39}$ without a trailing or double hyphen"));
    }
    if RESERVED.contains(&handle) {
        return Err(bad(format!("invalid handle: \"{handle}\" is reserved")));
    }
    Ok(())
}

/// Whether it can be a handle, or the name of an entity under one.
pub(super) fn is_word(text: &str) -> bool {
    (3..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.ends_with('-')
        && !text.contains("--")
}

/// `GET /v1/developers/{id}`
pub(super) async fn get(Extract(registry): Extract<Shared>, Path(id): Path<String>) -> Response {
    match registry.state.developer(&id) {
        Some(developer) => answer::json(StatusCode::OK, &developer),
        None => answer::error(StatusCode::NOT_FOUND, "developer not found"),
    }
}

/// `GET /v1/developers/{id}/entities`: whatever their status, and nothing for a developer that nobody knows.
pub(super) async fn entities(Extract(registry): Extract<Shared>, Path(id): Path<String>) -> Response {
    #[derive(Serialize)]
    struct Listing<'a> {
        agents: Vec<RecordView<'a>>,
        count: usize,
        developer_id: &'a str,
    }
    let faults = registry.faults.borrow().clone();
    let records = registry.state.list(|record| record.developer_id == id && !faults.hides(&record.entity_id));
    let names: Vec<_> = records.iter().map(|record| registry.state.name_of(&record.entity_id)).collect();
    let named = records.iter().zip(&names).take(MAX_LISTED);
    let agents: Vec<_> = named.map(|(record, name)| record.full().named(name.as_ref())).collect();
    answer::json(StatusCode::OK, &Listing { count: agents.len(), agents, developer_id: &id })
}
