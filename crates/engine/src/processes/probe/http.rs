//! An agent's own health endpoint (protocols.md 7.1).

use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::supervise::Probed;
use futures_util::StreamExt as _;
use url::Url;

const MAX_ANSWER: usize = 16 * 1024;

#[derive(serde::Deserialize)]
struct Health {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    entity_id: Option<String>,
    #[serde(default)]
    timestamp: Option<serde_json::Value>,
}

/// Asks it, and tells who answers.
pub(crate) async fn ask(http: &reqwest::Client, id: &EntityId, url: Url, within: Duration) -> Probed {
    let sent = jiff::Timestamp::now();
    let response = match http.get(url).timeout(within).send().await {
        Ok(response) => response,
        Err(error) => return Probed::Silent(crate::registry::reason(&error)),
    };
    let status = response.status();
    let body = match body(response).await {
        Ok(body) => body,
        Err(detail) => return Probed::Unwell(detail),
    };
    let arrived = jiff::Timestamp::now();
    if !status.is_success() {
        return Probed::Unwell(format!("it answers {}", status.as_u16()));
    }
    let Ok(health) = serde_json::from_slice::<Health>(&body) else {
        return Probed::Unwell("its answer is not JSON".to_owned());
    };
    if let Some(other) = health.entity_id.filter(|other| other != id.as_str()) {
        return Probed::WrongAgent(other.chars().take(80).collect());
    }
    if let Some(word) = health.status.filter(|word| word != "ok") {
        return Probed::Unwell(format!("it says \"{}\"", word.chars().take(80).collect::<String>()));
    }
    let middle = i64::midpoint(sent.as_millisecond(), arrived.as_millisecond());
    let clock_ahead_ms = health.timestamp.as_ref().and_then(millis).map(|theirs| theirs - middle);
    Probed::Well(clock_ahead_ms)
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
