//! A lease on one agent: of several Beatkeepers that share a bus, one beats for it.
//!
//! The bus keeps the lease and lets it end by itself, so a computer that vanished holds nothing for long. What counts here is
//! the time *before* the request left: by our clock the lease is over sooner than by the bus's, and never later. Each change of
//! hands has a higher number, the fence; what carries an older one is refused by whoever reads it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// The times of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTiming {
    /// How long it holds without being renewed.
    pub lasts: Duration,
}

impl Default for LeaseTiming {
    /// A laptop that is closed without a goodbye is replaced within half a minute.
    fn default() -> Self {
        Self { lasts: Duration::from_secs(30) }
    }
}

impl LeaseTiming {
    /// It is renewed this long after it was granted, so that two tries may fail.
    fn renew_after(self) -> Duration {
        self.lasts / 3
    }

    /// So long before its end nobody beats under it any more: clocks do not run alike, and a beat takes its time.
    fn margin(self) -> Duration {
        self.lasts / 6
    }
}

/// When something was asked, and between which two goodbyes: what was granted before one means nothing after it, since it was
/// given back with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    at: Time,
    goodbyes: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseEvent {
    /// We want to beat for the agent.
    Start,
    /// We no longer do.
    Stop,
    /// The bus gave it to us, or renewed it.
    Granted {
        /// Its number.
        fence: u64,
        /// As the action said it: an answer may come late, and to another request than the last.
        asked: Asked,
    },
    /// Somebody else holds it.
    Refused,
    /// The bus did not answer.
    Unreachable,
    /// Somebody let go of it, or there is a connection again.
    Free,
    /// The computer slept: whatever we held may be somebody else's.
    Woke,
    /// The deadline of [`Lease::poll_timeout`] passed.
    Timeout,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseAction {
    /// Take it if nobody has it; answer with `Granted`, `Refused` or `Unreachable`.
    Acquire {
        /// For the answer.
        asked: Asked,
    },
    /// Make it last longer if it is still ours; answer as for `Acquire`.
    Renew {
        /// Ours.
        fence: u64,
        /// For the answer.
        asked: Asked,
    },
    /// Let go of it if it is ours; no answer.
    Release {
        /// Ours; whatever we have, when that is not known: what was asked for may have been granted.
        fence: Option<u64>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// We asked for the first time, or after it was lost.
    Asking {
        give_up_at: Time,
    },
    Held {
        fence: u64,
        until: Time,
        renew_at: Time,
        /// A renewal is on its way.
        renewing: bool,
    },
    Elsewhere {
        ask_at: Time,
    },
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Lease {
    timing: LeaseTiming,
    state: State,
    goodbyes: u64,
    /// The highest number that was ever ours.
    newest: u64,
    actions: VecDeque<LeaseAction>,
}

impl Lease {
    /// Nobody asked for it yet.
    #[must_use]
    pub const fn new(timing: LeaseTiming) -> Self {
        Self { timing, state: State::Idle, goodbyes: 0, newest: 0, actions: VecDeque::new() }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, event: LeaseEvent, now: Time) {
        match (event, self.state) {
            (LeaseEvent::Start, State::Idle) => self.acquire(now),
            // While we ask, the answer may be of before that.
            (LeaseEvent::Free, State::Elsewhere { .. } | State::Asking { .. }) => self.acquire(now),
            // A server that was restarted may not know it any more.
            (LeaseEvent::Free, State::Held { fence, until, renew_at, .. }) if now < self.last_beat_before(until) => {
                self.renew(fence, until, renew_at, now);
            }
            (LeaseEvent::Stop, state) => {
                self.state = State::Idle;
                self.goodbyes += 1;
                self.actions.clear();
                match state {
                    State::Held { fence, .. } => self.release(Some(fence)),
                    State::Asking { .. } | State::Elsewhere { .. } => self.release(None),
                    State::Idle => {}
                }
            }
            // An answer to who stopped meanwhile: it must not stay ours.
            (LeaseEvent::Granted { fence, .. }, State::Idle) => self.release(Some(fence)),
            // An answer of long ago, overtaken by another.
            (LeaseEvent::Granted { fence, .. }, _) if fence < self.newest => {}
            (LeaseEvent::Granted { asked, .. }, _) if asked.goodbyes < self.goodbyes => {}
            (LeaseEvent::Granted { fence, asked }, state) => {
                self.newest = fence;
                let known = if let State::Held { fence: held, until, .. } = state
                    && held == fence
                {
                    until
                } else {
                    Time::ZERO
                };
                self.state = State::Held {
                    fence,
                    until: (asked.at + self.timing.lasts).max(known),
                    renew_at: asked.at + self.timing.renew_after(),
                    renewing: false,
                };
            }
            (LeaseEvent::Refused, State::Asking { .. } | State::Held { .. }) => {
                self.state = State::Elsewhere { ask_at: now + self.timing.renew_after() };
            }
            (LeaseEvent::Unreachable, State::Asking { .. }) => {
                self.state = State::Elsewhere { ask_at: now + self.timing.renew_after() };
            }
            (LeaseEvent::Unreachable, State::Held { fence, until, .. }) => {
                let renew_at = now + self.timing.margin();
                self.state = State::Held { fence, until, renew_at, renewing: false };
            }
            (LeaseEvent::Woke, State::Held { .. } | State::Elsewhere { .. }) => self.acquire(now),
            (LeaseEvent::Timeout, _) => self.timeout(now),
            (
                LeaseEvent::Start | LeaseEvent::Free | LeaseEvent::Refused | LeaseEvent::Unreachable | LeaseEvent::Woke,
                _,
            ) => {}
        }
    }

    /// What to do next.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<LeaseAction> {
        self.actions.pop_front()
    }

    /// When to call back with [`LeaseEvent::Timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        match self.state {
            State::Idle => None,
            State::Asking { give_up_at } => Some(give_up_at),
            State::Held { until, renewing: true, .. } => Some(self.last_beat_before(until)),
            State::Held { until, renew_at, renewing: false, .. } => Some(renew_at.min(self.last_beat_before(until))),
            State::Elsewhere { ask_at } => Some(ask_at),
        }
    }

    /// The number to beat under; nothing when we may not beat.
    #[must_use]
    pub fn fence(&self, now: Time) -> Option<u64> {
        self.leave().filter(|(_, until)| now < *until).map(|(fence, _)| fence)
    }

    /// The number to beat under, and from when on nobody may any more.
    #[must_use]
    pub fn leave(&self) -> Option<(u64, Time)> {
        match self.state {
            State::Held { fence, until, .. } => Some((fence, self.last_beat_before(until))),
            State::Idle | State::Asking { .. } | State::Elsewhere { .. } => None,
        }
    }

    fn renew(&mut self, fence: u64, until: Time, renew_at: Time, now: Time) {
        self.state = State::Held { fence, until, renew_at, renewing: true };
        self.actions.push_back(LeaseAction::Renew { fence, asked: self.asked(now) });
    }

    fn release(&mut self, fence: Option<u64>) {
        self.actions.push_back(LeaseAction::Release { fence });
    }

    const fn asked(&self, now: Time) -> Asked {
        Asked { at: now, goodbyes: self.goodbyes }
    }

    fn last_beat_before(&self, until: Time) -> Time {
        until - self.timing.margin()
    }

    fn acquire(&mut self, now: Time) {
        self.state = State::Asking { give_up_at: now + self.timing.renew_after() };
        self.actions.push_back(LeaseAction::Acquire { asked: self.asked(now) });
    }

    fn timeout(&mut self, now: Time) {
        match self.state {
            State::Held { until, .. } if now >= self.last_beat_before(until) => self.acquire(now),
            State::Held { fence, until, renew_at, renewing: false } if now >= renew_at => {
                self.renew(fence, until, renew_at, now);
            }
            State::Elsewhere { ask_at } if now >= ask_at => self.acquire(now),
            State::Asking { give_up_at } if now >= give_up_at => self.acquire(now),
            State::Held { .. } | State::Elsewhere { .. } | State::Idle | State::Asking { .. } => {}
        }
    }
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
