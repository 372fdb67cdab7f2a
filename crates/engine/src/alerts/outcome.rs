//! What became of showing a notice.

use std::sync::Arc;

use beatkeeper_core::notice::NoticeId;

/// A notice is not on the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShown {
    /// Why, and what to do about it, as sentences.
    pub problem: String,
    /// Whether it is tried again by itself.
    pub again: bool,
    /// Whether nothing failed: it was over, or a newer one took its place.
    pub over: bool,
}

/// What became of one try.
pub(super) type Report = (NoticeId, Result<(), NotShown>);

/// Whoever wants to know.
pub(super) type OnOutcome = Arc<dyn Fn(NoticeId, Result<(), NotShown>) + Send + Sync>;

/// How a try failed, as far as it matters for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nobody was there to take it.
    Missed,
    /// Somebody was, and said no.
    Refused,
    /// Somebody has it and may still show it: a second one must not come beside it.
    Unanswered,
    /// It can never be shown.
    Hopeless,
}
