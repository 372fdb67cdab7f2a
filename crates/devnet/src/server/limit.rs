//! The rate limits (protocols.md 1.8): a fixed window for each client address, opened by its first request.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tokio::time::Instant;

use super::answer;
use crate::registry::lock;

/// The address that a request came from.
#[derive(Clone, Copy)]
pub(super) struct Client(pub(super) SocketAddr);

/// One bucket of requests.
pub(super) struct Limit {
    each_window: Option<u32>,
    window: Duration,
    clients: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Limit {
    pub(super) fn new(each_window: Option<u32>, window: Duration) -> Self {
        Self { each_window, window, clients: Mutex::default() }
    }

    /// Takes one request from the bucket; false when it is empty.
    pub(super) fn allows(&self, client: &str) -> bool {
        let Some(each_window) = self.each_window else { return true };
        let now = Instant::now();
        let mut clients = lock(&self.clients);
        if clients.len() > 10_000 {
            clients.retain(|_, (since, _)| now - *since <= self.window);
        }
        let (since, taken) = clients.entry(client.to_owned()).or_insert((now, 0));
        if now - *since > self.window {
            (*since, *taken) = (now, 0);
        }
        *taken += 1;
        *taken <= each_window
    }
}

/// 429 when the client has used up its bucket.
pub(super) fn over_limit(limit: &Limit, client: Client, headers: &HeaderMap) -> Option<Response> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let address = match (header("x-forwarded-for"), header("x-real-ip")) {
        (Some(list), _) => list.split(',').next().unwrap_or_default().trim().to_owned(),
        (None, Some(address)) => address.to_owned(),
        (None, None) if client.0.is_ipv4() => client.0.ip().to_string(),
        // The registry cuts at the first colon, so all of IPv6 is one client.
        (None, None) => "[".to_owned(),
    };
    (!limit.allows(&address)).then(|| answer::error(StatusCode::TOO_MANY_REQUESTS, "rate limit exceeded"))
}
