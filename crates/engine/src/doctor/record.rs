//! The registry itself, and its record of the agent.

use std::time::Duration;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::doctor::{Answered, HttpSeen, Reading, RecordSeen, RegistryKind};
use beatkeeper_core::failure::Transient;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::wire::zynd::{self, Record};
use beatkeeper_core::witness::RecordFacts;
use serde_json::Value;

use super::patient::Patient;
use super::web::{Fetched, fetch};

/// How long one answer may take.
const WITHIN: Duration = Duration::from_secs(5);

/// What the registry's front door showed.
pub(super) struct Front {
    pub(super) http: Reading,
    pub(super) kind: Reading,
    /// How far its clock is ahead of this computer's.
    pub(super) clock_ahead_ms: Option<i64>,
}

/// What every registry tells of itself: its info, and its status.
pub(super) type AskedFront = (Result<Fetched, Transient>, Result<Fetched, Transient>);

pub(super) async fn ask_front(http: &reqwest::Client, base: &BaseUrl) -> AskedFront {
    tokio::join!(
        fetch(http, base.http("v1/info"), None, WITHIN),
        fetch(http, base.http("v1/network/status"), None, WITHIN)
    )
}

/// What that shows; `record` was asked for beside it.
pub(super) fn front(
    base: &BaseUrl,
    patient: &Patient,
    (info, status): AskedFront,
    record: &Result<Fetched, Transient>,
) -> Front {
    let url = base.http("v1/info");
    let answered = answered(&info);
    let says = |answer: &Result<Fetched, Transient>, field: &str| -> Option<String> {
        Some(answer.as_ref().ok()?.json()?.get(field)?.as_str()?.to_owned())
    };
    let onboarding = info
        .as_ref()
        .ok()
        .and_then(Fetched::json)
        .and_then(|info| Some(info.get("developer_onboarding")?.get("mode")?.as_str()?.to_owned()));
    let kind = RegistryKind {
        name: says(&info, "name").or_else(|| says(&status, "name")),
        id: says(&info, "registry_id").or_else(|| says(&status, "registry_id")),
        version: says(&status, "version"),
        onboarding,
        dialect: Some(patient.dialect()),
    };
    let ahead = |answer: &Result<Fetched, Transient>| answer.as_ref().ok().and_then(|fetched| fetched.clock_ahead_ms);
    Front {
        http: HttpSeen { url: url.to_string(), answered, known_otherwise: knows_entities(record) }.read(),
        kind: kind.read(),
        clock_ahead_ms: ahead(&info).or_else(|| ahead(record)),
    }
}

fn answered(answer: &Result<Fetched, Transient>) -> Answered {
    match answer {
        Err(failure) => Answered::Nothing { failure: failure.clone() },
        Ok(fetched) if fetched.status != 200 => Answered::Status {
            status: fetched.status,
            location: fetched.location.clone(),
            retry_after: fetched.retry_after,
        },
        Ok(fetched) => match fetched.json() {
            Some(Value::Object(fields)) if fields.contains_key("registry_id") || fields.contains_key("name") => {
                Answered::Registry
            }
            _ => Answered::Other { what: fetched.what() },
        },
    }
}

/// Only a registry answers for an entity with a record, or with its own 404.
fn knows_entities(record: &Result<Fetched, Transient>) -> bool {
    record.as_ref().is_ok_and(|fetched| match fetched.status {
        200 => read(fetched).is_some(),
        404 => fetched.json().is_some_and(|said| said.get("error").is_some()),
        _ => false,
    })
}

/// Asks for the record.
pub(super) async fn ask(http: &reqwest::Client, base: &BaseUrl, id: &EntityId) -> Result<Fetched, Transient> {
    fetch(http, base.http(&zynd::record_path(id)), None, WITHIN).await
}

/// The record, reduced to what the rules read, and what else is of interest.
pub(super) struct RecordRead {
    pub(super) facts: RecordFacts,
    pub(super) name: String,
    pub(super) public_key: Option<String>,
}

pub(super) fn read(fetched: &Fetched) -> Option<RecordRead> {
    let record: Record = serde_json::from_value(fetched.json()?).ok()?;
    Some(RecordRead { facts: RecordFacts::from(&record), name: record.name.clone(), public_key: record.public_key })
}

/// What the record tells.
pub(super) fn seen(
    answer: &Result<Fetched, Transient>,
    patient: &Patient,
    clock_ahead_ms: Option<i64>,
) -> (Reading, Option<RecordRead>) {
    let read = answer.as_ref().ok().filter(|fetched| fetched.status == 200).and_then(read);
    let facts = match answer {
        Err(failure) => Err(failure.to_string()),
        Ok(fetched) => match (fetched.status, &read) {
            (200, Some(record)) => Ok(Some(record.facts.clone())),
            (200, None) => Err(format!("it answers {}", fetched.what())),
            (404, _) if knows_entities(answer) => Ok(None),
            (status, _) => Err(format!("it answers {status}")),
        },
    };
    let thresholds = patient.registry.as_ref().map(|registry| registry.thresholds.to_thresholds()).unwrap_or_default();
    let now = Time::from_timestamp(jiff::Timestamp::now());
    let seen = RecordSeen {
        answer: facts,
        registry_now: now.offset_millis(clock_ahead_ms.unwrap_or(0)),
        swept_after: thresholds.inactive_after + thresholds.sweep,
        known_before: patient.row.as_ref().is_some_and(|row| row.last_confirmed_at.is_some()),
    };
    (seen.read(), read)
}
