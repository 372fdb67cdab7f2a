//! What the page hears without asking: new revisions, and agents to open.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use beatkeeper_core::identity::EntityId;
use futures_util::stream::{self, Stream};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use crate::backend::Backend;

/// As the desktop app has it.
const PACE: Duration = Duration::from_millis(250);

struct Ears {
    revision: watch::Receiver<u64>,
    clicked: broadcast::Receiver<Vec<EntityId>>,
    next: Instant,
}

/// Server-sent events, as long as the page listens.
pub(crate) async fn get(State(backend): State<Arc<Backend>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut revision = backend.revision();
    // Whoever comes is told at once where the fleet is.
    revision.mark_changed();
    let ears = Ears { revision, clicked: backend.clicked(), next: Instant::now() };
    let events = stream::unfold(ears, async |mut ears| {
        let event = ears.hear().await?;
        Some((Ok(event), ears))
    });
    // Without an await the handler would not be one.
    std::future::ready(Sse::new(Box::pin(events)).keep_alive(KeepAlive::default())).await
}

impl Ears {
    async fn hear(&mut self) -> Option<Event> {
        let revision = async {
            tokio::time::sleep_until(self.next).await;
            self.revision.changed().await
        };
        tokio::select! {
            changed = revision => {
                changed.ok()?;
                self.next = Instant::now() + PACE;
                let now = *self.revision.borrow_and_update();
                Some(Event::default().event("fleet-changed").data(now.to_string()))
            }
            // Clicks are few; whoever misses sixteen of them wants the next.
            Ok(agents) = self.clicked.recv() => {
                Some(Event::default().event("open-agents").data(serde_json::json!(agents).to_string()))
            }
        }
    }
}
