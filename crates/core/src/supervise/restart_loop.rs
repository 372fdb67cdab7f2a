//! A process that ends soon after every start, whatever starts it: its policy, a step of its recovery, or what it runs in.

use std::collections::VecDeque;
use std::time::Duration;

use super::{STABLE, State, Supervisor, Then};
use crate::time::Time;

/// So many ends soon after a start, within [`WITHIN`], are a loop.
const ENOUGH: usize = 3;
/// The waits between two starts are a minute at most.
const WITHIN: Duration = Duration::from_secs(300);
/// More of them are not kept.
const KEPT: usize = 16;

/// When it ended by itself soon after a start, since a person saw to it last; oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct ShortLives(VecDeque<Time>);

impl ShortLives {
    /// It ended by itself.
    pub(super) fn ended(&mut self, started: Option<Time>, ended: Time) {
        if started.is_none_or(|started| ended.since(started) >= STABLE) {
            return;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(ended);
    }

    /// A person sees to it.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// How many there were lately, when they are enough, and until when they are.
    fn lately(&self, now: Time) -> Option<(u32, Time)> {
        let lately = self.0.iter().filter(|ended| **ended + WITHIN > now).count();
        let first = self.0.get(self.0.len().checked_sub(ENOUGH)?)?;
        (lately >= ENOUGH).then(|| (u32::try_from(lately).unwrap_or(u32::MAX), *first + WITHIN))
    }
}

impl Supervisor {
    /// How often it ended soon after a start lately, while it is started again and again; and until when that holds if
    /// nothing more happens.
    #[must_use]
    pub fn restart_loop(&self, now: Time) -> Option<(u32, Time)> {
        let (ends, until) = self.short_lives.lately(now)?;
        let until = match self.state {
            // Who has lived for so long may stay.
            State::Running { since } => until.min(since + STABLE),
            State::Launching
            | State::Starting { .. }
            | State::Waiting { .. }
            | State::Stopping { then: Then::Decide { .. } | Then::Launch { .. }, .. } => until,
            State::NotOurs
            | State::Stopped
            | State::Needs
            | State::Stopping { then: Then::Stop | Then::Carry { .. }, .. }
            | State::Elsewhere
            | State::Exited { .. }
            | State::GaveUp => return None,
        };
        (until > now).then_some((ends, until))
    }
}
