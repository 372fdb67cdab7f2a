//! The second witness: our own link.

use crate::dialect::Sign;
use crate::failure::{Failure, Fatal, Transient};
use crate::identity::Realm;
use crate::link::LinkReport;
use crate::time::Time;
use crate::view::LinkStateName;
use crate::witness::BeatRefusal;

use super::{Agent, Change};

/// A connection that breaks this soon after a beat was broken by it.
const DROPPED_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// What the link last said.
pub(super) struct LinkSeen {
    pub(super) state: LinkStateName,
    pub(super) since: Time,
    pub(super) attempt: u32,
    pub(super) until: Option<Time>,
    pub(super) failure: Option<Failure>,
    pub(super) next_beat: Option<Time>,
    /// When a beat was acknowledged last, where that is done.
    pub(super) acked_at: Option<Time>,
    /// How often in a row a connection was given up since nothing was acknowledged.
    pub(super) unacked: u32,
    /// What the other side said of a beat that it did not take, since one that it took.
    pub(super) refused: Option<BeatRefusal>,
}

impl LinkSeen {
    pub(super) const fn idle(since: Time) -> Self {
        Self {
            state: LinkStateName::Idle,
            since,
            attempt: 0,
            until: None,
            failure: None,
            next_beat: None,
            acked_at: None,
            unacked: 0,
            refused: None,
        }
    }
}

impl Agent {
    pub(in crate::fleet) fn link_reported(&mut self, report: LinkReport, now: Time, change: &mut Change) {
        change.row = true;
        let id = &self.settings.id;
        match report {
            LinkReport::Dialling { attempt } => {
                self.connections.dialling(id, now);
                self.link.attempt = attempt;
                self.link_is(LinkStateName::Connecting, now);
            }
            LinkReport::Opened => {
                self.connections.opened(now);
                self.confirmed_here = false;
                self.is_announced_anew();
                self.link.failure = None;
                // Without a record, who is let in is known there.
                if self.settings.id.realm() == Realm::ArtCafe {
                    self.record.registered = None;
                }
                self.link.next_beat = Some(now + self.settings.interval);
                self.link_is(LinkStateName::Open, now);
            }
            LinkReport::Sent { at } => self.beat_sent(at, now, change),
            LinkReport::Acked { at } => self.beat_acked(at, now, change),
            LinkReport::Refused { why } => self.beat_refused(why, change),
            LinkReport::Closed { code, failure } => {
                match &failure {
                    Some(Failure::Transient(Transient::NoAck)) => {
                        self.link.unacked = self.link.unacked.saturating_add(1);
                    }
                    // A registry drops whom it cannot read (protocols.md 1.4).
                    Some(Failure::Transient(Transient::Broken { .. } | Transient::ClosedByServer { .. }))
                        if !self.confirmed_here
                            && self.last_sent.is_some_and(|sent| now.since(sent) <= DROPPED_WITHIN) =>
                    {
                        change.sign = Some(Sign::Dropped);
                    }
                    Some(Failure::Transient(_) | Failure::Fatal(_)) | None => {}
                }
                let cause = failure.as_ref().map(|failure| (failure.code(), failure.to_string()));
                self.connections.closed(code, cause, now);
                self.confirmation.link_lost();
                self.link.failure = failure;
                self.link_is(LinkStateName::Idle, now);
            }
            LinkReport::Waiting { until, failure } => {
                self.connections.waiting(&failure, now);
                self.link.failure = Some(failure);
                self.link_is(LinkStateName::BackingOff, now);
                self.link.until = Some(until);
            }
            LinkReport::Blocked { failure } => {
                if matches!(failure, Fatal::NotRegistered) {
                    // Where the record was seen, it may be the path that is not there.
                    if self.record.registered == Some(true) {
                        change.sign = Some(Sign::NoSocket);
                    }
                    if self.record.registered != Some(false) {
                        self.record.registered = Some(false);
                        change.read_record = true;
                    }
                }
                self.link.failure = Some(failure.into());
                self.link_is(LinkStateName::Blocked, now);
            }
            LinkReport::Idle => {
                self.link.failure = None;
                self.link.attempt = 0;
                self.link_is(LinkStateName::Idle, now);
            }
        }
    }

    fn link_is(&mut self, state: LinkStateName, now: Time) {
        self.link.until = None;
        if state != LinkStateName::Open {
            self.link.next_beat = None;
        }
        if self.link.state != state {
            self.link.state = state;
            self.link.since = now;
        }
    }
}
