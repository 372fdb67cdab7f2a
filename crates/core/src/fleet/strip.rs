//! The beat strip: runs of equal beats, begun and extended as beats come in.

use std::collections::VecDeque;
use std::time::Duration;

use crate::history::{HistoryRow, Span, SpanKind};
use crate::identity::EntityId;
use crate::time::Time;
use crate::view::StripSpan;

use super::STRIP;

/// The cause of beats that the registry does not take, as far as the link can tell.
const UNCONFIRMED: &str = "beats.unconfirmed";

struct Piece {
    span: StripSpan,
    unsaved: bool,
}

/// One agent's strip of the last 24 hours.
#[derive(Default)]
pub(super) struct Strip {
    pieces: VecDeque<Piece>,
    revision: u32,
}

impl Strip {
    pub(super) fn from_past(spans: &[StripSpan]) -> Self {
        let pieces = spans.iter().map(|span| Piece { span: span.clone(), unsaved: false });
        Self { pieces: pieces.collect(), revision: 0 }
    }

    pub(super) fn spans(&self) -> impl Iterator<Item = &StripSpan> {
        self.pieces.iter().map(|piece| &piece.span)
    }

    pub(super) const fn revision(&self) -> u32 {
        self.revision
    }

    /// Until when it reaches; the epoch when nothing is in it.
    pub(super) fn end(&self) -> Time {
        self.pieces.back().map_or(Time::ZERO, |last| last.span.to)
    }

    pub(super) fn last_confirmed(&self) -> Option<Time> {
        self.pieces.iter().rev().find(|piece| piece.span.kind == SpanKind::Confirmed).map(|piece| piece.span.to)
    }

    /// A beat of this kind at `at`. Beats no further apart than `within` are one run; what lies between runs is called
    /// as `between` says, unless it has a name already.
    pub(super) fn beat(&mut self, kind: SpanKind, at: Time, within: Duration, between: (SpanKind, &str)) {
        if let Some(last) = self.pieces.back_mut() {
            if last.span.kind == kind && at.since(last.span.to) <= within {
                last.span.to = at.max(last.span.to);
                last.span.beats = last.span.beats.saturating_add(1);
                last.unsaved = true;
                return;
            }
            let end = last.span.to;
            if kind == SpanKind::Confirmed && last.span.beats == 0 && end.since(at) > within / 3 {
                self.split(at);
                return;
            }
            if at.since(end) > within {
                let (gap, cause) = match (last.span.kind, last.span.beats) {
                    // What was missing for one reason was missing for it until now.
                    (gap @ (SpanKind::Missed | SpanKind::OwnNetwork), 0) => (gap, ""),
                    _ => between,
                };
                self.gap(gap, cause, end, at);
            }
        }
        let cause = if kind == SpanKind::Unconfirmed { UNCONFIRMED } else { "" };
        self.push(kind, cause, at, at, 1);
    }

    /// A beat of long ago, that is seen only now: within the stretch that was taken to be without any. One that is older
    /// than this stretch is not drawn.
    fn split(&mut self, at: Time) {
        let moment = Duration::from_millis(1);
        let Some(last) = self.pieces.back_mut().filter(|last| last.span.from + moment < at) else { return };
        let (kind, cause, end) = (last.span.kind, last.span.cause.clone(), last.span.to);
        last.span.to = at - moment;
        last.unsaved = true;
        self.push(SpanKind::Confirmed, "", at, at, 1);
        self.push(kind, &cause, at + moment, end, 0);
    }

    /// A stretch without beats. A stretch of the same kind that touches it is extended.
    pub(super) fn gap(&mut self, kind: SpanKind, cause: &str, from: Time, to: Time) {
        let Some(last) = self.pieces.back_mut() else { return };
        if last.span.kind == kind && last.span.beats == 0 {
            if to > last.span.to {
                last.span.to = to;
                last.unsaved = true;
            }
            return;
        }
        let from = from.max(last.span.to);
        if to > from {
            self.push(kind, cause, from, to, 0);
        }
    }

    /// A stretch that begins now, and grows until something else does. An empty strip stays empty.
    pub(super) fn begin(&mut self, kind: SpanKind, cause: &str, at: Time) {
        if !self.pieces.is_empty() {
            self.push(kind, cause, at, at, 0);
        }
    }

    /// The rows that were begun or extended since the last call.
    pub(super) fn take_rows(&mut self, agent: &EntityId) -> Vec<HistoryRow> {
        // New pieces are at the back, and at most a few of them are unsaved.
        self.pieces
            .iter_mut()
            .rev()
            .take(4)
            .filter_map(|piece| {
                std::mem::take(&mut piece.unsaved).then(|| {
                    HistoryRow::Span(Span {
                        agent: agent.clone(),
                        kind: piece.span.kind,
                        cause: piece.span.cause.clone(),
                        from: piece.span.from,
                        to: piece.span.to,
                        beats: piece.span.beats,
                    })
                })
            })
            .collect()
    }

    fn push(&mut self, kind: SpanKind, cause: &str, from: Time, to: Time, beats: u32) {
        while self.pieces.front().is_some_and(|first| first.span.to + STRIP < from) {
            self.pieces.pop_front();
        }
        // A span is known by its agent and its beginning, and one beat alone has no length: what follows begins later.
        let from = self.pieces.back().map_or(from, |last| from.max(last.span.to + Duration::from_millis(1)));
        let span = StripSpan { kind, cause: cause.to_owned(), from, to: to.max(from), beats };
        self.pieces.push_back(Piece { span, unsaved: true });
        self.revision = self.revision.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever comes in whatever order: no span begins where another one does, and none overlaps the next.
        #[test]
        fn spans_never_share_a_beginning(steps in prop::collection::vec((0_u8..3, 0_u64..5000), 1..80)) {
            let mut strip = Strip::default();
            let mut now = Time::from_millis(1_000_000);
            for (kind, pause) in steps {
                let before = now;
                now = now + Duration::from_millis(pause);
                match kind {
                    0 => strip.beat(SpanKind::Confirmed, now, Duration::from_secs(2), (SpanKind::Missed, "")),
                    1 => strip.beat(SpanKind::Unconfirmed, now, Duration::from_secs(2), (SpanKind::Missed, "")),
                    _ => strip.gap(SpanKind::Missed, "", before, now),
                }
            }
            let spans: Vec<_> = strip.spans().cloned().collect();
            for pair in spans.windows(2) {
                prop_assert!(pair[0].from <= pair[0].to && pair[0].to < pair[1].from, "{pair:?}");
            }
        }
    }
}
