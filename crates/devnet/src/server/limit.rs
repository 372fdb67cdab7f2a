//! The rate limits (protocols.md 1.8): a fixed window for each client address, opened by its first request.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::registry::lock;

const WINDOW: Duration = Duration::from_secs(60);

/// One bucket of requests.
pub(super) struct Limit {
    each_minute: Option<u32>,
    clients: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Limit {
    pub(super) fn new(each_minute: Option<u32>) -> Self {
        Self { each_minute, clients: Mutex::default() }
    }

    /// Takes one request from the bucket; false when it is empty.
    pub(super) fn allows(&self, client: &str) -> bool {
        let Some(each_minute) = self.each_minute else { return true };
        let now = Instant::now();
        let mut clients = lock(&self.clients);
        if clients.len() > 10_000 {
            clients.retain(|_, (since, _)| now - *since <= WINDOW);
        }
        let (since, taken) = clients.entry(client.to_owned()).or_insert((now, 0));
        if now - *since > WINDOW {
            (*since, *taken) = (now, 0);
        }
        *taken += 1;
        *taken <= each_minute
    }
}
