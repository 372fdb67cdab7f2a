//! A notice in a channel's own words.

use beatkeeper_core::notice::Notice;

use super::setback::Setback;
use crate::settings::{ChannelEntry, Template};

/// What a channel is told.
pub(super) struct Message<'a> {
    pub(super) notice: &'a Notice,
    /// One line.
    pub(super) title: String,
    pub(super) body: String,
}

impl<'a> Message<'a> {
    /// Fills in the channel's templates.
    pub(super) fn of(entry: &ChannelEntry, notice: &'a Notice) -> Result<Self, Setback> {
        let filled = |what: &str, text: &str| match Template::parse(text) {
            Ok(template) => Ok(template.render(|field| value(notice, field))),
            Err(error) => Err(Setback::Refused(format!("{what}: {error}"))),
        };
        let title = filled("title", &entry.title)?;
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        // A field may be empty, and a title may not: Slack refuses it for good.
        let title = if title.is_empty() { notice.title.clone() } else { title };
        Ok(Self { notice, title, body: filled("body", &entry.body)? })
    }
}

/// What a field says of a notice.
pub(super) fn value(notice: &Notice, field: &str) -> String {
    match field {
        "title" => notice.title.clone(),
        "body" => notice.body.clone(),
        "kind" => notice.kind.as_str().to_owned(),
        "agents" => notice.agents.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>().join(", "),
        "registry" => notice.registry.clone(),
        "cause" => notice.cause.clone(),
        "fault" => notice.fault.as_str().to_owned(),
        "at" => notice.at.to_timestamp().to_string(),
        "count" => notice.agents.len().to_string(),
        _ => String::new(),
    }
}

/// The text in at most so many characters, with a mark where it was cut.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::notice::NoticeKind;

    use super::super::preview::sample;
    use super::*;
    use crate::settings::{ChannelKind, FIELDS};

    #[test]
    fn every_field_says_something_of_an_alert() {
        let notice = sample(NoticeKind::Offline);
        for field in FIELDS {
            assert!(!value(&notice, field).is_empty(), "{field}");
        }
        assert_eq!(value(&notice, "at"), "2026-01-02T03:04:05Z");
    }

    #[test]
    fn a_title_is_one_line_and_a_body_is_as_it_was_written() {
        let notice = sample(NoticeKind::Stale);
        let entry = ChannelEntry {
            title: "[{kind}]\n {count}  x".into(),
            body: "{registry}\n\n{agents}".into(),
            ..ChannelEntry::new("a", ChannelKind::Command)
        };
        let message = Message::of(&entry, &notice).unwrap();
        assert_eq!((message.title.as_str(), message.body.as_str()), ("[stale] 1 x", "example\n\nweather-agent"));
    }

    #[test]
    fn what_is_too_long_is_cut_with_a_mark() {
        assert_eq!([cut("äöü", 3), cut("äöüß", 3), cut("", 3)], ["äöü", "äö…", ""]);
    }
}
