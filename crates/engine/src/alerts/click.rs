//! What a person can do with a notice, and what comes back when they do.

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{Notice, NoticeId, NoticeKind};

/// What a click on a notice does.
pub enum OnClick {
    /// Notices offer their actions, and each one that is chosen calls this, once a notice.
    Call(Box<dyn Fn(Click) + Send + Sync>),
    /// Nothing can be done here, so notices offer nothing.
    Nothing,
}

impl OnClick {
    /// A click calls this, which must not block.
    #[must_use]
    pub fn call(act: impl Fn(Click) + Send + Sync + 'static) -> Self {
        Self::Call(Box::new(act))
    }
}

/// A person clicked a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// Which notice.
    pub notice: NoticeId,
    /// All whom it is about; nobody in a test.
    pub agents: Vec<EntityId>,
    /// What was chosen.
    pub action: ClickAction,
    /// With this the desktop lets a window come to the front (Wayland), where it gave one.
    pub activation_token: Option<String>,
}

/// What a notice offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClickAction {
    /// Open the window on whom it is about.
    Open,
    /// Close the agent's link and dial anew.
    Restart,
    /// Tell nothing of the agent for an hour.
    Snooze,
}

/// For one agent that is not well.
const ALL: &[ClickAction] = &[ClickAction::Open, ClickAction::Restart, ClickAction::Snooze];

impl ClickAction {
    /// What a notice offers, in this order.
    pub(super) fn of(notice: &Notice) -> &'static [Self] {
        match notice.kind {
            NoticeKind::Late
            | NoticeKind::Stale
            | NoticeKind::Offline
            | NoticeKind::Flapping
            | NoticeKind::GaveUp
            | NoticeKind::Reminder
                if notice.agents.len() == 1 =>
            {
                ALL
            }
            NoticeKind::Late
            | NoticeKind::Stale
            | NoticeKind::Offline
            | NoticeKind::Flapping
            | NoticeKind::GaveUp
            | NoticeKind::Reminder
            | NoticeKind::Recovered
            | NoticeKind::Test => &[Self::Open],
        }
    }

    /// The name that it comes back with.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Restart => "restart",
            Self::Snooze => "snooze",
        }
    }

    /// What a person reads.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Restart => "Restart",
            Self::Snooze => "Snooze 1 h",
        }
    }
}
