//! What a link is told, what it wants done, and what it reports.

use std::time::Duration;

use crate::failure::{Failure, Fatal, Transient};
use crate::time::Time;
use crate::witness::BeatRefusal;

/// The numbers of one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkTiming {
    /// Between two beats.
    pub interval: Duration,
    /// Silence after which the peer is pinged.
    pub ping_after: Duration,
    /// How long the answer to a ping, or to anything sent, may take.
    pub pong_within: Duration,
    /// How long a dial may take.
    pub dial_within: Duration,
    /// How often a blocked link looks whether its reason is gone.
    pub recheck_every: Duration,
    /// Where beats are acknowledged: how old the last acknowledgement may get.
    pub ack_within: Option<Duration>,
}

impl LinkTiming {
    /// The usual numbers: a half-open socket is noticed within 30 + 14 s, and at the usual interval every ping goes out
    /// with a beat.
    #[must_use]
    pub const fn with_interval(interval: Duration) -> Self {
        Self {
            interval,
            ping_after: Duration::from_secs(30),
            pong_within: Duration::from_secs(14),
            dial_within: Duration::from_secs(10),
            recheck_every: Duration::from_secs(60),
            ack_within: None,
        }
    }
}

/// What happened to the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// Someone wants it to run.
    Start,
    /// Someone wants it to stop.
    Stop,
    /// The dial succeeded.
    Opened,
    /// The dial did not.
    DialFailed(Failure),
    /// A beat was signed and handed to the socket.
    Sent {
        /// When it was signed: before anybody can have seen it.
        at: Time,
    },
    /// A beat could not be signed.
    CannotSign(Fatal),
    /// The peer sent anything: a pong, a frame.
    Inbound,
    /// The peer acknowledged a beat.
    Acked,
    /// The peer says that it did not take a beat.
    Refused(BeatRefusal),
    /// The socket is gone.
    Closed(Transient),
    /// Another interval between beats is wanted.
    Pace(Duration),
    /// The registry was seen to take a beat.
    Confirmed,
    /// A person wants it dialled now, or anew where it is open.
    Retry,
    /// A beat is wanted now; the schedule goes on from it.
    BeatNow,
    /// Someone else found out that dialling cannot help.
    Block(Fatal),
    /// Someone else found out that the reason is gone.
    Unblock,
    /// The computer slept: the socket may be dead, and the beat is overdue.
    Woke,
    /// The deadline of [`Link::poll_timeout`] passed.
    Timeout,
}

/// What the task must do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkAction {
    /// Dial; answer with `Opened` or `DialFailed`. A dial under way is dropped.
    Dial,
    /// Sign and send a beat with the time of signing; answer with `Sent` or `CannotSign`.
    Beat {
        /// Send a ping with it.
        ping: bool,
    },
    /// Send a ping.
    Ping,
    /// Close the socket with this code and forget it; no answer.
    Close(u16),
    /// Forget the socket, or the dial, without a word; no answer.
    Abandon,
}

/// What the fleet is told, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkReport {
    /// A dial began.
    Dialling {
        /// Dials since the last confirmed beat.
        attempt: u32,
    },
    /// The socket is open.
    Opened,
    /// A beat was handed to the socket.
    Sent {
        /// When it was signed. This word may come after the registry's own of the same beat.
        at: Time,
    },
    /// A beat was acknowledged on the connection that it went by.
    Acked {
        /// When the acknowledgement came.
        at: Time,
    },
    /// A beat was refused, in words.
    Refused {
        /// Why.
        why: BeatRefusal,
    },
    /// The socket was closed.
    Closed {
        /// 1000 by us, the server's code, or 1006.
        code: u16,
        /// Why, unless it was asked for.
        failure: Option<Failure>,
    },
    /// Waiting to dial again.
    Waiting {
        /// When it dials.
        until: Time,
        /// Why the last try failed.
        failure: Failure,
    },
    /// Dialling would not help.
    Blocked {
        /// Why.
        failure: Fatal,
    },
    /// Not asked to run.
    Idle,
}

/// Why [`Link::poll_timeout`] wants to be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkDeadline {
    /// A beat is due.
    Beat,
    /// The peer was silent for long.
    Ping,
    /// The answer to a ping is overdue.
    Pong,
    /// The last acknowledgement is too old.
    Ack,
    /// The dial takes too long.
    Dial,
    /// The wait is over.
    Backoff,
    /// Time to look whether the reason of a blockage is gone.
    Recheck,
}
