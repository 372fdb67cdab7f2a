//! The agent's own heartbeat (protocols.md 1.4).

use std::time::Duration;

use anyhow::Context as _;
use beatkeeper_core::wire::zynd::{beat_frame, beat_timestamp, heartbeat_path};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::{Agent, say};

const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Beats at every interval, for ever or for a while, and dials again when the line is lost.
pub(crate) async fn beat(agent: &Agent, every: Duration, silent_after: Option<Duration>) -> anyhow::Result<()> {
    let silent_at = silent_after.map(|time| Instant::now() + time);
    let mut wait = Duration::from_secs(1);
    loop {
        let dialled = Instant::now();
        if let Err(error) = one_line(agent, every, silent_at).await {
            say(&format!("{error:#}; dialling again in {} s", wait.as_secs()));
        }
        if dialled.elapsed() > LONGEST_WAIT {
            wait = Duration::from_secs(1);
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Beats on one connection until it ends.
async fn one_line(agent: &Agent, every: Duration, silent_at: Option<Instant>) -> anyhow::Result<()> {
    let url = agent.registry.websocket(&heartbeat_path(&agent.id));
    let dialling = Box::pin(connect_async(url.as_str()));
    let (mut socket, _) = timeout(DIAL_TIMEOUT, dialling)
        .await
        .context("the heartbeat socket took too long")?
        .context("no heartbeat socket")?;
    let mut beats = interval(every);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beats.tick() => {
                // A hung agent: its socket is open and its health is fine.
                if silent_at.is_none_or(|at| Instant::now() < at) {
                    let timestamp = beat_timestamp(agent.clock.now());
                    let signature = agent.key.sign(timestamp.as_bytes());
                    socket.send(Message::text(beat_frame(&timestamp, &signature))).await.context("the heartbeat socket is lost")?;
                }
            }
            frame = socket.next() => {
                frame.context("the heartbeat socket was closed")?.context("the heartbeat socket is lost")?;
            }
        }
    }
}
