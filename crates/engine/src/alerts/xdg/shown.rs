//! Which number the server gave to which agent's notice, and what a click on it means.
//!
//! The server may send a click before the answer that tells the notice's number. What comes for a number that is not
//! known yet waits until the answer is there, so the order is always: answer, clicks, close.

use std::collections::HashMap;
use std::num::NonZeroU32;

use beatkeeper_core::identity::EntityId;

use super::draft::DEFAULT_ACTION;
use crate::alerts::Click;

/// Some servers tell everyone of everybody's notices: what waits for an answer is bounded.
const EARLY: usize = 64;

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

#[derive(Default)]
pub(super) struct Shown {
    notices: HashMap<u32, Entry>,
    sending: Option<Sending>,
    /// The one that the server had not answered in time; its answer may still come.
    overdue: Option<(NonZeroU32, EntityId)>,
}

struct Entry {
    agent: EntityId,
    /// One click opens; the notice stays known, since not every server takes it away then.
    opened: bool,
    token: Option<String>,
}

impl Entry {
    fn new(agent: EntityId) -> Self {
        Self { agent, opened: false, token: None }
    }
}

/// A notice between being sent and being answered.
struct Sending {
    agent: EntityId,
    replaces: Option<(u32, Entry)>,
    early: Vec<Signal>,
}

impl Shown {
    /// A notice of this agent is about to be sent. Answers the number of the one it replaces, or 0.
    pub(super) fn send(&mut self, agent: &EntityId) -> u32 {
        let newest = self.notices.iter().filter(|(_, entry)| entry.agent == *agent).map(|(id, _)| *id).max();
        let replaces = newest.and_then(|id| self.notices.remove_entry(&id));
        let id = replaces.as_ref().map_or(0, |(id, _)| *id);
        self.sending = Some(Sending { agent: agent.clone(), replaces, early: Vec::new() });
        id
    }

    /// The server answered with a number: the notice is shown. Answers the click that came before.
    pub(super) fn answered(&mut self, id: u32) -> Option<Click> {
        let Sending { agent, replaces, early } = self.sending.take()?;
        self.insert(id, agent);
        let replaced = replaces.is_some_and(|(replaced, _)| replaced == id);
        // Nobody closes a notice that is not shown yet: that was the replaced one, at the last moment.
        let early = early.into_iter().filter(|signal| !(replaced && matches!(signal, Signal::Closed { .. })));
        self.replay(early)
    }

    /// The server refused it: an older one that it was to replace stays.
    pub(super) fn refused(&mut self) -> Option<Click> {
        let Sending { replaces, early, .. } = self.sending.take()?;
        self.notices.extend(replaces);
        self.replay(early)
    }

    /// The server did not answer in time.
    pub(super) fn unanswered(&mut self, call: NonZeroU32) -> Option<Click> {
        self.overdue = self.sending.as_ref().map(|sending| (call, sending.agent.clone()));
        self.refused()
    }

    /// An answer that nobody waits for any more: a click on that notice counts all the same.
    pub(super) fn answered_late(&mut self, call: NonZeroU32, id: u32) {
        if let Some((_, agent)) = self.overdue.take_if(|(overdue, _)| *overdue == call) {
            self.insert(id, agent);
        }
    }

    /// The server says something of a notice. Answers the click that this is, if it is the notice's first.
    pub(super) fn hear(&mut self, signal: Signal) -> Option<Click> {
        let Some(entry) = self.notices.get_mut(&signal.id()) else {
            if let Some(sending) = self.sending.as_mut().filter(|sending| sending.early.len() < EARLY) {
                sending.early.push(signal);
            }
            return None;
        };
        match signal {
            Signal::Invoked { action, .. } if action == DEFAULT_ACTION && !entry.opened => {
                entry.opened = true;
                Some(Click { agent: entry.agent.clone(), activation_token: entry.token.take() })
            }
            Signal::Invoked { .. } => None,
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
            sending.early.clear();
        }
    }

    fn insert(&mut self, id: u32, agent: EntityId) {
        // Servers answer 0 for a notice that their rules throw away.
        if id != 0 {
            self.notices.insert(id, Entry::new(agent));
        }
    }

    /// At most one of them is the first click on the one notice that was not known before.
    fn replay(&mut self, early: impl IntoIterator<Item = Signal>) -> Option<Click> {
        early.into_iter().fold(None, |click, signal| self.hear(signal).or(click))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(number: u8) -> EntityId {
        format!("zns:{number:032x}").parse().unwrap()
    }

    fn clicked(id: u32) -> Signal {
        Signal::Invoked { id, action: DEFAULT_ACTION.into() }
    }

    fn opens(number: u8) -> Option<Click> {
        Some(Click { agent: agent(number), activation_token: None })
    }

    fn showing(number: u8, id: u32) -> Shown {
        let mut shown = Shown::default();
        shown.send(&agent(number));
        assert_eq!(shown.answered(id), None);
        shown
    }

    #[test]
    fn a_click_opens_the_agent_once_and_a_closed_notice_is_forgotten() {
        let mut shown = showing(1, 7);
        assert_eq!(shown.hear(clicked(8)), None);
        assert_eq!(shown.hear(Signal::Invoked { id: 7, action: "other".into() }), None);
        assert_eq!(shown.hear(Signal::Token { id: 7, token: "front".into() }), None);
        let click = Click { agent: agent(1), activation_token: Some("front".into()) };
        assert_eq!(shown.hear(clicked(7)), Some(click));
        assert_eq!(shown.hear(clicked(7)), None);
        assert_eq!(shown.hear(Signal::Closed { id: 7 }), None);
        assert!(shown.notices.is_empty());
        assert_eq!(shown.send(&agent(1)), 0);
    }

    #[test]
    fn a_click_before_the_answer_waits_for_it() {
        let mut shown = showing(1, 7);
        assert_eq!(shown.send(&agent(2)), 0);
        assert_eq!(shown.hear(clicked(8)), None);
        assert_eq!(shown.hear(Signal::Closed { id: 8 }), None);
        // Another notice is no reason to wait.
        assert_eq!(shown.hear(clicked(7)), opens(1));
        assert_eq!(shown.answered(8), opens(2));
        assert!(!shown.notices.contains_key(&8));
        assert_eq!(shown.hear(clicked(8)), None);
    }

    #[test]
    fn a_newer_notice_in_the_same_place_can_be_clicked_again() {
        let mut shown = showing(1, 7);
        assert_eq!(shown.hear(clicked(7)), opens(1));
        assert_eq!(shown.send(&agent(1)), 7);
        // The old one expires while it is replaced, and the new one is clicked at once.
        assert_eq!(shown.hear(Signal::Closed { id: 7 }), None);
        assert_eq!(shown.hear(clicked(7)), None);
        assert_eq!(shown.answered(7), opens(1));
        assert_eq!(shown.hear(clicked(7)), None);
        assert_eq!(shown.send(&agent(1)), 7);
    }

    #[test]
    fn the_server_may_give_a_new_number_instead() {
        let mut shown = showing(1, 7);
        assert_eq!(shown.send(&agent(1)), 7);
        shown.answered(9);
        assert_eq!(shown.hear(clicked(9)), opens(1));
        assert_eq!((shown.notices.len(), shown.send(&agent(1))), (1, 9));
    }

    #[test]
    fn what_was_refused_leaves_the_older_one_where_it_was() {
        let mut shown = showing(1, 7);
        shown.send(&agent(1));
        assert_eq!(shown.hear(clicked(7)), None);
        assert_eq!(shown.refused(), opens(1));
        assert_eq!(shown.send(&agent(1)), 7);
        shown.hear(Signal::Closed { id: 7 });
        shown.refused();
        assert!(shown.notices.is_empty());
    }

    #[test]
    fn an_answer_that_comes_too_late_still_makes_the_notice_known() {
        let (call, other) = (NonZeroU32::new(5).unwrap(), NonZeroU32::new(6).unwrap());
        let mut shown = Shown::default();
        shown.send(&agent(1));
        shown.unanswered(call);
        shown.answered_late(other, 6);
        shown.answered_late(call, 7);
        shown.answered_late(call, 8);
        assert_eq!(shown.hear(clicked(7)), opens(1));
        assert_eq!((shown.hear(clicked(6)), shown.hear(clicked(8))), (None, None));
    }

    #[test]
    fn numbers_of_a_server_that_ended_mean_nothing() {
        let mut shown = showing(1, 7);
        shown.send(&agent(2));
        // It is started by the notice that is sent to it.
        shown.forget();
        assert_eq!(shown.answered(1), None);
        assert_eq!(shown.hear(clicked(7)), None);
        assert_eq!(shown.hear(clicked(1)), opens(2));
        assert_eq!(shown.send(&agent(1)), 0);
    }

    #[test]
    fn what_a_server_throws_away_or_shouts_is_not_kept() {
        let mut shown = showing(1, 0);
        assert!(shown.notices.is_empty());
        shown.send(&agent(1));
        for id in 100..1000 {
            shown.hear(clicked(id));
        }
        assert_eq!(shown.sending.as_ref().unwrap().early.len(), EARLY);
    }
}
