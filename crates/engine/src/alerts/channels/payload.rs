//! The JSON that webhooks and programs get: documented in `docs/channels.md`, and changed only with its version.

use beatkeeper_core::time::Time;
use serde::Serialize;

use super::message::Message;

/// Rises when a reader of the old one would misread the new one; a field more is no such thing.
const VERSION: u32 = 1;

/// The JSON.
#[derive(Serialize)]
pub(super) struct Payload<'a> {
    version: u32,
    id: u64,
    kind: &'static str,
    at: String,
    title: &'a str,
    body: &'a str,
    registry: &'a str,
    cause: &'a str,
    fault: &'static str,
    urgent: bool,
    agents: Vec<Agent<'a>>,
    supersedes: Vec<u64>,
    channel: &'a str,
}

#[derive(Serialize)]
struct Agent<'a> {
    id: &'a str,
    name: &'a str,
    incident_opened_at: String,
    last_beat_at: Option<String>,
}

impl<'a> Payload<'a> {
    pub(super) fn of(message: &'a Message<'_>, channel: &'a str) -> Self {
        let Message { notice, title, body } = message;
        let agents = notice.agents.iter().map(|agent| Agent {
            id: agent.id.as_str(),
            name: &agent.name,
            incident_opened_at: iso(agent.opened_at),
            last_beat_at: agent.last_beat.map(iso),
        });
        Self {
            version: VERSION,
            id: notice.id.0,
            kind: notice.kind.as_str(),
            at: iso(notice.at),
            title,
            body,
            registry: &notice.registry,
            cause: &notice.cause,
            fault: notice.fault.as_str(),
            urgent: notice.urgent,
            agents: agents.collect(),
            supersedes: notice.supersedes.iter().map(|id| id.0).collect(),
            channel,
        }
    }

    pub(super) fn json(&self) -> String {
        // There is nothing in it that JSON has no form for.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn iso(at: Time) -> String {
    at.to_timestamp().to_string()
}
