//! Answers as JSON.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use beatkeeper_engine::command::Refusal;
use serde_json::Value;

/// What was refused, for machines and people.
pub(crate) fn refusal(status: StatusCode, refusal: &Refusal) -> Response {
    json(status, &serde_json::to_value(refusal).unwrap_or_default())
}

pub(crate) fn json(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
