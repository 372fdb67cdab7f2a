//! The process witness: what an agent's own health endpoint says (protocols.md 7.1).

use std::time::Duration;

use beatkeeper_core::fleet::{FleetEvent, ProcessReading};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::ProcessState;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use url::Url;

const WITHIN: Duration = Duration::from_secs(3);
const MAX_ANSWER: usize = 16 * 1024;

/// A running probe; dropping it ends it.
pub(crate) struct Probe {
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Probes `url` now and then every `every`.
#[must_use]
pub(crate) fn start(
    http: reqwest::Client,
    id: EntityId,
    url: Url,
    every: Duration,
    output: mpsc::Sender<FleetEvent>,
) -> Probe {
    let task = tokio::spawn(async move {
        let mut tick = tokio::time::interval(every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let reading = probe(&http, &id, url.clone()).await;
            if output.send(FleetEvent::Process(id.clone(), reading)).await.is_err() {
                break;
            }
        }
    });
    Probe { task }
}

#[derive(serde::Deserialize)]
struct Health {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    entity_id: Option<String>,
    #[serde(default)]
    timestamp: Option<serde_json::Value>,
}

async fn probe(http: &reqwest::Client, id: &EntityId, url: Url) -> ProcessReading {
    let sent = jiff::Timestamp::now();
    let response = match http.get(url).timeout(WITHIN).send().await {
        Ok(response) => response,
        Err(error) => return reading(ProcessState::NotRunning, crate::registry::reason(&error)),
    };
    let status = response.status();
    let body = match body(response).await {
        Ok(body) => body,
        Err(detail) => return reading(ProcessState::Unhealthy, detail),
    };
    let arrived = jiff::Timestamp::now();
    if !status.is_success() {
        return reading(ProcessState::Unhealthy, format!("it answers {}", status.as_u16()));
    }
    let Ok(health) = serde_json::from_slice::<Health>(&body) else {
        return reading(ProcessState::Unhealthy, "its answer is not JSON");
    };
    if let Some(other) = health.entity_id.filter(|other| other != id.as_str()) {
        return reading(ProcessState::WrongAgent, other.chars().take(80).collect::<String>());
    }
    if let Some(word) = health.status.filter(|word| word != "ok") {
        return reading(ProcessState::Unhealthy, format!("it says \"{}\"", word.chars().take(80).collect::<String>()));
    }
    let middle = i64::midpoint(sent.as_millisecond(), arrived.as_millisecond());
    let clock_ahead_ms = health.timestamp.as_ref().and_then(millis).map(|theirs| theirs - middle);
    ProcessReading { state: ProcessState::Running, detail: String::new(), clock_ahead_ms }
}

/// Today's SDKs write RFC 3339, older ones a number of seconds (protocols.md 7.2).
fn millis(timestamp: &serde_json::Value) -> Option<i64> {
    match timestamp {
        serde_json::Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        serde_json::Value::Number(seconds) => {
            let seconds = seconds.as_f64()?;
            jiff::Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?)
                .ok()
                .map(jiff::Timestamp::as_millisecond)
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => None,
    }
}

async fn body(response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| crate::registry::reason(&error))?;
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err("its answer is too long for a health endpoint".into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn reading(state: ProcessState, detail: impl Into<String>) -> ProcessReading {
    ProcessReading { state, detail: detail.into(), clock_ahead_ms: None }
}
