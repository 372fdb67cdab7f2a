//! Which number the server gave to which notice, and what a click on it means.
//!
//! The server may send a click before the answer that tells the notice's number. What comes for a number that is not
//! known yet waits until the answer is there, so the order is always: answer, clicks, close.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{Notice, NoticeId};

use super::draft::action_of;
use crate::alerts::{Click, ClickAction};

/// Some servers tell everyone of everybody's notices: what waits for an answer is bounded.
const EARLY: usize = 64;
/// Some servers do not tell that a notice is gone: what is known is bounded.
const KNOWN: usize = 512;

/// What the server says of a notice.
#[derive(Clone, Debug)]
pub(super) enum Signal {
    /// A person chose an action of it.
    Invoked { id: u32, action: String },
    /// What lets a window come to the front; it precedes the action.
    Token { id: u32, token: String },
    /// It is gone.
    Closed { id: u32 },
}

impl Signal {
    fn id(&self) -> u32 {
        match self {
            Self::Invoked { id, .. } | Self::Token { id, .. } | Self::Closed { id } => *id,
        }
    }
}

/// An answer that nobody waited for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// The notice is shown after all.
    Wanted(NoticeId),
    /// It is shown, and must not be any more.
    Over(NoticeId),
}

#[derive(Default)]
pub(super) struct Shown {
    notices: BTreeMap<u32, Entry>,
    sending: Option<Sending>,
    /// The one that the server had not answered in time; its answer may still come.
    overdue: Option<Overdue>,
}

struct Entry {
    told: Told,
    /// Each action works once; the notice stays known, since not every server takes it away then.
    done: Vec<ClickAction>,
    token: Option<String>,
}

/// What a click comes to.
#[derive(Clone)]
struct Told {
    notice: NoticeId,
    agents: Vec<EntityId>,
    offered: &'static [ClickAction],
}

/// A notice between being sent and being answered.
struct Sending {
    told: Told,
    replaces: Option<(u32, Entry)>,
    /// What else it supersedes.
    superfluous: Vec<u32>,
    early: Vec<Signal>,
}

struct Overdue {
    call: NonZeroU32,
    told: Told,
    /// It was withdrawn or superseded meanwhile.
    over: bool,
}

impl Shown {
    /// A notice is about to be sent. Answers the number of the one that it replaces, or 0.
    pub(super) fn send(&mut self, notice: &Notice) -> u32 {
        if let Some(overdue) = &mut self.overdue {
            overdue.over |= notice.supersedes.contains(&overdue.told.notice);
        }
        // The newest of it, then of what it supersedes, in its order.
        let mut numbers = self.numbers(&[notice.id]);
        numbers.reverse();
        numbers.extend(notice.supersedes.iter().flat_map(|older| self.numbers(&[*older])));
        let mut numbers = numbers.into_iter();
        let replaces = numbers.next().and_then(|id| self.notices.remove_entry(&id));
        let id = replaces.as_ref().map_or(0, |(id, _)| *id);
        let told = Told {
            notice: notice.id,
            agents: notice.agents.iter().map(|agent| agent.id.clone()).collect(),
            offered: ClickAction::of(notice),
        };
        self.sending = Some(Sending { told, replaces, superfluous: numbers.collect(), early: Vec::new() });
        id
    }

    /// The server answered with a number: the notice is shown. Answers the clicks that came before, and the numbers of
    /// those that are still beside it and should go.
    pub(super) fn answered(&mut self, id: u32) -> (Vec<Click>, Vec<u32>) {
        let Some(Sending { told, replaces, mut superfluous, early }) = self.sending.take() else {
            return (Vec::new(), Vec::new());
        };
        self.insert(id, told);
        superfluous.retain(|other| *other != id && self.notices.remove(other).is_some());
        let replaced = replaces.is_some_and(|(replaced, _)| replaced == id);
        // Nobody closes a notice that is not shown yet: that was the replaced one, at the last moment.
        let early = early.into_iter().filter(|signal| !(replaced && matches!(signal, Signal::Closed { .. })));
        (self.replay(early), superfluous)
    }

    /// The server refused it: an older one that it was to replace stays.
    pub(super) fn refused(&mut self) -> Vec<Click> {
        let Some(Sending { replaces, early, .. }) = self.sending.take() else { return Vec::new() };
        self.notices.extend(replaces);
        self.replay(early)
    }

    /// The server did not answer in time.
    pub(super) fn unanswered(&mut self, call: NonZeroU32) -> Vec<Click> {
        self.overdue = self.sending.as_ref().map(|sending| Overdue { call, told: sending.told.clone(), over: false });
        self.refused()
    }

    /// An answer that nobody waits for any more: a click on that notice counts all the same.
    pub(super) fn answered_late(&mut self, call: NonZeroU32, id: u32) -> Option<Late> {
        let Overdue { told, over, .. } = self.overdue.take_if(|overdue| overdue.call == call)?;
        let notice = told.notice;
        self.insert(id, told);
        Some(if over { Late::Over(notice) } else { Late::Wanted(notice) })
    }

    /// These are over. Answers the numbers of those that are shown.
    pub(super) fn withdraw(&mut self, notices: &[NoticeId]) -> Vec<u32> {
        if let Some(overdue) = &mut self.overdue {
            overdue.over |= notices.contains(&overdue.told.notice);
        }
        let numbers = self.numbers(notices);
        for number in &numbers {
            self.notices.remove(number);
        }
        numbers
    }

    /// The server says something of a notice. Answers the click that this is, if it is the first of its kind there.
    pub(super) fn hear(&mut self, signal: Signal) -> Option<Click> {
        let Some(entry) = self.notices.get_mut(&signal.id()) else {
            if let Some(sending) = self.sending.as_mut().filter(|sending| sending.early.len() < EARLY) {
                sending.early.push(signal);
            }
            return None;
        };
        match signal {
            Signal::Invoked { action, .. } => entry.chosen(&action),
            Signal::Token { token, .. } => {
                entry.token = Some(token);
                None
            }
            Signal::Closed { id } => {
                self.notices.remove(&id);
                None
            }
        }
    }

    /// The server ended, and its numbers with it. What is on its way may still reach the next one.
    pub(super) fn forget(&mut self) {
        self.notices.clear();
        self.overdue = None;
        if let Some(sending) = &mut self.sending {
            sending.replaces = None;
            sending.superfluous.clear();
            sending.early.clear();
        }
    }

    fn insert(&mut self, id: u32, told: Told) {
        // Servers answer 0 for a notice that their rules throw away.
        if id == 0 {
            return;
        }
        self.notices.insert(id, Entry { told, done: Vec::new(), token: None });
        if self.notices.len() > KNOWN {
            self.notices.pop_first();
        }
    }

    /// The numbers of these, lowest first.
    fn numbers(&self, notices: &[NoticeId]) -> Vec<u32> {
        self.notices.iter().filter(|(_, entry)| notices.contains(&entry.told.notice)).map(|(id, _)| *id).collect()
    }

    fn replay(&mut self, early: impl IntoIterator<Item = Signal>) -> Vec<Click> {
        early.into_iter().filter_map(|signal| self.hear(signal)).collect()
    }
}

impl Entry {
    fn chosen(&mut self, action: &str) -> Option<Click> {
        let action = action_of(action, self.told.offered).filter(|action| !self.done.contains(action))?;
        self.done.push(action);
        let Told { notice, agents, .. } = self.told.clone();
        Some(Click { notice, agents, action, activation_token: self.token.take() })
    }
}
