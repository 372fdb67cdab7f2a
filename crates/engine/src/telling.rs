//! What the desktop is asked for, and how it answers.

use beatkeeper_core::notice::{Notice, NoticeId};

use crate::alerts::NotShown;

/// What the desktop is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Show this, in the place of what has its id and of what it supersedes.
    Show(Box<Notice>),
    /// Take these away: they are over.
    Withdraw(Vec<NoticeId>),
}

/// What became of a notice on the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub notice: NoticeId,
    /// Why it could not be shown, and whether it is tried again.
    pub outcome: Result<(), NotShown>,
}
