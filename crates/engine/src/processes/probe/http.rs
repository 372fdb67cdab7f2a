//! An agent's own health endpoint (protocols.md 7.1).

use std::error::Error as _;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::supervise::Probed;
use beatkeeper_core::wire::redis_bus::OwnWord;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::clock::Clock;
use crate::figures::Figures;

const MAX_ANSWER: usize = 16 * 1024;

#[derive(Deserialize)]
struct Health {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    entity_id: Option<String>,
    #[serde(default)]
    timestamp: Option<Value>,
}

/// Asks agents at their own addresses.
#[derive(Clone)]
pub(crate) struct Asker {
    http: reqwest::Client,
    figures: Arc<Figures>,
    clock: Arc<Clock>,
}

impl Asker {
    /// What agents say of their work is put down among the figures.
    pub(crate) const fn new(http: reqwest::Client, figures: Arc<Figures>, clock: Arc<Clock>) -> Self {
        Self { http, figures, clock }
    }

    /// Asks it how it is, and tells who answers.
    pub(crate) async fn ask(&self, id: &EntityId, url: Url, within: Duration) -> Probed {
        let sent = jiff::Timestamp::now();
        let response = match self.http.get(url).timeout(within).send().await {
            Ok(response) => response,
            Err(error) if is_refused(&error) => return Probed::Refused(crate::registry::reason(&error)),
            Err(error) => return Probed::Silent(crate::registry::reason(&error)),
        };
        let (probed, word) = read(id, sent, response).await;
        self.figures.said(id, word, self.clock.now());
        probed
    }
}

/// Whether nobody listens there.
fn is_refused(error: &reqwest::Error) -> bool {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut io = causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.any(|error| error.kind() == ErrorKind::ConnectionRefused)
}

async fn read(id: &EntityId, sent: jiff::Timestamp, response: reqwest::Response) -> (Probed, Option<OwnWord>) {
    let unwell = |why: String| (Probed::Unwell(why), None);
    let status = response.status();
    let body = match body(response).await {
        Ok(body) => body,
        Err(detail) => return unwell(detail),
    };
    let arrived = jiff::Timestamp::now();
    if !status.is_success() {
        return unwell(format!("it answers {}", status.as_u16()));
    }
    let answer = serde_json::from_slice::<Value>(&body).and_then(|all| Ok((Health::deserialize(&all)?, all)));
    let Ok((health, all)) = answer else {
        return unwell("its answer is not JSON".to_owned());
    };
    if let Some(other) = health.entity_id.filter(|other| other != id.as_str()) {
        return (Probed::WrongAgent(other.chars().take(80).collect()), None);
    }
    if let Some(word) = health.status.filter(|word| word != "ok") {
        return unwell(format!("it says \"{}\"", word.chars().take(80).collect::<String>()));
    }
    let middle = i64::midpoint(sent.as_millisecond(), arrived.as_millisecond());
    let clock_ahead_ms = health.timestamp.as_ref().and_then(clock_of).map(|theirs| theirs - middle);
    (Probed::Well(clock_ahead_ms), OwnWord::read(&all))
}

/// Today's SDKs write RFC 3339, older ones a number of seconds (protocols.md 7.2).
pub(crate) fn clock_of(timestamp: &Value) -> Option<i64> {
    match timestamp {
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        Value::Number(seconds) => {
            let seconds = seconds.as_f64()?;
            jiff::Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?)
                .ok()
                .map(jiff::Timestamp::as_millisecond)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
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
