//! Slack's incoming webhooks, and what speaks like them.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::http;
use super::means::Means;
use super::message::{Message, cut};
use super::redact::Redactor;
use super::setback::Setback;
use crate::settings::ChannelEntry;

/// Slack's own limits, in characters.
const LONGEST_HEADER: usize = 150;
const LONGEST_SECTION: usize = 3000;

pub(super) async fn deliver(means: &Means, entry: &ChannelEntry, message: &Message<'_>) -> Result<(), Setback> {
    let secret = means.needed_secret(&entry.name, "webhook address").await?;
    let request = means.http.post(secret.expose_secret()).json(&payload(message));
    http::send(request, means.pace.http, Redactor::default().secret(&secret)).await
}

/// `text` is for notifications and for those who know no blocks.
pub(super) fn payload(message: &Message<'_>) -> Value {
    let (title, body) = (cut(&message.title, LONGEST_HEADER), cut(&message.body, LONGEST_SECTION / 2));
    let mut blocks = vec![json!({"type": "header", "text": {"type": "plain_text", "text": title, "emoji": false}})];
    if !body.trim().is_empty() {
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": escape(&body), "verbatim": true}}));
    }
    json!({
        "text": format!("*{}*\n{}", escape(&title), escape(&body)).trim_end(),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// Slack's three characters: without them nobody can be mentioned and no link can be disguised.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::notice::NoticeKind;

    use super::super::preview::sample;
    use super::*;

    #[test]
    fn an_agents_name_mentions_nobody_and_is_no_link() {
        let notice = sample(NoticeKind::Offline);
        let body = "<!channel> <https://a|b> & more".to_owned();
        let payload = payload(&Message { notice: &notice, title: "<@U1> is offline".into(), body });
        assert_eq!(payload["text"], "*&lt;@U1&gt; is offline*\n&lt;!channel&gt; &lt;https://a|b&gt; &amp; more");
        // A header is plain text, which has nothing to escape.
        assert_eq!(payload["blocks"][0]["text"]["text"], "<@U1> is offline");
        assert_eq!(payload["blocks"][1]["text"]["text"], "&lt;!channel&gt; &lt;https://a|b&gt; &amp; more");
        let empty = super::payload(&Message { notice: &notice, title: "x".into(), body: " ".into() });
        assert_eq!(empty["blocks"].as_array().unwrap().len(), 1);
    }
}
