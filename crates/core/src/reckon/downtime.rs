//! Whose fault it was that an agent was down, and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Stretch, walk};
use crate::alert::Fault;
use crate::history::SpanKind;
use crate::time::Time;
use crate::view::StripSpan;

/// Some known time, shared out. `up`, and all of `by_fault`, are together that time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Downtime {
    /// Beats were confirmed.
    pub up: Duration,
    /// Beats were due and could be sent, and were not confirmed: what [`uptime`](super::uptime) counts as down.
    pub down: Duration,
    /// The time without confirmed beats by whose fault it was, also what counts as nobody's: see
    /// [`is_excused`](Self::is_excused). None of them is zero.
    pub by_fault: BTreeMap<Fault, Duration>,
}

impl Downtime {
    /// Whether time by this fault is not counted as down: this computer had no network or slept, or nobody was meant to
    /// beat.
    #[must_use]
    pub const fn is_excused(fault: Fault) -> bool {
        matches!(fault, Fault::OwnNetwork | Fault::Asleep | Fault::NotRunning)
    }

    /// All the time that is known.
    #[must_use]
    pub fn known(&self) -> Duration {
        self.up + self.by_fault.values().sum::<Duration>()
    }

    /// Adds another agent's.
    pub fn add(&mut self, other: &Self) {
        self.up += other.up;
        self.down += other.down;
        for (fault, length) in &other.by_fault {
            *self.by_fault.entry(*fault).or_default() += *length;
        }
    }
}

/// Shares out an agent's time from `from` to `to`, which is not before `from`. `spans` are oldest first, as the history
/// has them; `interval` is the time that a beat covers.
#[must_use]
pub fn downtime<'a>(
    spans: impl IntoIterator<Item = &'a StripSpan>,
    interval: Duration,
    from: Time,
    to: Time,
) -> Downtime {
    let mut all = Downtime::default();
    walk(spans, interval, from, to, |stretch, length| {
        let fault = match stretch {
            Stretch::Up => {
                all.up += length;
                return;
            }
            Stretch::Down(span) => {
                all.down += length;
                blamed(span)
            }
            Stretch::Excused(span) => Fault::of_span(span.kind, &span.cause),
        };
        if !length.is_zero() {
            *all.by_fault.entry(fault).or_default() += length;
        }
    });
    all
}

/// Whose fault a silence was that counts as down.
fn blamed(span: Option<&StripSpan>) -> Fault {
    match span {
        Some(span) if matches!(span.kind, SpanKind::Missed | SpanKind::Unconfirmed) => {
            // A cause that would excuse it has a kind of its own, and this is none of them.
            Some(Fault::of_span(span.kind, &span.cause)).filter(|fault| !Downtime::is_excused(*fault))
        }
        _ => None,
    }
    .unwrap_or(Fault::Unknown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reckon::uptime;

    const INTERVAL: Duration = Duration::from_secs(30);

    fn at(seconds: u64) -> Time {
        Time::from_millis(1_000_000_000 + seconds * 1000)
    }

    fn span(kind: SpanKind, cause: &str, from: u64, to: u64) -> StripSpan {
        StripSpan { kind, cause: cause.into(), from: at(from), to: at(to), beats: 3 }
    }

    fn seconds(by_fault: &BTreeMap<Fault, Duration>) -> Vec<(Fault, u64)> {
        by_fault.iter().map(|(fault, length)| (*fault, length.as_secs())).collect()
    }

    #[test]
    fn each_outage_is_somebodys() {
        use SpanKind::{Asleep, Confirmed, Missed, NotRunning, OwnNetwork, Unconfirmed};
        let life = [
            span(Confirmed, "", 0, 570),
            // The last beat covers 30 s of it.
            span(Missed, "link.refused", 570, 1000),
            span(Confirmed, "", 1000, 1970),
            span(OwnNetwork, "link.unreachable", 1970, 2100),
            span(Missed, "process.gone", 2100, 2300),
            span(Unconfirmed, "clock.own", 2300, 2350),
            span(Confirmed, "", 2350, 2970),
            span(Asleep, "", 3000, 4000),
            // What is called as if it were excused, and is of a kind that is not.
            span(Missed, "paused", 4000, 4010),
            span(NotRunning, "app.not_running", 4010, 5000),
            span(Confirmed, "", 5000, 5300),
            // Nothing says why until the next beat.
            span(Confirmed, "", 5400, 5970),
        ];
        let all = downtime(&life, INTERVAL, at(0), at(6000));
        assert_eq!(
            seconds(&all.by_fault),
            [
                (Fault::Process, 200),
                (Fault::Registry, 400),
                (Fault::Clock, 50),
                (Fault::OwnNetwork, 130),
                (Fault::Asleep, 1000),
                (Fault::NotRunning, 990),
                (Fault::Unknown, 80),
            ]
        );
        assert_eq!((all.up.as_secs(), all.down.as_secs()), (600 + 970 + 650 + 330 + 600, 730));
        assert_eq!(all.known(), Duration::from_secs(6000));
    }

    #[test]
    fn what_goes_on_is_known_up_to_the_end_and_what_was_before_is_not_known() {
        let silent = [span(SpanKind::Missed, "key.locked", 100, 110)];
        let all = downtime(&silent, INTERVAL, at(0), at(1000));
        assert_eq!((seconds(&all.by_fault), all.up), (vec![(Fault::Key, 900)], Duration::ZERO));
        let later = downtime(&silent, INTERVAL, at(500), at(1000));
        assert_eq!(later.down, Duration::from_secs(500));
        assert_eq!(downtime(&[], INTERVAL, at(0), at(1000)), Downtime::default());
    }

    #[test]
    fn a_silence_before_a_named_one_is_of_the_same_fault() {
        let spans = [
            span(SpanKind::Confirmed, "", 0, 300),
            span(SpanKind::Unconfirmed, "registry.not_registered", 400, 500),
            span(SpanKind::Confirmed, "", 500, 600),
        ];
        let all = downtime(&spans, INTERVAL, at(0), at(600));
        assert_eq!(seconds(&all.by_fault), [(Fault::Registry, 170)]);
    }

    #[test]
    fn a_fleet_is_the_sum_of_its_agents() {
        let one = downtime(&[span(SpanKind::Missed, "key.locked", 0, 10)], INTERVAL, at(0), at(100));
        let two = downtime(&[span(SpanKind::Asleep, "", 0, 10)], INTERVAL, at(0), at(50));
        let mut total = one;
        total.add(&two);
        assert_eq!(seconds(&total.by_fault), [(Fault::Key, 100), (Fault::Asleep, 50)]);
        assert_eq!((total.down.as_secs(), total.known().as_secs()), (100, 150));
    }

    proptest! {
        /// Whatever the spans and wherever the range: nothing is counted twice or lost, and uptime says the same.
        #[test]
        fn shares_add_up_and_agree_with_uptime(
            steps in prop::collection::vec((0_usize..6, 0_usize..8, 0_u64..4000, 0_u64..4000), 0..60),
            from in 0_u64..50_000,
            length in 1_u64..100_000,
        ) {
            use SpanKind::{Asleep, Confirmed, Missed, NotRunning, OwnNetwork, Unconfirmed};
            let kinds = [Confirmed, Unconfirmed, Missed, Asleep, OwnNetwork, NotRunning];
            let causes =
                ["", "link.refused", "process.gone", "key.locked", "clock.own", "network.down", "paused", "what?"];
            let mut now = 0;
            let mut spans = Vec::new();
            for (kind, cause, pause, length) in steps {
                spans.push(span(kinds[kind], causes[cause], now + pause, now + pause + length));
                now += pause + length + 1;
            }
            let all = downtime(&spans, INTERVAL, at(from), at(from + length));
            let blamed: Duration =
                all.by_fault.iter().filter(|(fault, _)| !Downtime::is_excused(**fault)).map(|(_, length)| *length).sum();
            prop_assert_eq!(blamed, all.down);
            prop_assert!(all.by_fault.values().all(|length| !length.is_zero()));

            // Known is everything from the first span on, but a newest beat whose successor may only be late.
            let end = at(from + length);
            let first = spans.first().map_or(end, |first| first.from).clamp(at(from), end);
            let covered_until = match spans.last() {
                Some(last) if last.kind == Confirmed && end.since(last.to) <= INTERVAL * 3 => {
                    (last.to + INTERVAL).clamp(first, end)
                }
                _ => end,
            };
            prop_assert_eq!(all.known(), covered_until.since(first));

            match uptime(&spans, INTERVAL, at(from), end) {
                None => prop_assert_eq!(all.up + all.down, Duration::ZERO),
                Some(uptime) => {
                    let share = |of: Duration| all.up.as_secs_f64() / of.as_secs_f64();
                    prop_assert!((uptime.awake - share(all.up + all.down)).abs() < 1e-9);
                    prop_assert!((uptime.raw - share(all.known())).abs() < 1e-9);
                }
            }
        }
    }
}
