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
        asked_at: Time,
    },
    /// Somebody else holds it.
    Refused,
    /// The bus did not answer.
    Unreachable,
    /// Somebody let go of it.
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
        /// Now, for the answer.
        asked_at: Time,
    },
    /// Make it last longer if it is still ours; answer as for `Acquire`.
    Renew {
        /// Ours.
        fence: u64,
        /// Now, for the answer.
        asked_at: Time,
    },
    /// Let go of it if it is ours; no answer.
    Release {
        /// Ours.
        fence: u64,
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
    actions: VecDeque<LeaseAction>,
}

impl Lease {
    /// Nobody asked for it yet.
    #[must_use]
    pub const fn new(timing: LeaseTiming) -> Self {
        Self { timing, state: State::Idle, actions: VecDeque::new() }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, event: LeaseEvent, now: Time) {
        match (event, self.state) {
            (LeaseEvent::Start, State::Idle) => self.acquire(now),
            (LeaseEvent::Free, State::Elsewhere { .. }) => self.acquire(now),
            (LeaseEvent::Stop, state) => {
                self.state = State::Idle;
                self.actions.clear();
                if let State::Held { fence, .. } = state {
                    self.actions.push_back(LeaseAction::Release { fence });
                }
            }
            // An answer to who stopped meanwhile: it must not stay ours.
            (LeaseEvent::Granted { fence, .. }, State::Idle) => self.actions.push_back(LeaseAction::Release { fence }),
            // An answer of long ago, overtaken by another.
            (LeaseEvent::Granted { fence, .. }, State::Held { fence: held, .. }) if fence < held => {}
            (LeaseEvent::Granted { fence, asked_at }, state) => {
                let known = if let State::Held { fence: held, until, .. } = state
                    && held == fence
                {
                    until
                } else {
                    Time::ZERO
                };
                self.state = State::Held {
                    fence,
                    until: (asked_at + self.timing.lasts).max(known),
                    renew_at: asked_at + self.timing.renew_after(),
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
        match self.state {
            State::Held { fence, until, .. } if now < self.last_beat_before(until) => Some(fence),
            State::Held { .. } | State::Idle | State::Asking { .. } | State::Elsewhere { .. } => None,
        }
    }

    fn last_beat_before(&self, until: Time) -> Time {
        until - self.timing.margin()
    }

    fn acquire(&mut self, now: Time) {
        self.state = State::Asking { give_up_at: now + self.timing.renew_after() };
        self.actions.push_back(LeaseAction::Acquire { asked_at: now });
    }

    fn timeout(&mut self, now: Time) {
        match self.state {
            State::Held { until, .. } if now >= self.last_beat_before(until) => self.acquire(now),
            State::Held { fence, until, renew_at, renewing: false } if now >= renew_at => {
                self.state = State::Held { fence, until, renew_at, renewing: true };
                self.actions.push_back(LeaseAction::Renew { fence, asked_at: now });
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
