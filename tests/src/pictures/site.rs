//! The window's page, as `npm run build:fixture` builds it, on loopback.

use std::net::Ipv4Addr;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, ensure};
use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::IntoResponse;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use xtask::paths;

/// It is there until it is dropped.
pub struct Site {
    url: String,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Site {
    /// Serves it on a free port.
    pub async fn start() -> Result<Self> {
        let root = paths::ui().join("dist-fixture");
        ensure!(
            root.join("index.html").is_file(),
            "run `npm run build:fixture` in ui first: {} is empty",
            root.display()
        );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let files = Router::new().fallback(move |uri: Uri| {
            let root = root.clone();
            async move { answer(&root, uri.path()).await }
        });
        Ok(Self { url, serving: tokio::spawn(async { axum::serve(listener, files).await }) })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(root: &Path, path: &str) -> impl IntoResponse + use<> {
    let asked = PathBuf::from(if path == "/" { "index.html" } else { path.trim_start_matches('/') });
    let inside = asked.components().all(|part| matches!(part, Component::Normal(_)));
    let kind = match asked.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        _ => "application/octet-stream",
    };
    match tokio::fs::read(root.join(asked)).await {
        Ok(body) if inside => ([(header::CONTENT_TYPE, kind)], body).into_response(),
        Ok(_) | Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
