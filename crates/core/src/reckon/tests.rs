use proptest::prelude::*;

use super::*;

const INTERVAL: Duration = Duration::from_secs(30);

fn at(seconds: u64) -> Time {
    Time::from_millis(1_000_000_000 + seconds * 1000)
}

fn span(kind: SpanKind, from: u64, to: u64, beats: u32) -> StripSpan {
    StripSpan { kind, cause: String::new(), from: at(from), to: at(to), beats }
}

/// Six hours of life: beats, an outage of 10 min, sleep, own network down, a stop.
fn life() -> Vec<StripSpan> {
    use SpanKind::{Asleep, Confirmed, Missed, NotRunning, OwnNetwork, Unconfirmed};
    vec![
        span(Confirmed, 0, 3570, 120),
        StripSpan { cause: "link.refused".into(), ..span(Missed, 3570, 4170, 0) },
        span(Unconfirmed, 4170, 4200, 2),
        span(Confirmed, 4200, 7170, 100),
        span(Asleep, 7200, 10_800, 0),
        span(Confirmed, 10_800, 14_370, 120),
        span(OwnNetwork, 14_370, 14_430, 0),
        span(Confirmed, 14_430, 17_970, 119),
        span(NotRunning, 18_000, 21_600, 0),
    ]
}

#[test]
fn beats_gaps_and_the_longest_gap_are_counted() {
    let strip = reckon(&life(), INTERVAL, at(0), at(21_600));
    assert_eq!((strip.beats, strip.gaps), (459, 2));
    let longest = strip.longest.unwrap();
    // What follows an outage without a confirmed beat in between belongs to it.
    assert_eq!((longest.from, longest.to), (at(3570), at(4200)));
    assert_eq!((longest.kind, longest.cause.as_str()), (SpanKind::Missed, "link.refused"));
}

#[test]
fn uptime_excuses_sleep_and_our_own_network_only_awake() {
    let uptime = reckon(&life(), INTERVAL, at(0), at(21_600)).uptime.unwrap();
    // Down from the end of what the last beat covered (3600) until 4200. Excused: 3600 s asleep, 60 s own network, of
    // which the beat before covers nothing, and 3600 s not running.
    let (down, excused, all) = (600.0, 3600.0 + 60.0 + 3600.0, 21_600.0);
    let up = all - down - excused;
    assert!((uptime.awake - up / (up + down)).abs() < 1e-9, "{uptime:?}");
    assert!((uptime.raw - up / all).abs() < 1e-9, "{uptime:?}");
}

#[test]
fn the_newest_beat_is_late_before_it_is_missed() {
    let spans = [span(SpanKind::Confirmed, 0, 300, 11)];
    let awake = |now| uptime(&spans, INTERVAL, at(0), at(now)).unwrap().awake;
    assert!((awake(320) - 1.0).abs() < 1e-9 && (awake(390) - 1.0).abs() < 1e-9);
    assert!((awake(660) - 0.5).abs() < 1e-9, "{}", awake(660));
    assert_eq!(uptime(&[], INTERVAL, at(0), at(9)), None);
    assert_eq!(uptime(&[span(SpanKind::Asleep, 0, 9, 0)], INTERVAL, at(0), at(9)), None);
}

#[test]
fn a_range_cuts_what_reaches_beyond_it() {
    let strip = reckon(&life(), INTERVAL, at(1785), at(3870));
    assert_eq!(strip.spans.len(), 2);
    assert_eq!((strip.beats, strip.spans[0].from, strip.spans[1].to), (60, at(1785), at(3870)));
    assert_eq!(reckon(&life(), INTERVAL, at(30_000), at(40_000)).beats, 0);
}

#[test]
fn a_silence_that_is_longer_than_the_range_fills_it() {
    let spans = [span(SpanKind::Confirmed, 0, 600, 21), span(SpanKind::Missed, 600, 1500, 0)];
    let hour = reckon(&spans, INTERVAL, at(7200), at(10_800));
    assert_eq!((hour.gaps, hour.beats), (1, 0));
    let longest = hour.longest.unwrap();
    assert_eq!((longest.from, longest.to), (at(7200), at(10_800)));
    assert_eq!(hour.uptime, Some(Uptime { awake: 0.0, raw: 0.0 }));
    // A stop that was asked for is no gap, however long.
    let spans = [span(SpanKind::Confirmed, 0, 600, 21), span(SpanKind::NotRunning, 600, 601, 0)];
    let hour = reckon(&spans, INTERVAL, at(7200), at(10_800));
    assert_eq!((hour.gaps, hour.spans.len(), hour.uptime), (0, 1, None));
}

#[test]
fn one_beat_that_was_not_taken_is_a_gap_from_beat_to_beat() {
    use SpanKind::{Confirmed, Unconfirmed};
    let spans = [span(Confirmed, 0, 300, 11), span(Unconfirmed, 330, 330, 1), span(Confirmed, 360, 600, 9)];
    let longest = reckon(&spans, INTERVAL, at(0), at(610)).longest.unwrap();
    assert_eq!((longest.from, longest.to), (at(300), at(360)));
}

#[test]
fn the_last_span_grows_and_beats_do_not_grow_for_ever() {
    let missed = reckon(&[span(SpanKind::Missed, 0, 10, 0)], INTERVAL, at(0), at(500));
    assert_eq!(missed.spans[0].to, at(500));
    let beating = reckon(&[span(SpanKind::Confirmed, 0, 10, 1)], INTERVAL, at(0), at(500));
    assert_eq!(beating.spans[0].to, at(100));
}

#[test]
fn a_month_of_flapping_is_condensed_and_loses_no_outage_and_no_beat() {
    let spans: Vec<_> = (0..50_000_u64)
        .flat_map(|n| {
            [span(SpanKind::Confirmed, n * 50, n * 50 + 40, 4), span(SpanKind::Missed, n * 50 + 41, n * 50 + 49, 0)]
        })
        .collect();
    let strip = reckon(&spans, Duration::from_secs(10), at(0), at(2_500_000));
    assert!(strip.spans.len() <= DRAWN, "{}", strip.spans.len());
    assert!(strip.spans.iter().any(|span| span.kind == SpanKind::Missed));
    assert_eq!((strip.beats, strip.gaps), (200_000, 50_000));
    assert_eq!(strip.spans.iter().map(|span| u64::from(span.beats)).sum::<u64>(), 200_000);
}

proptest! {
    /// Whatever the spans and wherever the range: shares are shares, raw is never above awake, nothing leaves the range.
    #[test]
    fn numbers_stay_within_what_they_mean(
        steps in prop::collection::vec((0_usize..6, 0_u64..4000, 0_u64..4000), 0..60),
        from in 0_u64..50_000,
        length in 1_u64..100_000,
    ) {
        use SpanKind::{Asleep, Confirmed, Missed, NotRunning, OwnNetwork, Unconfirmed};
        let kinds = [Confirmed, Unconfirmed, Missed, Asleep, OwnNetwork, NotRunning];
        let mut now = 0;
        let mut spans = Vec::new();
        for (kind, pause, length) in steps {
            spans.push(span(kinds[kind], now + pause, now + pause + length, 3));
            now += pause + length + 1;
        }
        let strip = reckon(&spans, INTERVAL, at(from), at(from + length));
        for span in &strip.spans {
            prop_assert!(span.from >= strip.from && span.to <= strip.to && span.from <= span.to, "{span:?}");
        }
        if let Some(uptime) = strip.uptime {
            prop_assert!((0.0..=1.0).contains(&uptime.awake) && (0.0..=uptime.awake + 1e-9).contains(&uptime.raw), "{uptime:?}");
        }
        prop_assert!(strip.longest.is_some() == (strip.gaps > 0));
    }
}
