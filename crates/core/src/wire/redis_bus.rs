//! The Redis heartbeat bus: one channel of messages, and a hash for each agent (protocols.md 6).
//!
//! Anybody may write there, so what is read is bounded and checked field by field: a field that is wrong costs that field,
//! and only a message that names nobody is refused as a whole.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::identity::LONGEST_NAME;
use crate::time::Time;
use crate::view::BusMetrics;

/// A message that is longer is not read.
pub const LONGEST_MESSAGE: usize = 64 * 1024;
/// How far a sender's clock may be ahead of ours before its time is not believed.
pub const MOST_AHEAD_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 3600 * 1000;
/// A hash lives for so many intervals after a beat.
pub const LIVES_FOR: u32 = 4;
/// Longer texts of others are cut.
const LONGEST_TEXT: usize = 200;
/// The range of intervals that is believed of others, in milliseconds.
const INTERVALS_MS: std::ops::RangeInclusive<u64> = 100..=86_400_000;

/// One beat, as it is published. Field names are the how-to's; `intervalMs`, `fence` and `label` are ours, and others ignore them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BeatMessage<'a> {
    /// The agent's name on the bus.
    pub agent_id: &'a str,
    /// What kind of agent it is.
    pub agent_type: &'a str,
    /// Unix milliseconds.
    pub timestamp: u64,
    /// From 1.
    pub sequence: u64,
    /// `healthy`, `degraded`, `busy` or `recovering`.
    pub status: &'a str,
    /// What was measured; what was not is left out.
    pub metrics: SentMetrics,
    /// What it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_task: Option<&'a str>,
    /// A fraction of 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_progress: Option<f64>,
    /// Between two beats.
    pub interval_ms: u64,
    /// In a team: of the lease that it was sent under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    /// What people call it, where that is not its name on the bus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<&'a str>,
}

/// The figures of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMetrics {
    /// In percent of one core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    /// MiB.
    #[serde(rename = "memoryMB", skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<f64>,
    /// Under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_tasks: Option<f64>,
    /// Waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_depth: Option<f64>,
    /// Of a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_used_this_hour: Option<f64>,
    /// Lately.
    #[serde(rename = "errorsLast5Min", skip_serializing_if = "Option::is_none")]
    pub errors_last_5min: Option<f64>,
}

/// What an agent says of its own work where its process is asked how it is, in the words of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnWord {
    /// What it counts itself. What its process costs is measured, whatever it says.
    pub metrics: SentMetrics,
    /// What it works on.
    pub task: Option<String>,
    /// A fraction of 1.
    pub progress: Option<f64>,
}

impl OwnWord {
    /// Reads it from the answer of a health endpoint: `currentTask`, `taskProgress`, and the figures of `metrics`. What is not
    /// there, or is of the wrong type, is not said.
    #[must_use]
    pub fn read(answer: &Value) -> Option<Self> {
        let read = |name: &str| answer.get("metrics").and_then(|metrics| metrics.get(name)).and_then(figure);
        let word = Self {
            metrics: SentMetrics {
                active_tasks: read("activeTasks"),
                queue_depth: read("queueDepth"),
                tokens_used_this_hour: read("tokensUsedThisHour"),
                errors_last_5min: read("errorsLast5Min"),
                ..SentMetrics::default()
            },
            task: answer.get("currentTask").and_then(Value::as_str).and_then(cut),
            progress: answer.get("taskProgress").and_then(figure).map(|progress| progress.min(1.0)),
        };
        (word != Self::default()).then_some(word)
    }
}

/// What was heard of an agent, in a message or in its hash.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// The agent's name on the bus.
    pub name: String,
    /// When it beat, on its own clock, if that can be believed.
    pub at: Option<Time>,
    /// Its number.
    pub sequence: Option<u64>,
    /// Its own word, such as `healthy` or `stopped`.
    pub status: Option<String>,
    /// What it measures.
    pub metrics: BusMetrics,
    /// What it works on.
    pub task: Option<String>,
    /// A fraction of 1.
    pub progress: Option<f64>,
    /// What kind of agent it is.
    pub kind: Option<String>,
    /// The computer that it runs on.
    pub host: Option<String>,
    /// Its process there.
    pub pid: Option<u32>,
    /// When it registered, on its own clock.
    pub registered_at: Option<Time>,
    /// Between two of its beats, in milliseconds, if it says so.
    pub interval_ms: Option<u64>,
    /// In a team: of the lease that it was sent under.
    pub fence: Option<u64>,
    /// What people call it, where that is not its name.
    pub label: Option<String>,
}

/// Why nothing of a message can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unusable {
    /// Too long.
    #[error("longer than 64 KiB")]
    TooLong,
    /// Not a JSON object.
    #[error("not a JSON object")]
    NotAnObject,
    /// It names nobody.
    #[error("without an agentId")]
    Nameless,
    /// What it calls the agent cannot be a name.
    #[error("with an agentId that is empty, longer than 128 bytes, or has control characters")]
    BadName,
    /// Its time cannot be: negative, no number, or over a minute ahead of our clock.
    #[error("with a timestamp that cannot be")]
    BadTime,
}

/// Reads a published message.
///
/// # Errors
/// [`Unusable`].
pub fn read_message(payload: &[u8], wall: Time) -> Result<Heard, Unusable> {
    if payload.len() > LONGEST_MESSAGE {
        return Err(Unusable::TooLong);
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(payload) else { return Err(Unusable::NotAnObject) };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let number = |name: &str| fields.get(name).and_then(figure);
    let name = match fields.get("agentId") {
        Some(Value::String(name)) => name,
        Some(_) => return Err(Unusable::BadName),
        None => return Err(Unusable::Nameless),
    };
    must_be_a_name(name)?;
    let at = match fields.get("timestamp") {
        Some(value) => Some(believable(value.as_u64().ok_or(Unusable::BadTime)?, wall).ok_or(Unusable::BadTime)?),
        None => None,
    };
    Ok(Heard {
        name: name.clone(),
        at,
        sequence: fields.get("sequence").and_then(Value::as_u64),
        status: text("status").and_then(cut),
        metrics: fields.get("metrics").map(metrics).unwrap_or_default(),
        task: text("currentTask").and_then(cut),
        progress: number("taskProgress").map(|progress| progress.clamp(0.0, 1.0)),
        kind: text("agentType").and_then(cut),
        host: text("host").and_then(cut),
        pid: fields.get("pid").and_then(Value::as_u64).and_then(|pid| pid.try_into().ok()),
        registered_at: None,
        interval_ms: fields.get("intervalMs").and_then(Value::as_u64).filter(|ms| INTERVALS_MS.contains(ms)),
        fence: fields.get("fence").and_then(Value::as_u64).filter(|fence| is_a_fence(*fence, wall)),
        label: text("label").and_then(cut),
    })
}

/// Reads an agent's hash; every value in it is text. The time to live says how often it beats, when its fields do not.
///
/// # Errors
/// [`Unusable::BadName`] when its key holds no name.
pub fn read_hash<'a>(
    name: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    ttl_ms: Option<u64>,
    wall: Time,
) -> Result<Heard, Unusable> {
    must_be_a_name(name)?;
    let mut heard = Heard { name: name.to_owned(), ..Heard::default() };
    for (field, value) in fields {
        let whole = || value.parse::<u64>().ok();
        let time = || whole().and_then(|ms| believable(ms, wall));
        let measured = || value.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
        match field {
            "lastHeartbeat" => heard.at = time(),
            "registeredAt" => heard.registered_at = time(),
            "sequence" => heard.sequence = whole(),
            "status" => heard.status = cut(value),
            "type" => heard.kind = cut(value),
            "host" => heard.host = cut(value),
            "pid" => heard.pid = value.parse().ok(),
            "cpuPercent" => heard.metrics.cpu_percent = measured(),
            "memoryMB" => heard.metrics.memory_mb = measured(),
            "intervalMs" => heard.interval_ms = whole().filter(|ms| INTERVALS_MS.contains(ms)),
            "fence" => heard.fence = whole().filter(|fence| is_a_fence(*fence, wall)),
            "label" => heard.label = cut(value),
            _ => {}
        }
    }
    // Set at each beat to four intervals, in whole seconds; what is left of it since the beat is only a lower bound.
    if heard.interval_ms.is_none()
        && let (Some(ttl), Some(at)) = (ttl_ms, heard.at)
    {
        let whole = ttl.saturating_add(wall.as_millis().saturating_sub(at.as_millis()));
        let interval = whole.div_ceil(1000).saturating_mul(1000) / u64::from(LIVES_FOR);
        heard.interval_ms = Some(interval).filter(|ms| INTERVALS_MS.contains(ms));
    }
    Ok(heard)
}

/// The fields of an agent's hash after a beat, as the how-to writes them, and `intervalMs`.
#[must_use]
pub fn hash_fields(beat: &BeatMessage<'_>, host: &str, pid: Option<u32>) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("lastHeartbeat", beat.timestamp.to_string()),
        ("sequence", beat.sequence.to_string()),
        ("status", beat.status.to_owned()),
        ("type", beat.agent_type.to_owned()),
        ("host", host.to_owned()),
        ("intervalMs", beat.interval_ms.to_string()),
    ];
    fields.extend(pid.map(|pid| ("pid", pid.to_string())));
    fields.extend(beat.metrics.cpu_percent.map(|cpu| ("cpuPercent", cpu.to_string())));
    fields.extend(beat.metrics.memory_mb.map(|memory| ("memoryMB", memory.to_string())));
    fields.extend(beat.fence.map(|fence| ("fence", fence.to_string())));
    fields.extend(beat.label.map(|label| ("label", label.to_owned())));
    fields
}

/// How long an agent's hash lives after a beat, in whole seconds, as `EXPIRE` takes it.
#[must_use]
pub const fn lives_for_seconds(interval_ms: u64) -> u64 {
    let seconds = interval_ms.saturating_mul(LIVES_FOR as u64) / 1000;
    if seconds == 0 { 1 } else { seconds }
}

fn must_be_a_name(name: &str) -> Result<(), Unusable> {
    let bad = name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control);
    if bad { Err(Unusable::BadName) } else { Ok(()) }
}

/// They come from the server's clock: one far ahead of that would have every true one ignored.
#[must_use]
pub const fn is_a_fence(fence: u64, wall: Time) -> bool {
    fence <= wall.as_millis().saturating_add(DAY_MS)
}

fn believable(ms: u64, wall: Time) -> Option<Time> {
    (ms > 0 && ms <= wall.as_millis().saturating_add(MOST_AHEAD_MS)).then(|| Time::from_millis(ms))
}

fn metrics(value: &Value) -> BusMetrics {
    let read = |name: &str| value.get(name).and_then(figure);
    BusMetrics {
        cpu_percent: read("cpuPercent"),
        memory_mb: read("memoryMB"),
        active_tasks: read("activeTasks"),
        queue_depth: read("queueDepth"),
        tokens_used_this_hour: read("tokensUsedThisHour"),
        errors_last_5min: read("errorsLast5Min"),
    }
}

/// Nothing that is measured is negative.
fn figure(value: &Value) -> Option<f64> {
    value.as_f64().filter(|figure| figure.is_finite() && *figure >= 0.0)
}

/// What somebody else wrote, as it may be shown: without control characters, and not too long. Nothing when nothing is left.
#[must_use]
pub fn cut(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
#[path = "redis_bus_tests.rs"]
mod tests;
