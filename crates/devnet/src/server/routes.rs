//! The route table (protocols.md 1.1), and what belongs to the devnet alone.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::{
    Shared, activity, answer, card, control, developers, documented, entities, heartbeat, info, names, register,
};

/// Every route. At a live registry there is no `/v1/heartbeat`: it answers 404 like any other path that is not here.
pub(super) fn router(registry: Shared) -> Router {
    Router::new()
        .route("/v1/entities", get(entities::list).post(register::entity))
        .route("/v1/entities/{id}", get(entities::get).put(entities::put).delete(entities::delete))
        .route("/v1/entities/{id}/card", get(card::get))
        .route("/v1/entities/{id}/ws", get(heartbeat::open))
        .route("/v1/heartbeat", get(documented::open_shared))
        .route("/v1/developers", post(developers::register))
        .route("/v1/developers/{id}", get(developers::get))
        .route("/v1/developers/{id}/entities", get(developers::entities))
        .route("/v1/names", post(names::bind))
        .route("/v1/names/{developer}/{entity}", get(names::get).delete(names::release))
        .route("/v1/names/{developer}/{entity}/available", get(names::available))
        .route("/v1/search", post(info::search))
        .route("/v1/categories", get(info::categories))
        .route("/v1/tags", get(info::tags))
        .route("/v1/ws/activity", get(activity::open))
        .route("/v1/info", get(info::info))
        .route("/v1/network/status", get(info::status))
        .route("/v1/network/stats", get(info::stats))
        .route("/v1/network/peers", get(info::peers))
        .route("/health", get(info::health))
        .route("/devnet/faults", get(control::list).post(control::order).delete(control::clear))
        .route("/devnet/entities/{id}", get(control::entity))
        .fallback(async || answer::no_such_page())
        .method_not_allowed_fallback(async || answer::text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n"))
        .layer(DefaultBodyLimit::disable())
        .with_state(registry)
}
