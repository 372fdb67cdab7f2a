//! Discord's webhooks.

use beatkeeper_core::notice::NoticeKind;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::http;
use super::means::Means;
use super::message::{Message, cut};
use super::redact::Redactor;
use super::setback::Setback;
use crate::settings::ChannelEntry;

/// Discord's own limits are 256 and 4,096 characters, escapes included.
const LONGEST_TITLE: usize = 128;
const LONGEST_BODY: usize = 2000;

pub(super) async fn deliver(means: &Means, entry: &ChannelEntry, message: &Message<'_>) -> Result<(), Setback> {
    let secret = means.needed_secret(&entry.name, "webhook address").await?;
    let request = means.http.post(secret.expose_secret()).json(&payload(message));
    http::send(request, means.pace.http, Redactor::default().secret(&secret)).await
}

pub(super) fn payload(message: &Message<'_>) -> Value {
    let Message { notice, title, body } = message;
    let mut embed = json!({
        "title": escape(&cut(title, LONGEST_TITLE)),
        "description": escape(&cut(body, LONGEST_BODY)),
        "color": colour(notice.kind),
        "timestamp": notice.at.to_timestamp().to_string(),
    });
    if !notice.registry.is_empty() {
        embed["footer"] = json!({"text": cut(&notice.registry, LONGEST_TITLE)});
    }
    // Nobody is called by a name that an agent happens to have.
    json!({"username": "Beatkeeper", "embeds": [embed], "allowed_mentions": {"parse": []}})
}

const fn colour(kind: NoticeKind) -> u32 {
    match kind {
        NoticeKind::Offline | NoticeKind::GaveUp => 0x00d6_4545,
        NoticeKind::Stale => 0x00e0_8a1e,
        NoticeKind::Late | NoticeKind::Flapping | NoticeKind::Reminder => 0x00e0_c21e,
        NoticeKind::Recovered => 0x003f_a45b,
        NoticeKind::Test => 0x004f_7fd1,
    }
}

/// What Discord reads as markup is written out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '[' | ']' | '#' | '@') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::preview::sample;
    use super::*;

    #[test]
    fn an_agents_name_mentions_nobody_and_is_no_markup() {
        let notice = sample(NoticeKind::Recovered);
        let payload =
            payload(&Message { notice: &notice, title: "my_agent_x".into(), body: "@everyone [a](b)".into() });
        assert_eq!(payload["embeds"][0]["title"], "my\\_agent\\_x");
        assert_eq!(payload["embeds"][0]["description"], "\\@everyone \\[a\\](b)");
        assert_eq!(payload["allowed_mentions"], json!({"parse": []}));
        assert_eq!(payload["embeds"][0]["color"], 0x003f_a45b);
        let long = Message { notice: &notice, title: "_".repeat(300), body: "*".repeat(9000) };
        let payload = super::payload(&long);
        assert!(payload["embeds"][0]["title"].as_str().unwrap().chars().count() <= 256);
        assert!(payload["embeds"][0]["description"].as_str().unwrap().chars().count() <= 4096);
    }
}
