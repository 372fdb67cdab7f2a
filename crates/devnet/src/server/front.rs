//! What stands before the routes: faults, CORS, clean paths, the Date header.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::header::{ALLOW, DATE, HOST, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use beatkeeper_core::identity::EntityId;
use hyper::service::Service;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::exchange::{Asked, HangUp, Routes};
use super::limit::Client;
use super::{Shared, answer, upgrade};
use crate::fault::Forgery;

const HUGE: usize = 10 * 1024 * 1024;
const PORTAL: &str =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Welcome to our Wi-Fi</h1></body></html>\n";

/// Answers one request.
///
/// # Errors
/// When the connection is to end without an answer.
pub(super) async fn answer(
    registry: &Shared,
    routes: &Routes,
    client: SocketAddr,
    mut request: Asked,
) -> Result<Response, HangUp> {
    request.extensions_mut().insert(Client(client));
    if request.uri().path().starts_with("/devnet/") {
        return Ok(routes.call(request).await?);
    }
    let target = Target::of(request.uri().path());
    let (slow, forgery) = {
        let faults = registry.faults.borrow();
        (faults.slow(target.entity.as_ref()), faults.forgery(target.entity.as_ref(), target.heartbeat_socket))
    };
    if let Some(slow) = slow {
        tokio::time::sleep(slow).await;
    }
    let mut response = match forgery {
        Some(Forgery::HangUp) => return Err(HangUp),
        Some(Forgery::HalfJson) => half(genuine(routes, request).await?).await,
        Some(forgery) => forge(forgery, &request),
        None => genuine(routes, request).await?,
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        dress(registry, &mut response);
    }
    Ok(response)
}

/// What the registry itself answers.
async fn genuine(routes: &Routes, request: Asked) -> Result<Response, HangUp> {
    if request.method() == Method::OPTIONS {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        return Ok(response);
    }
    if let Some(clean) = clean_path(request.uri()) {
        return Ok(answer::moved(&clean));
    }
    Ok(routes.call(request).await?)
}

/// Headers that every answer but a 101 carries (protocols.md 1.8).
fn dress(registry: &Shared, response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert("Access-Control-Allow-Origin", HeaderValue::from_static("*"));
    headers.insert("Access-Control-Allow-Methods", HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS"));
    headers.insert("Access-Control-Allow-Headers", HeaderValue::from_static("Content-Type, Authorization"));
    headers.insert("Access-Control-Max-Age", HeaderValue::from_static("86400"));
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&registry.now());
    if let Some(date) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
        headers.insert(DATE, date);
    }
    if let Some(spaced) = headers.get(ALLOW).and_then(|allow| allow.to_str().ok()).map(|allow| allow.replace(',', ", "))
        && let Ok(spaced) = HeaderValue::try_from(spaced)
    {
        headers.insert(ALLOW, spaced);
    }
}

/// Whom a path names.
struct Target {
    entity: Option<EntityId>,
    heartbeat_socket: bool,
}

impl Target {
    fn of(path: &str) -> Self {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let entity = match (parts.next(), parts.next(), parts.next()) {
            (Some("v1"), Some("entities"), Some(id)) => id.replace("%3A", ":").replace("%3a", ":").parse().ok(),
            _ => None,
        };
        Self { heartbeat_socket: entity.is_some() && parts.next() == Some("ws"), entity }
    }
}

/// The path without empty, `.` and `..` segments, when it has any: such a request is sent there with a 301.
fn clean_path(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let mut clean: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    let slash = if path.ends_with('/') && !clean.is_empty() { "/" } else { "" };
    let clean = format!("/{}{slash}", clean.join("/"));
    (clean != path).then(|| match uri.query() {
        Some(query) => format!("{clean}?{query}"),
        None => clean,
    })
}

fn forge(forgery: Forgery, request: &Asked) -> Response {
    match forgery {
        Forgery::NotFound => answer::no_such_entity(),
        Forgery::BadRequest => upgrade::refusal(),
        Forgery::Redirect => {
            let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            answer::moved(&format!("https://{host}{path}"))
        }
        Forgery::Error(code) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            answer::error(status, "an error by order")
        }
        Forgery::RateLimit(wait) => {
            let mut response = answer::error(StatusCode::TOO_MANY_REQUESTS, "rate limit exceeded");
            if let Some(seconds) = wait {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
        Forgery::Html => answer::with_type(StatusCode::OK, "text/html; charset=utf-8", PORTAL),
        Forgery::Huge => {
            let filler = "x".repeat(HUGE);
            answer::with_type(StatusCode::OK, "application/json", format!("{{\"filler\":\"{filler}\"}}\n"))
        }
        // The other two are not made of the request alone.
        Forgery::Empty | Forgery::HalfJson | Forgery::HangUp => {
            answer::with_type(StatusCode::OK, "application/json", Body::empty())
        }
    }
}

/// The first half of an answer; a socket that would have opened gets half of a record's first field.
async fn half(response: Response) -> Response {
    let whole = axum::body::to_bytes(response.into_body(), HUGE).await.unwrap_or_default();
    let whole: &[u8] = if whole.is_empty() { br#"{"entity_id":"zns:0123456789abcdef"}"# } else { &whole };
    answer::with_type(StatusCode::OK, "application/json", whole[..whole.len() / 2].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        let clean = |path: &'static str| clean_path(&Uri::from_static(path));
        assert_eq!(clean("//v1/entities/zns:1?a=b").as_deref(), Some("/v1/entities/zns:1?a=b"));
        assert_eq!(clean("/v1/./x/../entities/").as_deref(), Some("/v1/entities/"));
        assert_eq!(clean("/v1/entities/"), None);
        assert_eq!(clean("/"), None);
    }
}
