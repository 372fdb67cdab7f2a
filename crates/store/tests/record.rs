//! What is written is read again, over restarts, until it is deleted.

mod common;

use std::collections::HashMap;

use beatkeeper_core::history::{HistoryRow, SpanKind};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::StripSpan;
use beatkeeper_store::{APP_ENDED, Store, Writer};
use common::{agent, at, connection, eventually, memory, open, send_spans, span, transition};

#[test]
fn rows_are_read_as_they_were_written() {
    let directory = tempfile::tempdir().unwrap();
    let spans = [
        span(1, SpanKind::Confirmed, 0, 60_000, 3),
        span(1, SpanKind::Missed, 60_000, 90_000, 1),
        span(1, SpanKind::Asleep, 90_000, 95_000, 0),
        span(1, SpanKind::OwnNetwork, 95_000, 96_000, 0),
        span(1, SpanKind::NotRunning, 96_000, 97_000, 0),
        span(1, SpanKind::Unconfirmed, 97_000, 97_000, u32::MAX),
    ];
    let lost = connection(1, 0, Some(40), Some(90_000));
    let mut dialling = connection(1, 100_000, None, None);
    dialling.waits_ms = Vec::new();
    let late = transition(1, 90_000, Liveness::Active, Liveness::Late);
    let mut known = memory(1, Liveness::Late, 90_000);
    known.last_confirmed_at = None;

    let writer = open(directory.path());
    send_spans(&writer, &spans);
    writer.send(HistoryRow::Connection(lost.clone()));
    writer.send(HistoryRow::Connection(dialling.clone()));
    writer.send(HistoryRow::Transition(late.clone()));
    writer.send(HistoryRow::Memory(known.clone()));
    writer.flush().unwrap();

    let reader = writer.reader().unwrap();
    assert_eq!(reader.spans(&agent(1), at(0), at(200_000)).unwrap(), spans);
    assert_eq!(reader.latest_spans().unwrap(), spans[5..]);
    assert_eq!(reader.connections(&agent(1), 10, None).unwrap(), [dialling, lost]);
    assert_eq!(reader.transitions(&agent(1), 10, None).unwrap(), [late]);
    assert_eq!(reader.memories().unwrap(), [known]);

    assert!(reader.spans(&agent(2), at(0), at(200_000)).unwrap().is_empty());
    assert!(reader.connections(&agent(2), 10, None).unwrap().is_empty());
    assert!(reader.transitions(&agent(2), 10, None).unwrap().is_empty());
    assert_eq!(reader.reconnects_since(&agent(2), at(0)).unwrap(), 0);
    assert_eq!((writer.problem(), writer.failures(), writer.dropped()), (None, 0, 0));
}

#[test]
fn rows_are_committed_without_being_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    writer.send(HistoryRow::Memory(memory(1, Liveness::Active, 5)));
    eventually("the row is there", || reader.memories().unwrap().len() == 1);
    for number in 0..5_000 {
        writer.send(HistoryRow::Memory(memory(number, Liveness::Active, 5)));
    }
    eventually("all rows are there", || reader.memories().unwrap().len() == 5_000);
}

#[test]
fn a_row_with_the_same_key_replaces_the_earlier_one() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    for beats in 1..=5 {
        let to = u64::from(beats) * 30_000;
        send_spans(&writer, &[span(1, SpanKind::Confirmed, 0, to, beats)]);
        writer.send(HistoryRow::Memory(memory(1, Liveness::Active, to)));
        let mut link = connection(1, 0, Some(40), (beats == 5).then_some(to));
        link.beats = beats;
        writer.send(HistoryRow::Connection(link.clone()));
        if beats % 2 == 1 {
            writer.flush().unwrap();
            let expected = [span(1, SpanKind::Confirmed, 0, to, beats)];
            assert_eq!(reader.spans(&agent(1), at(0), at(to)).unwrap(), expected);
            assert_eq!(reader.connections(&agent(1), 10, None).unwrap(), [link]);
            assert_eq!(reader.memories().unwrap(), [memory(1, Liveness::Active, to)]);
        }
    }
}

#[test]
fn pages_go_back_in_time_without_a_gap() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    for n in 0..7 {
        writer.send(HistoryRow::Connection(connection(1, n * 1_000, Some(n * 1_000 + 1), Some(n * 1_000 + 2))));
        writer.send(HistoryRow::Transition(transition(1, n * 1_000, Liveness::Active, Liveness::Late)));
        writer.send(HistoryRow::Transition(transition(1, n * 1_000, Liveness::Late, Liveness::Stale)));
    }
    writer.flush().unwrap();
    let reader = writer.reader().unwrap();

    let mut dials = Vec::new();
    let mut before = None;
    loop {
        let page = reader.connections(&agent(1), 3, before).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.dialled_at);
        dials.extend(page.iter().map(|c| c.dialled_at));
    }
    assert_eq!(dials, (0..7).rev().map(|n| at(n * 1_000)).collect::<Vec<_>>());

    // Two changes of one millisecond are never torn apart, and the later one comes first.
    let page = reader.transitions(&agent(1), 3, None).unwrap();
    assert_eq!(
        page.iter().map(|t| t.to).collect::<Vec<_>>(),
        [Liveness::Stale, Liveness::Late, Liveness::Stale, Liveness::Late]
    );
    assert_eq!(reader.transitions(&agent(1), 100, Some(page[3].at)).unwrap().len(), 10);
    assert_eq!(reader.transitions(&agent(1), 0, None).unwrap(), []);
}

#[test]
fn strips_hold_what_touches_the_range() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    for of in [1, 2] {
        send_spans(
            &writer,
            &[
                span(of, SpanKind::Confirmed, 0, 10_000, 1),
                span(of, SpanKind::Missed, 10_001, 20_000, 2),
                span(of, SpanKind::Confirmed, 20_001, 30_000, 3),
                span(of, SpanKind::Unconfirmed, 30_001, 40_000, 4),
            ],
        );
    }
    writer.flush().unwrap();
    let reader = writer.reader().unwrap();
    let beats = |from, to| {
        let strips = reader.strips(&[agent(2), agent(3), agent(1), agent(2)], at(from), at(to)).unwrap();
        assert_eq!(strips.len(), 3);
        assert_eq!(strips[&agent(1)], strips[&agent(2)]);
        assert!(strips[&agent(3)].is_empty());
        let listed: Vec<u32> =
            reader.spans(&agent(1), at(from), at(to)).unwrap().into_iter().map(|span| span.beats).collect();
        let strip: Vec<u32> = strips[&agent(1)].iter().map(|span| span.beats).collect();
        assert_eq!(strip, listed);
        strip
    };
    assert_eq!(beats(0, 50_000), [1, 2, 3, 4]);
    assert_eq!(beats(15_000, 25_000), [2, 3]);
    assert_eq!(beats(10_000, 10_001), [1, 2]);
    assert_eq!(beats(40_000, 50_000), [4]);
    assert_eq!(beats(40_001, 50_000), [0; 0]);
    let strip = reader.strips(&[agent(1)], at(10_001), at(10_001)).unwrap();
    let cause = reader.spans(&agent(1), at(10_001), at(10_001)).unwrap()[0].cause.clone();
    let expected = StripSpan { kind: SpanKind::Missed, cause, from: at(10_001), to: at(20_000), beats: 2 };
    assert_eq!(strip, HashMap::from([(agent(1), vec![expected])]));
    assert!(reader.strips(&[], at(0), at(1)).unwrap().is_empty());

    // What was last so before the range, also when it ended long ago.
    let reaching = |from, to| {
        let strips = reader.strips_and_before(&[agent(1), agent(3)], at(from), at(to)).unwrap();
        assert!(strips[&agent(3)].is_empty());
        strips[&agent(1)].iter().map(|span| span.beats).collect::<Vec<_>>()
    };
    assert_eq!(reaching(15_000, 25_000), [2, 3]);
    assert_eq!(reaching(40_001, 50_000), [4]);
    assert_eq!(reaching(90_000, 99_000), [4]);
}

#[test]
fn only_lost_connections_that_opened_again_are_reconnects() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let mut asked = connection(1, 3_000, Some(3_001), Some(3_900));
    asked.close_code = Some(1000);
    let mut killed = connection(1, 4_000, Some(4_001), Some(4_900));
    killed.cause = Some(APP_ENDED.into());
    for row in [
        connection(1, 1_000, Some(1_001), Some(1_900)),
        connection(1, 2_000, None, Some(2_500)),
        connection(1, 2_600, Some(2_800), Some(2_900)),
        asked,
        killed,
        connection(1, 5_000, Some(5_001), Some(5_900)),
        connection(1, 6_000, Some(6_001), None),
    ] {
        writer.send(HistoryRow::Connection(row));
    }
    writer.flush().unwrap();
    let reader = writer.reader().unwrap();
    let since = |millis| reader.reconnects_since(&agent(1), at(millis)).unwrap();
    // Opened again at 2.8, 3.001 (after the loss at 2.9) and 6.001; not after the two that were not lost.
    assert_eq!(since(0), 3);
    assert_eq!(since(2_800), 3);
    assert_eq!(since(2_801), 2);
    assert_eq!(since(6_001), 1);
    assert_eq!(since(6_002), 0);
}

#[test]
fn a_restart_closes_what_was_left_open_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite3");
    let writer = open(directory.path());
    send_spans(
        &writer,
        &[
            span(1, SpanKind::Missed, 0, 900, 0),
            span(1, SpanKind::Confirmed, 1_000, 31_000, 2),
            span(2, SpanKind::Confirmed, 1_000, 2_000, 1),
        ],
    );
    for row in [
        connection(1, 1_000, Some(1_040), None),
        connection(2, 2_500, Some(2_540), None),
        connection(3, 70_000, None, None),
        connection(4, 100, Some(140), Some(200)),
        connection(5, 99_000, Some(99_001), None),
    ] {
        writer.send(HistoryRow::Connection(row));
    }
    writer.close().unwrap();

    let writer = Writer::start(Store::open(&path).unwrap(), at(80_000)).unwrap();
    let reader = writer.reader().unwrap();
    let closed = |of| reader.connections(&agent(of), 1, None).unwrap().remove(0);
    // Its own newest span; else the last thing written by anyone, but not after now, and not before it began.
    assert_eq!(closed(1).closed_at, Some(at(31_000)));
    assert_eq!(closed(2).closed_at, Some(at(80_000)));
    assert_eq!(closed(3).closed_at, Some(at(80_000)));
    assert_eq!(closed(5).closed_at, Some(at(99_001)));
    assert_eq!(closed(1).close_code, Some(1006));
    assert_eq!(closed(3).close_code, None);
    assert_eq!(closed(1).cause.as_deref(), Some(APP_ENDED));
    assert!(closed(1).cause_sentence.is_some_and(|sentence| sentence.contains("Beatkeeper")));
    assert_eq!(closed(4), connection(4, 100, Some(140), Some(200)));

    let mut latest = reader.latest_spans().unwrap();
    latest.sort_by_key(|span| span.agent.clone());
    assert_eq!(latest, [span(1, SpanKind::Confirmed, 1_000, 31_000, 2), span(2, SpanKind::Confirmed, 1_000, 2_000, 1)]);
    send_spans(&writer, &[span(1, SpanKind::Confirmed, 1_000, 91_000, 4)]);
    writer.flush().unwrap();
    assert_eq!(
        reader.spans(&agent(1), at(1_000), at(99_000)).unwrap(),
        [span(1, SpanKind::Confirmed, 1_000, 91_000, 4)]
    );
}

#[test]
fn a_forgotten_agent_leaves_nothing_and_may_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite3");
    let writer = open(directory.path());
    let write_all = |of: u32, secret: &str| {
        send_spans(&writer, &[span(of, SpanKind::Confirmed, 0, 10, 1)]);
        writer.send(HistoryRow::Connection(connection(of, 0, Some(1), Some(10))));
        let mut change = transition(of, 0, Liveness::Active, Liveness::Late);
        change.sentence = secret.into();
        writer.send(HistoryRow::Transition(change));
        writer.send(HistoryRow::Memory(memory(of, Liveness::Late, 0)));
    };
    write_all(1, "only said of one");
    write_all(2, "only said of two");
    writer.flush().unwrap();
    send_spans(&writer, &[span(1, SpanKind::Missed, 11, 20, 0)]);
    writer.forget(&agent(1));
    writer.flush().unwrap();

    let reader = writer.reader().unwrap();
    assert!(reader.spans(&agent(1), at(0), at(99)).unwrap().is_empty());
    assert!(reader.connections(&agent(1), 9, None).unwrap().is_empty());
    assert!(reader.transitions(&agent(1), 9, None).unwrap().is_empty());
    assert_eq!(reader.memories().unwrap(), [memory(2, Liveness::Late, 0)]);
    assert_eq!(reader.transitions(&agent(2), 9, None).unwrap()[0].sentence, "only said of two");
    eventually("its sentence is gone", || texts(&path) == ["link.lost", "link.refused", "only said of two", SAID]);

    write_all(1, "said again");
    writer.flush().unwrap();
    assert_eq!(reader.transitions(&agent(1), 9, None).unwrap()[0].sentence, "said again");
    assert_eq!(reader.spans(&agent(1), at(0), at(99)).unwrap(), [span(1, SpanKind::Confirmed, 0, 10, 1)]);
}

/// What `common::connection` says.
const SAID: &str = "The connection broke – „einfach so“.";

fn texts(path: &std::path::Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).expect("opens");
    let mut texts: Vec<String> = connection
        .prepare("SELECT text FROM texts")
        .expect("a good query")
        .query_map([], |row| row.get(0))
        .expect("reads")
        .collect::<Result<_, _>>()
        .expect("texts");
    texts.sort_by_key(|text| (text.contains('–'), text.clone()));
    texts
}

#[test]
fn pruning_takes_what_ended_before_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    for of in 0..50 {
        send_spans(
            &writer,
            &[
                span(of, SpanKind::Missed, 0, 999, 0),
                span(of, SpanKind::Confirmed, 1_000, 5_000, 9),
                span(of, SpanKind::Missed, 5_001, 6_000, 0),
            ],
        );
        for row in [
            connection(of, 0, None, Some(999)),
            connection(of, 1_000, Some(1_001), Some(5_000)),
            connection(of, 5_001, None, None),
        ] {
            writer.send(HistoryRow::Connection(row));
        }
        writer.send(HistoryRow::Transition(transition(of, 0, Liveness::Late, Liveness::Stale)));
        writer.send(HistoryRow::Transition(transition(of, 1_000, Liveness::Stale, Liveness::Active)));
        writer.send(HistoryRow::Memory(memory(of, Liveness::Active, 0)));
    }
    writer.flush().unwrap();
    writer.prune(at(1_000));
    // Rows that come meanwhile are written as ever.
    writer.send(HistoryRow::Transition(transition(0, 7_000, Liveness::Active, Liveness::Late)));

    let reader = writer.reader().unwrap();
    eventually("all agents are pruned", || {
        (0..50).all(|of| reader.spans(&agent(of), Time::ZERO, at(9_999)).unwrap().len() == 2)
    });
    writer.flush().unwrap();
    for of in 0..50 {
        assert_eq!(reader.spans(&agent(of), Time::ZERO, at(9_999)).unwrap()[0].from, at(1_000));
        assert_eq!(reader.connections(&agent(of), 9, None).unwrap().len(), 2);
        let changes = reader.transitions(&agent(of), 9, None).unwrap();
        assert_eq!(changes.len(), if of == 0 { 2 } else { 1 });
        assert_eq!(changes[0].cause, "link.refused");
        assert!(changes[0].sentence.starts_with("It was "), "{}", changes[0].sentence);
    }
    assert_eq!(reader.memories().unwrap().len(), 50);
    assert_eq!(writer.problem(), None);
}

#[test]
fn after_closing_rows_are_counted_and_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    writer.send(HistoryRow::Memory(memory(1, Liveness::Active, 0)));
    writer.close().unwrap();
    writer.close().unwrap();
    assert_eq!(writer.flush().unwrap_err().code(), "store.closed");
    writer.send(HistoryRow::Memory(memory(2, Liveness::Active, 0)));
    assert_eq!(writer.dropped(), 1);
    assert_eq!(writer.reader().unwrap().memories().unwrap(), [memory(1, Liveness::Active, 0)]);
    assert!(!directory.path().join("history.sqlite3-wal").metadata().is_ok_and(|log| log.len() > 0));
}

#[test]
fn readers_work_at_once_while_the_writer_writes() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    for span in reader.spans(&agent(1), at(0), at(99_999_999)).unwrap() {
                        // A span and its beats are written together or not at all.
                        assert_eq!(span.to, at(u64::from(span.beats)));
                    }
                }
            });
        }
        for beats in 1..=200 {
            send_spans(&writer, &[span(1, SpanKind::Confirmed, 0, u64::from(beats), beats)]);
            writer.flush().unwrap();
        }
    });
    assert_eq!(writer.problem(), None);
}

#[test]
fn a_very_long_sentence_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let mut change = transition(1, 0, Liveness::Active, Liveness::Late);
    change.sentence = "ä".repeat(5_000_000);
    writer.send(HistoryRow::Transition(change));
    writer.flush().unwrap();
    let changes = writer.reader().unwrap().transitions(&agent(1), 1, None).unwrap();
    assert_eq!(changes[0].sentence, "ä".repeat(1_000));
}
