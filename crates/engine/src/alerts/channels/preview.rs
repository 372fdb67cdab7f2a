//! What a channel would be told, for the person who sets it up.

use std::time::Duration;

use beatkeeper_core::alert::Fault;
use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey};
use beatkeeper_core::notice::{Notice, NoticeAgent, NoticeId, NoticeKind};
use beatkeeper_core::time::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::message::Message;
use super::payload::Payload;
use super::{command, discord, email, ntfy, slack};
use crate::refusal::Refusal;
use crate::settings::{ChannelEntry, ChannelKind};

/// The moment of which samples tell: 2026-01-02T03:04:05Z.
const SAMPLE: Time = Time::from_millis(1_767_323_045_000);

/// A sample as the channel would get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Preview {
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// What goes over the wire, or to the program; without a secret.
    pub payload: String,
}

/// Renders a sample notice of this kind.
///
/// # Errors
/// `channel.invalid` for what cannot be a channel.
pub fn preview(entry: &ChannelEntry, kind: NoticeKind) -> Result<Preview, Refusal> {
    let invalid = |what: &str| Refusal::new("channel.invalid", what, "Correct it, then look again.");
    entry.check().map_err(|what| invalid(&what))?;
    let notice = sample(kind);
    let message = Message::of(entry, &notice).map_err(|setback| invalid(setback.problem()))?;
    let pretty = |value: &serde_json::Value| format!("{value:#}");
    let payload = match entry.kind {
        ChannelKind::Webhook => match serde_json::from_str(&Payload::of(&message, &entry.name).json()) {
            Ok(value) => pretty(&value),
            Err(_) => String::new(),
        },
        ChannelKind::Slack => pretty(&slack::payload(&message)),
        ChannelKind::Discord => pretty(&discord::payload(&message)),
        ChannelKind::Ntfy => pretty(&ntfy::payload(entry, &message)),
        ChannelKind::Email => email::preview(entry, &message).map_err(|setback| invalid(setback.problem()))?,
        ChannelKind::Command => command::preview(entry, &message),
    };
    Ok(Preview { title: message.title, body: message.body, payload })
}

/// A notice that could have been.
pub(super) fn sample(kind: NoticeKind) -> Notice {
    let (what, why) = match kind {
        NoticeKind::Late => ("weather-agent is late", LOST),
        NoticeKind::Stale => ("weather-agent went stale", LOST),
        NoticeKind::Offline => ("weather-agent is offline", LOST),
        NoticeKind::Flapping => ("weather-agent is flapping: 9 changes in 10 min", LOST),
        NoticeKind::GaveUp => ("weather-agent is down, and needs you", "Its process was given up (it ended with 1)"),
        NoticeKind::Reminder => ("weather-agent is still not beating", LOST),
        NoticeKind::Recovered => ("weather-agent recovered", "Beats are confirmed again after 18 min"),
        NoticeKind::Test => return Notice::test(SAMPLE),
    };
    let last_beat = SAMPLE - Duration::from_secs(18 * 60);
    let id = EntityId::from_key(&PublicKey::from_bytes([0; 32]), EntityKind::Agent);
    Notice {
        id: NoticeId(SAMPLE.as_millis()),
        kind,
        agents: vec![NoticeAgent {
            id,
            name: "weather-agent".into(),
            opened_at: last_beat,
            last_beat: Some(last_beat),
        }],
        registry: "example".into(),
        cause: "link.refused".into(),
        fault: Fault::Link,
        title: what.into(),
        body: why.into(),
        at: SAMPLE,
        supersedes: Vec::new(),
        urgent: false,
        channels: None,
    }
}

const LOST: &str = "Reconnecting: the connection was refused, attempt 7; last beat 02:46:05, 18 min ago";
