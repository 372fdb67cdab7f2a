//! The built window, read from its folder for every request: it is built again while it is looked at.

use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use beatkeeper_engine::command::Refusal;

use crate::answer::refusal;

/// A file of the window; its page for `/`.
pub(crate) async fn get(State(dist): State<PathBuf>, uri: Uri) -> Response {
    let Some((file, kind)) = within(&dist, uri.path()) else { return absent(&uri) };
    match tokio::fs::read(&file).await {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            response
        }
        Err(_) => absent(&uri),
    }
}

/// The file that a path names, if it is of a kind that the window has and cannot lead out of its folder.
fn within(dist: &Path, path: &str) -> Option<(PathBuf, &'static str)> {
    let path = if path == "/" { "index.html" } else { path.strip_prefix('/')? };
    // Nothing that is built here has a name that must be escaped.
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || !inside {
        return None;
    }
    let kind = match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => return None,
    };
    Some((dist.join(path), kind))
}

fn absent(uri: &Uri) -> Response {
    let absent = Refusal::new("bridge.absent", format!("There is no {} here", uri.path()), "Build the window again.");
    refusal(StatusCode::NOT_FOUND, &absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_folder_is_served() {
        let dist = Path::new("/dist");
        let file = |path: &str| within(dist, path).map(|(file, _)| file);
        assert_eq!(file("/"), Some("/dist/index.html".into()));
        assert_eq!(file("/assets/index-a_b.js"), Some("/dist/assets/index-a_b.js".into()));
        for path in
            ["/../key.js", "/assets/../../key.js", "//etc/x.js", "/%2e%2e/x.js", "/a\\..\\x.js", "/x.json", "/x"]
        {
            assert_eq!(file(path), None, "{path}");
        }
    }
}
