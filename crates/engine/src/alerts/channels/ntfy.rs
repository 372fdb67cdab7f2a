//! ntfy: a POST of JSON to the server's root.

use beatkeeper_core::notice::NoticeKind;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::http;
use super::means::Means;
use super::message::{Message, cut};
use super::redact::Redactor;
use super::setback::Setback;
use crate::settings::ChannelEntry;

/// ntfy makes a file of more than 4,096 bytes, which phones do not show.
const LONGEST_BODY: usize = 1000;
const LONGEST_TITLE: usize = 200;

pub(super) async fn deliver(means: &Means, entry: &ChannelEntry, message: &Message<'_>) -> Result<(), Setback> {
    let Some(url) = entry.url.clone() else { return Err(Setback::Refused("it has no url".into())) };
    let secret = means.secret(&entry.name).await?;
    let mut request = means.http.post(url).json(&payload(entry, message));
    if let Some(secret) = &secret {
        request = request.bearer_auth(secret.expose_secret());
    }
    // On a public server whoever knows the topic can read it.
    let redactor = Redactor::default().name(entry.topic.as_deref().unwrap_or_default());
    let redactor = secret.iter().fold(redactor, Redactor::secret);
    http::send(request, means.pace.http, redactor).await
}

pub(super) fn payload(entry: &ChannelEntry, message: &Message<'_>) -> Value {
    let (priority, tag) = weight(message.notice.kind);
    json!({
        "topic": entry.topic,
        "title": cut(&message.title, LONGEST_TITLE),
        "message": cut(&message.body, LONGEST_BODY),
        "priority": if message.notice.urgent && message.notice.kind == NoticeKind::Offline { 5 } else { priority },
        "tags": [tag, message.notice.kind.as_str()],
    })
}

/// 5 breaks through a phone's silence, 3 is the usual, 2 makes no sound. The tag is shown as an emoji.
const fn weight(kind: NoticeKind) -> (u8, &'static str) {
    match kind {
        NoticeKind::Offline | NoticeKind::GaveUp => (4, "red_circle"),
        NoticeKind::Stale => (4, "warning"),
        NoticeKind::Late | NoticeKind::Reminder => (3, "hourglass"),
        NoticeKind::Flapping => (3, "repeat"),
        NoticeKind::Recovered => (2, "white_check_mark"),
        NoticeKind::Test => (3, "bell"),
    }
}
