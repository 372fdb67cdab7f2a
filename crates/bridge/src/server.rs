//! The routes, and what stands before them.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, LOCATION, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};

use crate::access::Access;
use crate::answer::refusal;
use crate::backend::Backend;
use crate::{commands, events, files};

/// Where the link leads.
pub(crate) const ENTER: &str = "/enter";
/// The desktop app's, less its own channel.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (CACHE_CONTROL, "no-store"),
];

/// Everything that is served.
pub(crate) fn routes(access: Access, backend: Arc<Backend>, dist: PathBuf) -> Router {
    let access = Arc::new(access);
    let engine = Router::new()
        .route("/command", post(commands::post).layer(DefaultBodyLimit::max(commands::MOST)))
        .route("/events", get(events::get))
        .with_state(backend);
    let inside = Router::new()
        .fallback(get(files::get))
        .with_state(dist)
        .merge(engine)
        .layer(middleware::from_fn_with_state(Arc::clone(&access), inside));
    Router::new()
        .route(ENTER, get(enter))
        .with_state(Arc::clone(&access))
        .fallback_service(inside)
        .layer(middleware::from_fn_with_state(access, meant))
}

/// Refuses what was not meant for here, and dresses every answer.
async fn meant(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let mut response = match access.meant(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refusal(StatusCode::FORBIDDEN, &refused),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Refuses who has no session.
async fn inside(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    match access.inside(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refusal(StatusCode::FORBIDDEN, &refused),
    }
}

#[derive(serde::Deserialize)]
struct Link {
    token: String,
}

/// Exchanges the link for a session, and leads to the page; the address keeps no secret.
async fn enter(State(access): State<Arc<Access>>, Query(Link { token }): Query<Link>) -> Response {
    let session = match access.enter(&token) {
        Ok(session) => session,
        Err(refused) => return refusal(StatusCode::FORBIDDEN, &refused),
    };
    let cookie = format!("{}={session}; Path=/; HttpOnly; SameSite=Strict", access.cookie());
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_may_do_here_what_it_may_do_in_the_app() {
        let app: serde_json::Value = serde_json::from_str(include_str!("../../../src-tauri/tauri.conf.json")).unwrap();
        let policy = app["app"]["security"]["csp"].as_str().unwrap();
        let kept: Vec<&str> = policy.split("; ").filter(|rule| !rule.starts_with("connect-src ipc:")).collect();
        assert_eq!(kept.join("; "), POLICY);
    }
}
