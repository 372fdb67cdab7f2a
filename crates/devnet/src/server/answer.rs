//! Answers as the registry's Go server words them (protocols.md 1.7, 1.8).

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

/// JSON with what Go's default encoder escapes. All of it can only stand inside strings.
pub(crate) fn go_json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    if !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return text;
    }
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// A JSON answer, with the newline that Go's encoder ends with.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut text = go_json(value);
    text.push('\n');
    with_type(status, "application/json", text)
}

/// `{"error":"…"}`
pub(super) fn error(status: StatusCode, sentence: &str) -> Response {
    json(status, &json!({ "error": sentence }))
}

/// Text as Go's `http.Error` sends it: 404 and 405 of the router, 400 of the handshake.
pub(super) fn text(status: StatusCode, text: &'static str) -> Response {
    let mut response = with_type(status, "text/plain; charset=utf-8", text);
    response.headers_mut().insert("X-Content-Type-Options", HeaderValue::from_static("nosniff"));
    response
}

/// 404 for a path that is not there.
pub(super) fn no_such_page() -> Response {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// 404 for an entity that is not there.
pub(super) fn no_such_entity() -> Response {
    error(StatusCode::NOT_FOUND, "entity not found")
}

/// 301 to another place.
pub(super) fn moved(to: &str) -> Response {
    let page = format!("<a href=\"{to}\">Moved Permanently</a>.\n\n");
    let mut response = with_type(StatusCode::MOVED_PERMANENTLY, "text/html; charset=utf-8", page);
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

/// Any body.
pub(super) fn with_type(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped_as_go_does() {
        assert_eq!(go_json(&"a<b>&é\u{2028}"), r#""a\u003cb\u003e\u0026é\u2028""#);
    }
}
