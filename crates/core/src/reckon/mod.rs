//! What a beat strip comes to: beats, gaps, uptime, and whose fault the rest of the time was.

mod downtime;

use std::time::Duration;

use crate::history::SpanKind;
use crate::time::Time;
use crate::view::{BeatStrip, StripGap, StripSpan, Uptime};

pub use downtime::{Downtime, downtime};

/// More spans than this are not told apart on any screen.
const DRAWN: usize = 1000;
/// A beat that is this many intervals late is missed.
const LATE: u32 = 3;

/// Counts an agent's beats from `from` to `to`. `spans` are oldest first, as the history has them; `interval` is the time
/// that a beat covers.
#[must_use]
pub fn reckon(spans: &[StripSpan], interval: Duration, from: Time, to: Time) -> BeatStrip {
    let uptime = uptime(spans, interval, from, to);
    let spans = cut(spans, interval, from, to);
    let gaps = gaps(&spans);
    BeatStrip {
        from,
        to,
        beats: spans.iter().filter(|span| span.kind == SpanKind::Confirmed).map(|span| u64::from(span.beats)).sum(),
        gaps: u32::try_from(gaps.len()).unwrap_or(u32::MAX),
        longest: gaps.into_iter().max_by_key(|gap| gap.to.since(gap.from)),
        uptime,
        spans: condense(spans, from, to),
    }
}

/// How much of the time from `from` to `to` the agent was up, as far as it is known.
#[must_use]
pub fn uptime<'a>(
    spans: impl IntoIterator<Item = &'a StripSpan>,
    interval: Duration,
    from: Time,
    to: Time,
) -> Option<Uptime> {
    let (mut up, mut down, mut excused) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    walk(spans, interval, from, to, |stretch, length| match stretch {
        Stretch::Up => up += length,
        Stretch::Down(_) => down += length,
        Stretch::Excused(_) => excused += length,
    });
    let share = |all: Duration| up.as_secs_f64() / all.as_secs_f64();
    let awake = up + down;
    (awake > Duration::ZERO).then(|| Uptime { awake: share(awake), raw: share(awake + excused) })
}

/// What a stretch of known time counts as, with the span that explains it.
enum Stretch<'a> {
    Up,
    /// Nothing explains a silence that the next beat ended.
    Down(Option<&'a StripSpan>),
    Excused(&'a StripSpan),
}

/// Hands the known time from `from` to `to` to `count`, stretch by stretch, oldest first.
fn walk<'a>(
    spans: impl IntoIterator<Item = &'a StripSpan>,
    interval: Duration,
    from: Time,
    to: Time,
    mut count: impl FnMut(Stretch<'a>, Duration),
) {
    let mut covered = Time::ZERO;
    let mut spans = spans.into_iter().peekable();
    while let Some(span) = spans.next() {
        let next = spans.peek().copied();
        let start = span.from.clamp(from, to);
        let end = next.map_or(to, |next| next.from).clamp(from, to);
        if span.kind == SpanKind::Confirmed {
            covered = span.to + interval;
        }
        // What a beat covers reaches into the gap that follows it.
        let split = covered.clamp(start, end);
        match span.kind {
            SpanKind::Confirmed => {
                count(Stretch::Up, split.since(start));
                // The newest beat's successor may only be late.
                if next.is_some() || end.since(span.to) > interval * LATE {
                    count(Stretch::Down(next), end.since(split));
                }
            }
            SpanKind::Missed | SpanKind::Unconfirmed => {
                count(Stretch::Up, split.since(start));
                count(Stretch::Down(Some(span)), end.since(split));
            }
            SpanKind::Asleep | SpanKind::OwnNetwork | SpanKind::NotRunning => {
                covered = Time::ZERO;
                count(Stretch::Excused(span), end.since(start));
            }
        }
    }
}

/// Cuts the spans at the ends. The last one has grown until `to`, since nothing else has begun; beats that stopped are not
/// drawn on for ever.
fn cut(spans: &[StripSpan], interval: Duration, from: Time, to: Time) -> Vec<StripSpan> {
    let newest = spans.len().saturating_sub(1);
    let reach = |place: usize, span: &StripSpan| match span.kind {
        _ if place < newest => span.to,
        SpanKind::Confirmed | SpanKind::Unconfirmed => to.min(span.to + interval * LATE),
        SpanKind::Missed | SpanKind::Asleep | SpanKind::OwnNetwork | SpanKind::NotRunning => to,
    };
    spans
        .iter()
        .enumerate()
        .map(|(place, span)| (span, reach(place, span)))
        .filter(|(span, end)| *end >= from && span.from <= to)
        .map(|(span, end)| StripSpan {
            from: span.from.max(from),
            to: end.min(to),
            beats: beats_within(span, from, to),
            ..span.clone()
        })
        .collect()
}

/// How many of the span's beats are within the range: they are spread evenly over it.
fn beats_within(span: &StripSpan, from: Time, to: Time) -> u32 {
    if span.from >= from && span.to <= to {
        return span.beats;
    }
    let within = span.to.min(to).since(span.from.max(from)).as_secs_f64();
    let whole = span.to.since(span.from).as_secs_f64();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count fits")]
    let beats = if whole > 0.0 { (f64::from(span.beats) * within / whole).round() as u32 } else { 0 };
    beats
}

/// Stretches without a confirmed beat: from the last one before it to the first one after it.
fn gaps(spans: &[StripSpan]) -> Vec<StripGap> {
    let mut gaps: Vec<StripGap> = Vec::new();
    let mut open = false;
    for (place, span) in spans.iter().enumerate() {
        if matches!(span.kind, SpanKind::Confirmed | SpanKind::Asleep | SpanKind::NotRunning) {
            if let Some(gap) = gaps.last_mut().filter(|_| open) {
                gap.to = span.from;
            }
            open = false;
            continue;
        }
        match gaps.last_mut().filter(|_| open) {
            Some(gap) => {
                gap.to = span.to;
                if weight(span.kind) > weight(gap.kind) {
                    gap.kind = span.kind;
                    gap.cause.clone_from(&span.cause);
                }
            }
            None => {
                let before = place.checked_sub(1).and_then(|place| spans.get(place));
                let from = before.filter(|before| before.kind == SpanKind::Confirmed).map_or(span.from, |one| one.to);
                gaps.push(StripGap { kind: span.kind, cause: span.cause.clone(), from, to: span.to });
            }
        }
        open = true;
    }
    gaps
}

/// What stands for several that are too short to be told apart: what a person has to see.
const fn weight(kind: SpanKind) -> u8 {
    match kind {
        SpanKind::NotRunning => 0,
        SpanKind::Asleep => 1,
        SpanKind::Confirmed => 2,
        SpanKind::OwnNetwork => 3,
        SpanKind::Unconfirmed => 4,
        SpanKind::Missed => 5,
    }
}

/// A month of flapping is a hundred thousand spans. Those that share a pixel become one.
fn condense(spans: Vec<StripSpan>, from: Time, to: Time) -> Vec<StripSpan> {
    if spans.len() <= DRAWN {
        return spans;
    }
    let pixels = u32::try_from(DRAWN / 2).unwrap_or(u32::MAX);
    let pixel = to.since(from) / pixels;
    let mut condensed: Vec<StripSpan> = Vec::new();
    for span in spans {
        match condensed.last_mut().filter(|last| span.to.since(last.from) <= pixel) {
            Some(last) => {
                last.to = span.to;
                last.beats = last.beats.saturating_add(span.beats);
                if weight(span.kind) > weight(last.kind) {
                    (last.kind, last.cause) = (span.kind, span.cause);
                }
            }
            None => condensed.push(span),
        }
    }
    condensed
}

#[cfg(test)]
mod tests;
