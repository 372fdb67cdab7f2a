//! The life of one link to a registry: dial, open, beat on schedule, ping, wait, blocked.
//!
//! The task that owns the socket asks this machine what to do and decides nothing.

mod event;

use std::collections::VecDeque;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::failure::{Failure, Fatal, Transient};
use crate::time::Time;

pub use event::{LinkAction, LinkDeadline, LinkEvent, LinkReport, LinkTiming};

/// The WebSocket close code of a server that does not allow what the client is or does (RFC 6455, 7.4.1).
const POLICY_VIOLATION: u16 = 1008;

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Dialling { give_up_at: Time },
    Open { next_beat: Time, heard_at: Time, pong_by: Option<Time>, acked_at: Time },
    Waiting { until: Time },
    Blocked { recheck_at: Time },
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Link {
    timing: LinkTiming,
    state: State,
    backoff: Backoff,
    attempt: u32,
    actions: VecDeque<LinkAction>,
    reports: VecDeque<LinkReport>,
}

impl Link {
    /// An idle link. The seed is for its jitter.
    #[must_use]
    pub const fn new(timing: LinkTiming, seed: u64) -> Self {
        Self {
            timing,
            state: State::Idle,
            backoff: Backoff::new(seed),
            attempt: 0,
            actions: VecDeque::new(),
            reports: VecDeque::new(),
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, event: LinkEvent, now: Time) {
        match event {
            LinkEvent::Start if self.state == State::Idle => self.dial(now),
            LinkEvent::Start => {}
            LinkEvent::Stop => self.stop(),
            LinkEvent::Opened => self.opened(now),
            LinkEvent::DialFailed(failure) => {
                if matches!(self.state, State::Dialling { .. }) {
                    self.failed(failure, now);
                }
            }
            LinkEvent::Sent { at } => {
                if self.is_open() {
                    self.reports.push_back(LinkReport::Sent { at });
                }
            }
            LinkEvent::CannotSign(fatal) => {
                if self.is_open() {
                    self.close(1000, Some(fatal.clone().into()));
                    self.block(fatal, now);
                }
            }
            LinkEvent::Inbound => {
                if let State::Open { heard_at, pong_by, .. } = &mut self.state {
                    *heard_at = now.max(*heard_at);
                    *pong_by = None;
                }
            }
            LinkEvent::Acked => {
                if let State::Open { acked_at, .. } = &mut self.state {
                    *acked_at = now.max(*acked_at);
                    self.reports.push_back(LinkReport::Acked { at: now });
                }
                self.handle(LinkEvent::Inbound, now);
            }
            LinkEvent::Refused(why) => {
                if self.is_open() {
                    self.reports.push_back(LinkReport::Refused { why });
                }
                self.handle(LinkEvent::Inbound, now);
            }
            LinkEvent::Closed(transient) => self.lost(transient, now),
            LinkEvent::Pace(interval) => {
                if let State::Open { next_beat, .. } = &mut self.state {
                    // As if the last beat had been sent at the new pace.
                    *next_beat = (*next_beat - self.timing.interval + interval).max(now);
                }
                // So many intervals, whatever they are.
                let intervals = self.timing.ack_within.map(|within| within.div_duration_f64(self.timing.interval));
                self.timing.ack_within = intervals.map(|intervals| interval.mul_f64(intervals));
                self.timing.interval = interval;
            }
            LinkEvent::Confirmed => {
                self.backoff.reset();
                self.attempt = 0;
            }
            LinkEvent::Retry => self.retry(now),
            LinkEvent::BeatNow => {
                if let State::Open { next_beat, .. } = &mut self.state {
                    *next_beat = now;
                }
            }
            LinkEvent::Block(fatal) => self.block_from_outside(fatal, now),
            LinkEvent::Unblock => {
                if matches!(self.state, State::Blocked { .. }) {
                    self.dial(now);
                }
            }
            LinkEvent::Woke => self.woke(now),
            LinkEvent::Timeout => self.timeout(now),
        }
    }

    /// What to do next.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<LinkAction> {
        self.actions.pop_front()
    }

    /// What to tell the fleet next.
    #[must_use]
    pub fn poll_report(&mut self) -> Option<LinkReport> {
        self.reports.pop_front()
    }

    /// When to call back with [`LinkEvent::Timeout`], and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Time, LinkDeadline)> {
        match &self.state {
            State::Idle => None,
            State::Dialling { give_up_at } => Some((*give_up_at, LinkDeadline::Dial)),
            State::Waiting { until } => Some((*until, LinkDeadline::Backoff)),
            State::Blocked { recheck_at } => Some((*recheck_at, LinkDeadline::Recheck)),
            State::Open { next_beat, heard_at, pong_by, acked_at } => {
                let hearing = pong_by.map_or_else(
                    || (*heard_at + self.timing.ping_after, LinkDeadline::Ping),
                    |by| (by, LinkDeadline::Pong),
                );
                let beat_or_hear = if hearing.0 < *next_beat { hearing } else { (*next_beat, LinkDeadline::Beat) };
                let ack = self.timing.ack_within.map(|within| (*acked_at + within, LinkDeadline::Ack));
                // A connection that is to be given up now does not beat once more.
                Some(ack.filter(|ack| ack.0 <= beat_or_hear.0).unwrap_or(beat_or_hear))
            }
        }
    }

    /// Whether the socket is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// When the next beat is due, while open.
    #[must_use]
    pub const fn next_beat(&self) -> Option<Time> {
        match &self.state {
            State::Open { next_beat, .. } => Some(*next_beat),
            State::Idle | State::Dialling { .. } | State::Waiting { .. } | State::Blocked { .. } => None,
        }
    }

    /// How long ago the beat was due that was sent last: one interval before the next.
    #[must_use]
    pub fn late_by(&self, now: Time) -> Option<Duration> {
        self.next_beat().map(|next| now.since(next - self.timing.interval))
    }

    fn dial(&mut self, now: Time) {
        self.attempt = self.attempt.saturating_add(1);
        self.state = State::Dialling { give_up_at: now + self.timing.dial_within };
        self.actions.push_back(LinkAction::Dial);
        self.reports.push_back(LinkReport::Dialling { attempt: self.attempt });
    }

    /// A connection that is open is replaced: a registry announces an agent with the first beat of each (protocols.md 1.5).
    fn retry(&mut self, now: Time) {
        match self.state {
            State::Idle | State::Dialling { .. } => return,
            State::Open { .. } => self.close(1000, None),
            State::Waiting { .. } | State::Blocked { .. } => {}
        }
        self.backoff.reset();
        self.dial(now);
    }

    fn opened(&mut self, now: Time) {
        if !matches!(self.state, State::Dialling { .. }) {
            // A dial that was given up came through after all.
            self.actions.push_back(LinkAction::Abandon);
            return;
        }
        self.reports.push_back(LinkReport::Opened);
        self.actions.push_back(LinkAction::Beat { ping: false });
        self.state = State::Open { next_beat: now + self.timing.interval, heard_at: now, pong_by: None, acked_at: now };
    }

    fn stop(&mut self) {
        match self.state {
            State::Idle => return,
            State::Open { .. } => self.close(1000, None),
            State::Dialling { .. } => self.actions.push_back(LinkAction::Abandon),
            State::Waiting { .. } | State::Blocked { .. } => {}
        }
        self.state = State::Idle;
        self.attempt = 0;
        self.backoff.reset();
        self.reports.push_back(LinkReport::Idle);
    }

    fn close(&mut self, code: u16, failure: Option<Failure>) {
        self.actions.push_back(LinkAction::Close(code));
        self.reports.push_back(LinkReport::Closed { code, failure });
    }

    fn lost(&mut self, transient: Transient, now: Time) {
        if !self.is_open() {
            return;
        }
        let (code, failure) = match transient {
            // A server's policy is the same at the next dial.
            Transient::ClosedByServer { code: POLICY_VIOLATION, reason } => {
                (POLICY_VIOLATION, Fatal::Rejected { code: POLICY_VIOLATION, reason }.into())
            }
            Transient::ClosedByServer { code, reason } => {
                (code, Failure::from(Transient::ClosedByServer { code, reason }))
            }
            broken @ (Transient::Dns { .. }
            | Transient::Refused
            | Transient::Unreachable
            | Transient::DialTimeout
            | Transient::Broken { .. }
            | Transient::NoPong
            | Transient::NoAck
            | Transient::NoMaster { .. }
            | Transient::ServerError { .. }
            | Transient::RateLimited { .. }
            | Transient::Proxy { .. }
            | Transient::TlsHandshake { .. }
            | Transient::Protocol { .. }) => (1006, broken.into()),
        };
        self.reports.push_back(LinkReport::Closed { code, failure: Some(failure.clone()) });
        self.failed(failure, now);
    }

    fn failed(&mut self, failure: Failure, now: Time) {
        match failure {
            Failure::Fatal(fatal) => self.block(fatal, now),
            Failure::Transient(transient) => {
                let asked = if let Transient::RateLimited { retry_after } = &transient { *retry_after } else { None };
                let until = now + self.backoff.next_wait(asked);
                self.state = State::Waiting { until };
                self.reports.push_back(LinkReport::Waiting { until, failure: transient.into() });
            }
        }
    }

    fn block(&mut self, fatal: Fatal, now: Time) {
        self.state = State::Blocked { recheck_at: now + self.timing.recheck_every };
        self.reports.push_back(LinkReport::Blocked { failure: fatal });
    }

    fn block_from_outside(&mut self, fatal: Fatal, now: Time) {
        match self.state {
            State::Idle => return,
            State::Open { .. } => self.close(1000, Some(fatal.clone().into())),
            State::Dialling { .. } => self.actions.push_back(LinkAction::Abandon),
            State::Waiting { .. } | State::Blocked { .. } => {}
        }
        self.block(fatal, now);
    }

    fn woke(&mut self, now: Time) {
        match &mut self.state {
            State::Open { next_beat, pong_by, .. } => {
                // Beat at once and ask at once whether anybody is there: a socket rarely survives sleep.
                *next_beat = now;
                *pong_by = Some(now + self.timing.pong_within.min(Duration::from_secs(5)));
                self.actions.push_back(LinkAction::Ping);
            }
            State::Waiting { .. } => self.dial(now),
            State::Idle | State::Dialling { .. } | State::Blocked { .. } => {}
        }
    }

    fn timeout(&mut self, now: Time) {
        let Some((due, why)) = self.poll_timeout() else { return };
        if now < due {
            return;
        }
        match why {
            LinkDeadline::Beat => {
                if let State::Open { next_beat, heard_at, pong_by, .. } = &mut self.state {
                    // From the schedule, not from now: lateness of one beat is not handed to the next. What was slept
                    // through is left out.
                    *next_beat = next_slot(*next_beat, self.timing.interval, now);
                    // A ping that will be due before long goes with the beat: one packet and one awakening less.
                    let ping = pong_by.is_none() && now.since(*heard_at) >= self.timing.ping_after / 2;
                    if ping {
                        *pong_by = Some(now + self.timing.pong_within);
                    }
                    self.actions.push_back(LinkAction::Beat { ping });
                }
            }
            LinkDeadline::Ping => {
                if let State::Open { pong_by, .. } = &mut self.state {
                    *pong_by = Some(now + self.timing.pong_within);
                    self.actions.push_back(LinkAction::Ping);
                }
            }
            LinkDeadline::Pong => {
                self.actions.push_back(LinkAction::Abandon);
                self.lost(Transient::NoPong, now);
            }
            LinkDeadline::Ack => {
                self.actions.push_back(LinkAction::Close(1000));
                self.lost(Transient::NoAck, now);
            }
            LinkDeadline::Dial => {
                self.actions.push_back(LinkAction::Abandon);
                self.failed(Transient::DialTimeout.into(), now);
            }
            LinkDeadline::Backoff | LinkDeadline::Recheck => self.dial(now),
        }
    }
}

/// The first slot of the schedule after `now`.
fn next_slot(due: Time, interval: Duration, now: Time) -> Time {
    let behind = now.since(due).as_nanos() / interval.as_nanos().max(1);
    let slots = u32::try_from(behind).unwrap_or(u32::MAX).saturating_add(1);
    due + interval.saturating_mul(slots)
}

#[cfg(test)]
mod tests;
