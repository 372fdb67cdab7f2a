//! A notice as a notification server wants it, which depends on what the server can do.

use beatkeeper_core::notice::{Notice, NoticeKind};
use notify_rust::{Notification, Urgency};

use crate::alerts::{OnClick, draft};

/// The action that a click on the notice itself invokes.
pub(super) const DEFAULT_ACTION: &str = "default";

/// What a notification server says it can do, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Abilities {
    /// It offers actions to the person.
    actions: bool,
    /// It reads the body as markup.
    body_markup: bool,
}

impl Abilities {
    /// From the names in the Desktop Notifications Specification 1.2.
    pub(super) fn of(capabilities: &[impl AsRef<str>]) -> Self {
        let has = |name: &str| capabilities.iter().any(|known| known.as_ref() == name);
        Self { actions: has("actions"), body_markup: has("body-markup") }
    }
}

/// The notice for a server with these abilities.
pub(super) fn draft_for(notice: &Notice, abilities: Abilities, on_click: &OnClick) -> Notification {
    let mut draft = draft::draft(notice);
    draft.icon("beatkeeper").urgency(match notice.kind {
        NoticeKind::Offline => Urgency::Critical,
        NoticeKind::Stale | NoticeKind::Recovered => Urgency::Normal,
    });
    if abilities.body_markup {
        // The text may hold names and words from servers, which are not ours to style.
        draft.body = escape(&draft.body);
    }
    if abilities.actions && matches!(on_click, OnClick::Open(_)) {
        draft.action(DEFAULT_ACTION, "Open");
    }
    draft
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::time::Time;

    use super::*;

    fn notice(kind: NoticeKind) -> Notice {
        Notice {
            agent: "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap(),
            kind,
            title: "<b>weather</b>\0 went stale".into(),
            body: "a < b & c".into(),
            at: Time::from_millis(0),
        }
    }

    #[test]
    fn a_server_gets_what_it_can_show() {
        let open = OnClick::open(|_| {});
        let all = Abilities::of(&["body", "actions", "body-markup"]);
        let rich = draft_for(&notice(NoticeKind::Stale), all, &open);
        assert_eq!((rich.body.as_str(), rich.actions.join("=").as_str()), ("a &lt; b &amp; c", "default=Open"));
        let plain = draft_for(&notice(NoticeKind::Stale), Abilities::of(&["body"]), &open);
        assert_eq!((plain.body.as_str(), plain.actions.len()), ("a < b & c", 0));
        // The summary is never markup.
        assert_eq!(rich.summary, "<b>weather</b> went stale");
    }

    #[test]
    fn where_nothing_can_be_opened_nothing_is_offered() {
        let draft = draft_for(&notice(NoticeKind::Stale), Abilities::of(&["actions"]), &OnClick::Nothing);
        assert!(draft.actions.is_empty());
    }

    #[test]
    fn only_an_agent_that_is_offline_is_urgent() {
        let urgency = |kind| {
            let draft = draft_for(&notice(kind), Abilities::default(), &OnClick::Nothing);
            draft.hints.contains(&notify_rust::Hint::Urgency(Urgency::Critical))
        };
        assert_eq!([NoticeKind::Stale, NoticeKind::Offline, NoticeKind::Recovered].map(urgency), [false, true, false]);
    }
}
