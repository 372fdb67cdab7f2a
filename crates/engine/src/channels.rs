//! Channels as a person asks for them: all of them with the desktop first, tests, what was not delivered.

use std::time::Duration;

use beatkeeper_core::notice::{Notice, NoticeId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use ts_rs::TS;

use crate::alerts::channels::{ChannelView, DeliveryView};
use crate::fleet_loop::{Ask, DESKTOP};
use crate::handle::{Handle, ended};
use crate::refusal::{Refusal, json_of};

/// How long the desktop may take for a test.
const WITHIN: Duration = Duration::from_secs(20);

/// A notice that a channel did not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DeadLetter {
    /// Its way.
    pub delivery: DeliveryView,
    /// The notice.
    pub notice: Notice,
}

impl Handle {
    /// All of them, the desktop first.
    pub(crate) async fn channels(&self) -> Result<Value, Refusal> {
        let mut views = vec![self.desktop().await?];
        views.extend(self.shared.post.views().await);
        json_of(&views)
    }

    /// Really sends a test.
    pub(crate) async fn test_channel(&self, name: &str) -> Result<Value, Refusal> {
        let took = if name == DESKTOP { self.test_desktop().await? } else { self.shared.post.test(name).await? };
        Ok(json!({ "ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX) }))
    }

    /// What is not tried any more, newest first.
    pub(crate) fn dead_letters(&self, limit: u32) -> Result<Value, Refusal> {
        let letters = self.shared.post.dead_letters(limit as usize);
        let retries = self.shared.post.retries();
        let letters =
            letters.into_iter().map(|(delivery, notice)| DeadLetter { delivery: retries.view(delivery), notice });
        json_of(&letters.collect::<Vec<_>>())
    }

    /// Has such a one tried again.
    pub(crate) fn retry_delivery(&self, notice: NoticeId, channel: &str) -> Result<Value, Refusal> {
        self.shared.post.retry(notice, channel).map(|()| Value::Null)
    }

    async fn desktop(&self) -> Result<ChannelView, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::Desktop(reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())
    }

    async fn test_desktop(&self) -> Result<Duration, Refusal> {
        let begun = std::time::Instant::now();
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::TestDesktop(reply)).await.map_err(|_| ended())?;
        let problem = match tokio::time::timeout(WITHIN, answer).await {
            Ok(Ok(Ok(()))) => return Ok(begun.elapsed()),
            Ok(Ok(Err(problem))) => problem,
            Ok(Err(_)) => return Err(ended()),
            Err(_) => format!("The desktop did not answer within {} s", WITHIN.as_secs()),
        };
        Err(Refusal::new("channel.failed", problem, "Look at the desktop's settings for notifications."))
    }
}
