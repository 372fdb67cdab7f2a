//! What is signed for an agent that does not hold its key: heartbeats of its own, of now, and nothing else ever. A
//! registration, a payment or a login that were signed here would be as good as the key.

mod audit;
mod payload;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::identity::EntityId;
use crate::time::Time;
use audit::Audit;

pub use audit::SigningEntry;

/// So many at once.
const BURST: u32 = 5;
/// Then one in this time.
const REFILL: Duration = Duration::from_secs(1);

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PayloadKind {
    /// A timestamp as the live registry takes it (protocols.md 1.4).
    Timestamp,
    /// The entity's own id and Unix seconds, as the guide has it (protocols.md 9, row 2).
    IdAndSeconds,
}

/// Why nothing is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SigningRefusal {
    /// It is no heartbeat, or that of another entity.
    #[error("Only a heartbeat of this agent is signed: an RFC 3339 timestamp, or its id and Unix seconds")]
    NotABeat,
    /// A heartbeat of another moment.
    #[error("The time in it is more than 60 seconds from now: a heartbeat is signed when it is sent")]
    NotNow,
    /// Too many.
    #[error("This agent has more signed than one heartbeat a second: wait a second")]
    TooOften,
    /// Who asks is not of the agent's own processes.
    #[error("Only the processes of the agent that Beatkeeper started get signatures here")]
    NotOfTheRun,
    /// More connections at once than anybody needs.
    #[error("This agent has too many connections to its signer open: one is enough for all its heartbeats")]
    TooMany,
    /// The line is no request.
    #[error("A request is one line of JSON, {{\"sign\":\"…\"}}, of at most 256 bytes")]
    BadRequest,
    /// The key is locked or gone.
    #[error("The agent's key cannot be had now: unlock the keychain, or see whether the key is still there")]
    NoKey,
}

impl SigningRefusal {
    /// Stable, for machines.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotABeat => "signer.not_a_beat",
            Self::NotNow => "signer.not_now",
            Self::TooOften => "signer.too_often",
            Self::NotOfTheRun => "signer.not_of_the_run",
            Self::TooMany => "signer.too_many",
            Self::BadRequest => "signer.bad_request",
            Self::NoKey => "signer.no_key",
        }
    }
}

/// Judges what one agent wants signed, and remembers the last answers: 200 entries, of which 50 about strangers.
#[derive(Clone, Debug)]
pub struct SigningDesk {
    entity: EntityId,
    tokens: u32,
    /// Up to when tokens were counted.
    counted: Time,
    audit: Audit,
}

impl SigningDesk {
    /// The outcome of what was signed.
    pub const SIGNED: &'static str = "signed";

    /// For this agent.
    #[must_use]
    pub fn new(entity: EntityId) -> Self {
        Self { entity, tokens: BURST, counted: Time::ZERO, audit: Audit::default() }
    }

    /// Whether this is to be signed now. `wall` is the wall clock, which the payload was made by; `now` the timeline, by
    /// which the rate is measured: a clock that is set gives nobody more.
    ///
    /// # Errors
    /// [`SigningRefusal::NotABeat`], [`SigningRefusal::NotNow`] or [`SigningRefusal::TooOften`].
    pub fn judge(
        &mut self,
        payload: &str,
        pid: Option<u32>,
        wall: Timestamp,
        now: Time,
    ) -> Result<PayloadKind, SigningRefusal> {
        let read = payload::read(payload, &self.entity);
        let kind = read.map(|(kind, _)| kind);
        let judged = match read {
            None => Err(SigningRefusal::NotABeat),
            Some((_, at)) if !payload::is_now(at, wall) => Err(SigningRefusal::NotNow),
            Some(_) if !self.take_token(now) => Err(SigningRefusal::TooOften),
            Some((kind, _)) => Ok(kind),
        };
        self.audit.note(judged.as_ref().err().copied(), kind, pid, now);
        judged
    }

    /// Remembers what was refused before there was a payload to judge.
    pub fn refused(&mut self, refusal: SigningRefusal, pid: Option<u32>, now: Time) {
        self.audit.note(Some(refusal), None, pid, now);
    }

    /// The last answers, newest first.
    #[must_use]
    pub fn audit(&self) -> Vec<SigningEntry> {
        self.audit.entries()
    }

    fn take_token(&mut self, now: Time) -> bool {
        let refills = now.since(self.counted).as_millis() / REFILL.as_millis();
        let earned = u32::try_from(refills).unwrap_or(u32::MAX);
        self.tokens = self.tokens.saturating_add(earned).min(BURST);
        if self.tokens == BURST {
            self.counted = now;
        } else {
            // What is left of a second counts on.
            self.counted = self.counted + REFILL * earned;
        }
        let has_one = self.tokens > 0;
        self.tokens = self.tokens.saturating_sub(1);
        has_one
    }
}
