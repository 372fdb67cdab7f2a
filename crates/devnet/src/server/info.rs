//! What the registry says of itself, and searches (protocols.md 1.3, 1.8).

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, State as Extract};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use beatkeeper_core::wire::registration::kind_word;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::limit::{Client, over_limit};
use super::{Registry, Shared, answer, read_json};
use crate::Onboarding;
use crate::registry::{EntityRecord, Status};

/// `GET /health`
pub(super) async fn health() -> Response {
    answer::json(StatusCode::OK, &json!({"status": "ok"}))
}

/// `GET /v1/info`
pub(super) async fn info(Extract(registry): Extract<Shared>) -> Response {
    #[derive(Serialize)]
    struct Info<'a> {
        registry_id: String,
        name: &'a str,
        developer_onboarding: serde_json::Value,
    }
    answer::json(
        StatusCode::OK,
        &Info {
            registry_id: Registry::registry_id(),
            name: &registry.config.name,
            developer_onboarding: match &registry.config.onboarding {
                Onboarding::Open => json!({"mode": "open"}),
                Onboarding::Restricted { auth_url } => json!({"mode": "restricted", "auth_url": auth_url}),
            },
        },
    )
}

/// `GET /v1/network/status`
pub(super) async fn status(Extract(registry): Extract<Shared>) -> Response {
    #[derive(Serialize)]
    struct NetworkStatus<'a> {
        registry_id: String,
        name: &'a str,
        version: &'static str,
        uptime: String,
        peer_count: u32,
        local_agents: usize,
        gossip_entries: u32,
        cached_cards: u32,
        node_type: &'static str,
    }
    answer::json(
        StatusCode::OK,
        &NetworkStatus {
            registry_id: Registry::registry_id(),
            name: &registry.config.name,
            version: "0.1.0",
            uptime: go_duration(registry.started.elapsed()),
            peer_count: 0,
            local_agents: registry.state.len(),
            gossip_entries: 0,
            cached_cards: 0,
            node_type: "full",
        },
    )
}

/// `GET /v1/network/stats`
pub(super) async fn stats(Extract(registry): Extract<Shared>) -> Response {
    #[derive(Serialize)]
    struct Stats {
        estimated_registries: u32,
        estimated_agents: usize,
        gossip_messages_per_hour: u32,
        searches_per_hour: u32,
        mesh_connectivity: u32,
    }
    answer::json(
        StatusCode::OK,
        &Stats {
            estimated_registries: 1,
            estimated_agents: registry.state.len(),
            gossip_messages_per_hour: 0,
            searches_per_hour: 0,
            mesh_connectivity: 0,
        },
    )
}

/// `GET /v1/network/peers`
pub(super) async fn peers() -> Response {
    answer::json(StatusCode::OK, &json!({"peers": []}))
}

/// `GET /v1/categories`
pub(super) async fn categories(Extract(registry): Extract<Shared>) -> Response {
    let records = registry.state.list(|_| true);
    let words: BTreeSet<_> = records.iter().map(|record| &record.category).collect();
    answer::json(StatusCode::OK, &json!({ "categories": words }))
}

/// `GET /v1/tags`
pub(super) async fn tags(Extract(registry): Extract<Shared>) -> Response {
    let records = registry.state.list(|_| true);
    let words: BTreeSet<_> = records.iter().flat_map(|record| &record.tags).collect();
    answer::json(StatusCode::OK, &json!({ "tags": words }))
}

/// What is searched for. The registry ignores a wanted `status`, and so does this.
#[derive(Deserialize)]
struct Search {
    query: Option<String>,
    category: Option<String>,
    tags: Option<Vec<String>>,
    developer_id: Option<String>,
    entity_type: Option<String>,
    max_results: Option<usize>,
    offset: Option<usize>,
}

#[derive(Serialize)]
struct Found {
    results: Vec<Hit>,
    total_found: usize,
    offset: usize,
    has_more: bool,
    search_stats: Stats,
}

#[derive(Serialize)]
struct Hit {
    entity_id: String,
    name: String,
    summary: String,
    category: String,
    tags: Vec<String>,
    home_registry: &'static str,
    status: &'static str,
    developer_id: String,
    score: f64,
    entity_type: &'static str,
}

#[derive(Serialize)]
struct Stats {
    local_results: usize,
    gossip_results: u32,
    federated_results: u32,
    peers_queried: u32,
    latency_ms: u32,
}

/// `POST /v1/search`: active entities that hold every word of the query. An empty query finds nothing.
pub(super) async fn search(
    Extract(registry): Extract<Shared>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refused) = over_limit(&registry.searches, client, &headers) {
        return refused;
    }
    let wanted: Search = match read_json(&body) {
        Ok(wanted) => wanted,
        Err(sentence) => return answer::error(StatusCode::BAD_REQUEST, &sentence),
    };
    let query = wanted.query.clone().unwrap_or_default().to_lowercase();
    if query.is_empty() && wanted.developer_id.as_deref().unwrap_or_default().is_empty() {
        let sentence = "query or a filter (developer_handle, developer_id, fqan) is required";
        return answer::error(StatusCode::BAD_REQUEST, sentence);
    }
    let words: Vec<_> = query.split_whitespace().collect();
    let found = registry.state.list(|record| matches(record, &wanted, &words));
    let offset = wanted.offset.unwrap_or(0);
    let results: Vec<_> = found.iter().skip(offset).take(wanted.max_results.unwrap_or(20)).map(hit).collect();
    answer::json(
        StatusCode::OK,
        &Found {
            total_found: found.len(),
            offset,
            has_more: offset.saturating_add(results.len()) < found.len(),
            search_stats: Stats {
                local_results: found.len(),
                gossip_results: 0,
                federated_results: 0,
                peers_queried: 0,
                latency_ms: 0,
            },
            results,
        },
    )
}

fn matches(record: &EntityRecord, wanted: &Search, words: &[&str]) -> bool {
    let given =
        |filter: &Option<String>, value: &str| filter.as_ref().is_none_or(|text| text.is_empty() || text == value);
    let text =
        || format!("{} {} {} {}", record.name, record.summary, record.category, record.tags.join(" ")).to_lowercase();
    record.status == Status::Active
        && !words.is_empty()
        && given(&wanted.developer_id, &record.developer_id)
        && given(&wanted.category, &record.category)
        && given(&wanted.entity_type, kind_word(record.entity_id.kind()))
        && wanted.tags.iter().flatten().all(|tag| record.tags.contains(tag))
        && {
            let text = text();
            words.iter().all(|word| text.contains(word))
        }
}

fn hit(record: &EntityRecord) -> Hit {
    Hit {
        entity_id: record.entity_id.to_string(),
        name: record.name.clone(),
        summary: record.summary.clone(),
        category: record.category.clone(),
        tags: record.tags.clone(),
        home_registry: "",
        status: record.status.word(),
        developer_id: record.developer_id.clone(),
        score: 1.0,
        entity_type: kind_word(record.entity_id.kind()),
    }
}

/// A duration as Go prints it: `2.87s`, `1m2.5s`, `1h0m3s`.
fn go_duration(time: Duration) -> String {
    let (minutes, seconds) = (time.as_secs() / 60, time.as_secs() % 60);
    let seconds = Duration::new(seconds, time.subsec_nanos()).as_secs_f64();
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}
