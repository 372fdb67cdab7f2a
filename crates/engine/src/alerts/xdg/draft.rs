//! A notice as a notification server wants it, which depends on what the server can do.

use beatkeeper_core::notice::{Notice, NoticeKind};
use notify_rust::{Hint, Notification, Timeout, Urgency};

use crate::alerts::{ClickAction, OnClick, draft};

/// The action that a click on the notice itself invokes.
const DEFAULT_ACTION: &str = "default";
/// Good news need no longer than it takes to read them.
const GOOD_NEWS: Timeout = Timeout::Milliseconds(10_000);

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
    draft.icon("beatkeeper");
    be_as_loud_as(notice.kind, &mut draft);
    if abilities.body_markup {
        // The text may hold names and words from servers, which are not ours to style.
        draft.body = escape(&draft.body);
    }
    if abilities.actions && matches!(on_click, OnClick::Call(_)) {
        draft.action(DEFAULT_ACTION, ClickAction::Open.label());
        for action in ClickAction::of(notice) {
            draft.action(action.key(), action.label());
        }
    }
    draft
}

/// What an action of this notice asks for; nothing for what it does not offer.
pub(super) fn action_of(name: &str, offered: &[ClickAction]) -> Option<ClickAction> {
    if name == DEFAULT_ACTION {
        return Some(ClickAction::Open);
    }
    offered.iter().copied().find(|action| action.key() == name)
}

/// Only an agent that is down is worth a sound, and staying until it is seen.
fn be_as_loud_as(kind: NoticeKind, draft: &mut Notification) {
    match kind {
        NoticeKind::Offline | NoticeKind::GaveUp => {
            draft.urgency(Urgency::Critical).hint(Hint::Category("network.disconnected".to_owned()));
            draft.hint(Hint::SoundName("dialog-warning".to_owned()));
        }
        NoticeKind::Late | NoticeKind::Stale | NoticeKind::Flapping | NoticeKind::Reminder => {
            draft.urgency(Urgency::Normal).hint(Hint::Category("network.error".to_owned()));
        }
        NoticeKind::Recovered => {
            draft.urgency(Urgency::Low).hint(Hint::Category("network.connected".to_owned()));
            draft.hint(Hint::Transient(true)).hint(Hint::SuppressSound(true)).timeout(GOOD_NEWS);
        }
        NoticeKind::Test => {
            draft.urgency(Urgency::Normal);
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::notice::NoticeAgent;
    use beatkeeper_core::time::Time;

    use super::*;

    fn notice(kind: NoticeKind, agents: usize) -> Notice {
        let agent = |number| NoticeAgent {
            id: format!("zns:{number:032x}").parse().unwrap(),
            name: "weather".into(),
            opened_at: Time::ZERO,
            last_beat: None,
        };
        Notice {
            kind,
            agents: (0..agents).map(agent).collect(),
            title: "<b>weather</b>\0 went stale".into(),
            body: "a < b & c".into(),
            ..Notice::test(Time::ZERO)
        }
    }

    fn actions(notice: &Notice) -> String {
        draft_for(notice, Abilities::of(&["actions"]), &OnClick::call(|_| {})).actions.join("=")
    }

    #[test]
    fn a_server_gets_what_it_can_show() {
        let open = OnClick::call(|_| {});
        let all = Abilities::of(&["body", "actions", "body-markup"]);
        let rich = draft_for(&notice(NoticeKind::Stale, 1), all, &open);
        assert_eq!((rich.body.as_str(), rich.actions.len()), ("a &lt; b &amp; c", 8));
        let plain = draft_for(&notice(NoticeKind::Stale, 1), Abilities::of(&["body"]), &open);
        assert_eq!((plain.body.as_str(), plain.actions.len()), ("a < b & c", 0));
        // The summary is never markup.
        assert_eq!(rich.summary, "<b>weather</b> went stale");
    }

    #[test]
    fn one_agent_that_is_not_well_can_be_opened_restarted_and_snoozed() {
        for kind in NoticeKind::ALL {
            let all = "default=Open=open=Open=restart=Restart=snooze=Snooze 1 h";
            let expected = match kind {
                NoticeKind::Recovered | NoticeKind::Test => "default=Open=open=Open",
                NoticeKind::Late
                | NoticeKind::Stale
                | NoticeKind::Offline
                | NoticeKind::Flapping
                | NoticeKind::GaveUp
                | NoticeKind::Reminder => all,
            };
            assert_eq!(actions(&notice(kind, 1)), expected, "{kind:?}");
            assert_eq!(actions(&notice(kind, 2)), "default=Open=open=Open", "{kind:?}");
        }
    }

    #[test]
    fn an_action_that_is_not_offered_asks_for_nothing() {
        let offered = ClickAction::of(&notice(NoticeKind::Recovered, 1));
        assert_eq!(action_of("default", offered), Some(ClickAction::Open));
        assert_eq!(action_of("open", offered), Some(ClickAction::Open));
        assert_eq!(action_of("restart", offered), None);
        let offered = ClickAction::of(&notice(NoticeKind::Stale, 1));
        assert_eq!(action_of("restart", offered), Some(ClickAction::Restart));
        assert_eq!(action_of("snooze", offered), Some(ClickAction::Snooze));
        assert_eq!(action_of("another", offered), None);
    }

    #[test]
    fn where_nothing_can_be_done_nothing_is_offered() {
        let draft = draft_for(&notice(NoticeKind::Stale, 1), Abilities::of(&["actions"]), &OnClick::Nothing);
        assert!(draft.actions.is_empty());
    }

    #[test]
    fn only_an_agent_that_is_down_is_loud_and_good_news_pass() {
        for kind in NoticeKind::ALL {
            let draft = draft_for(&notice(kind, 1), Abilities::default(), &OnClick::Nothing);
            let has = |hint: Hint| draft.hints.contains(&hint);
            let bad = matches!(kind, NoticeKind::Offline | NoticeKind::GaveUp);
            let good = kind == NoticeKind::Recovered;
            assert_eq!(has(Hint::Urgency(Urgency::Critical)), bad, "{kind:?}");
            assert_eq!(has(Hint::SoundName("dialog-warning".into())), bad, "{kind:?}");
            assert_eq!(has(Hint::Urgency(Urgency::Low)), good, "{kind:?}");
            assert_eq!(has(Hint::Transient(true)) && has(Hint::SuppressSound(true)), good, "{kind:?}");
            assert_eq!(draft.timeout == GOOD_NEWS, good, "{kind:?}");
        }
    }
}
