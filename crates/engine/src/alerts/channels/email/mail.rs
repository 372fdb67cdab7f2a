//! The mail itself: plain text, and the same as simple HTML.

use std::fmt::Write as _;
use std::time::SystemTime;

use beatkeeper_core::notice::NoticeId;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use super::super::message::Message;
use super::super::setback::Setback;
use crate::settings::ChannelEntry;

/// Where the sender's domain cannot stand in a message id. It belongs to nobody (RFC 2606).
const NOWHERE: &str = "beatkeeper.invalid";

/// The mail. A repetition has the same id, and what follows on another notice answers its mail, so that both stand in one
/// thread.
pub(super) fn compose(entry: &ChannelEntry, message: &Message<'_>) -> Result<lettre::Message, Setback> {
    let refused = |error: &dyn std::fmt::Display| Setback::Refused(format!("the mail cannot be written: {error}"));
    let from: Mailbox = entry.from.as_deref().unwrap_or_default().parse().map_err(|error| refused(&error))?;
    let domain = Some(from.email.domain()).filter(|domain| domain.is_ascii()).unwrap_or(NOWHERE).to_owned();
    let id = |notice: &NoticeId| format!("<notice-{}@{domain}>", notice.0);
    let mut mail = lettre::Message::builder()
        .from(from)
        .subject(&message.title)
        .date(SystemTime::from(message.notice.at.to_timestamp()))
        .message_id(Some(id(&message.notice.id)))
        // Out-of-office programs do not answer it (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
    for address in &entry.to {
        mail = mail.to(address.parse().map_err(|error| refused(&error))?);
    }
    let earlier: Vec<_> = message.notice.supersedes.iter().map(id).collect();
    if let Some(last) = earlier.last() {
        mail = mail.in_reply_to(last.clone()).references(earlier.join(" "));
    }
    mail.multipart(MultiPart::alternative_plain_html(text(message), html(message))).map_err(|error| refused(&error))
}

/// What it says, and to what it belongs.
pub(super) fn text(message: &Message<'_>) -> String {
    let mut text = message.body.trim_end().to_owned();
    for (name, value) in facts(message) {
        let _ = write!(text, "{}{name}: {value}", if text.is_empty() { "" } else { "\n" });
    }
    text.push('\n');
    text
}

fn html(message: &Message<'_>) -> String {
    let body = escape(message.body.trim_end()).replace('\n', "<br>\n");
    let mut rows = String::new();
    for (name, value) in facts(message) {
        let _ = writeln!(rows, "<tr><td>{name}</td><td>{}</td></tr>", escape(&value));
    }
    format!(
        "<!doctype html>\n<html><body style=\"font-family:sans-serif\">\n<h3>{}</h3>\n<p>{body}</p>\n<table>\n{rows}\
         </table>\n</body></html>\n",
        escape(&message.title)
    )
}

fn facts(message: &Message<'_>) -> Vec<(&'static str, String)> {
    let notice = message.notice;
    [
        ("Registry", notice.registry.clone()),
        ("Cause", notice.cause.clone()),
        ("At", notice.at.to_timestamp().to_string()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::notice::NoticeKind;

    use super::super::super::preview::sample;
    use super::*;
    use crate::settings::ChannelKind;

    fn entry() -> ChannelEntry {
        ChannelEntry {
            host: Some("mail.example.com".into()),
            from: Some("Beatkeeper <alerts@example.com>".into()),
            to: vec!["Ä <a@example.com>".into(), "b@example.com".into()],
            ..ChannelEntry::new("mail", ChannelKind::Email)
        }
    }

    #[test]
    fn mails_of_one_story_are_one_thread() {
        let mut notice = sample(NoticeKind::Recovered);
        notice.supersedes = vec![NoticeId(5), NoticeId(7)];
        notice.id = NoticeId(9);
        let message = Message { notice: &notice, title: "x".into(), body: "y".into() };
        let headers = compose(&entry(), &message).unwrap().headers().to_string();
        assert!(headers.contains("Message-ID: <notice-9@example.com>\r\n"), "{headers}");
        assert!(headers.contains("In-Reply-To: <notice-7@example.com>\r\n"), "{headers}");
        assert!(headers.contains("References: <notice-5@example.com> <notice-7@example.com>\r\n"), "{headers}");
        assert!(headers.contains("Auto-Submitted: auto-generated\r\n"), "{headers}");
    }

    #[test]
    fn an_agents_name_is_no_html_and_no_header() {
        let notice = sample(NoticeKind::Offline);
        let message = Message { notice: &notice, title: "<b>x</b> ü".into(), body: "1 < 2\n& \"3\"".into() };
        assert!(html(&message).contains("<h3>&lt;b&gt;x&lt;/b&gt; ü</h3>\n<p>1 &lt; 2<br>\n&amp; &quot;3&quot;</p>"));
        assert!(text(&message).starts_with("1 < 2\n& \"3\"\nRegistry: example\nCause: link.refused\nAt: 2026-"));
        let entry = ChannelEntry { title: "a\r\nBcc: evil@example.com".into(), ..entry() };
        let message = Message::of(&entry, &notice).unwrap();
        let mail = compose(&entry, &message).unwrap();
        assert_eq!(mail.envelope().to().len(), 2);
        assert!(!mail.headers().to_string().contains("\nBcc"));
    }
}
