//! The beat strip as it is shown: its spans, and what they come to.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::history::SpanKind;
use crate::time::Time;

/// An agent's beats over some time, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BeatStrip {
    /// From.
    pub from: Time,
    /// To.
    pub to: Time,
    /// Oldest first, none beyond `from` or `to`. Of a long time only what can be drawn.
    pub spans: Vec<StripSpan>,
    /// Confirmed beats.
    #[ts(type = "number")]
    pub beats: u64,
    /// Stretches without a confirmed beat. Sleep and stops that were asked for are none.
    pub gaps: u32,
    /// The longest of them.
    pub longest: Option<StripGap>,
    /// How much of the time it was up; nothing while that cannot be told.
    pub uptime: Option<Uptime>,
}

/// One stretch of the beat strip: a run of beats of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StripSpan {
    /// What it was.
    pub kind: SpanKind,
    /// A code of the cause, such as `link.refused`; empty when all was well.
    pub cause: String,
    /// From.
    pub from: Time,
    /// To; the last one grows.
    pub to: Time,
    /// Beats in it.
    pub beats: u32,
}

/// A stretch without a confirmed beat, called by the worst that is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StripGap {
    /// What it was.
    pub kind: SpanKind,
    /// A code of the cause; empty when it is not known.
    pub cause: String,
    /// From.
    pub from: Time,
    /// To.
    pub to: Time,
}

/// Shares of time that confirmed beats cover, 0 to 1. A beat covers the interval after it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Uptime {
    /// Of the time in which beats were due and could be sent: without sleep, without the time in which our own network
    /// was down, and without stops that were asked for.
    pub awake: f64,
    /// Of all the time.
    pub raw: f64,
}
