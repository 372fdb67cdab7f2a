//! What processes cost: kept fine for a day, coarse for a month, and small.

mod common;

use std::time::Duration;

use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::history::usage::{UsageBucket, UsageStep};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::UsageView;
use beatkeeper_store::{Reader, Writer};
use common::{agent, eventually, memory, open};

const QUARTER: Duration = Duration::from_secs(900);
const HOUR: u64 = 4;
const DAY: u64 = 24 * HOUR;
const MB: u64 = 1 << 20;

/// So many quarters of an hour after a midnight at which four days begin.
fn quarter(number: u64) -> Time {
    Time::from_millis(345_600_000 * 5_200) + QUARTER * u32::try_from(number).expect("a few months")
}

/// A whole bucket that differs from its neighbours.
fn bucket(number: u64) -> UsageBucket {
    let sample = UsageView {
        cpu_percent: (number % 7) as f32,
        memory_bytes: (80 + number % 11) * MB,
        threads: 9,
        open_files: Some(31),
        processes: 1,
        at: quarter(number),
    };
    let mut bucket = UsageBucket::of(&sample, 0);
    for _ in 1..180 {
        bucket.join(&UsageBucket::of(&sample, 0));
    }
    bucket
}

fn send(writer: &Writer, of: u32, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        writer.send(HistoryRow::Usage(agent(of), bucket(number)));
    }
    writer.flush().expect("the writer writes");
}

fn all(reader: &Reader, of: u32) -> Vec<UsageBucket> {
    reader.usage(&agent(of), Time::ZERO, Time::from_millis(u64::MAX)).expect("the history is read")
}

fn count(reader: &Reader, of: u32, step: UsageStep) -> usize {
    all(reader, of).iter().filter(|bucket| bucket.step == step).count()
}

#[test]
fn buckets_are_read_as_they_were_written_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    // Over the end of a row, with a gap.
    let numbers: Vec<u64> = (20..30).chain(40..43).collect();
    send(&writer, 1, numbers.iter().copied().rev());
    send(&writer, 2, [22]);
    writer.close().unwrap();

    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    let written: Vec<_> = numbers.iter().map(|number| bucket(*number)).collect();
    assert_eq!(all(&reader, 1), written);
    let between = |from, to| reader.usage(&agent(1), from, to).unwrap();
    assert_eq!(between(quarter(22) + QUARTER / 2, quarter(24)), [bucket(22), bucket(23), bucket(24)]);
    assert_eq!(between(quarter(30), quarter(40) - Duration::from_millis(1)), []);
    assert_eq!(all(&reader, 2), [bucket(22)]);
    assert_eq!((all(&reader, 3), between(quarter(40), quarter(20))), (vec![], vec![]));
    send(&writer, 1, [29]);
    assert_eq!(all(&reader, 1), written);
}

#[test]
fn the_bucket_that_goes_on_is_replaced_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    assert!(reader.open_usage(quarter(8)).unwrap().is_empty());
    send(&writer, 1, [7, 8]);
    send(&writer, 2, [7]);
    let mut more = bucket(8);
    more.starts = 2;
    writer.send(HistoryRow::Usage(agent(1), bucket(8)));
    writer.send(HistoryRow::Usage(agent(1), more));
    writer.flush().unwrap();
    assert_eq!(all(&reader, 1), [bucket(7), more]);
    let open = reader.open_usage(quarter(8) + QUARTER / 3).unwrap();
    assert_eq!(open.into_iter().collect::<Vec<_>>(), [(agent(1), more)]);
}

#[test]
fn what_is_a_day_old_is_thinned_and_what_is_too_old_is_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    send(&writer, 1, 0..12 * DAY);
    send(&writer, 2, 0..HOUR);
    // One of whom nothing else is known is not lost by a sweep, either.
    writer.prune(Time::ZERO);
    eventually("it is thinned", || count(&reader, 1, UsageStep::Fine) <= 30 * HOUR as usize);
    eventually("also of one that ran once", || count(&reader, 2, UsageStep::Fine) == 0);
    let kept = all(&reader, 1);
    let fine: Vec<_> = kept.iter().filter(|bucket| bucket.step == UsageStep::Fine).copied().collect();
    assert!(fine.len() >= DAY as usize, "a day stays: {}", fine.len());
    assert_eq!(fine, (12 * DAY - fine.len() as u64..12 * DAY).map(bucket).collect::<Vec<_>>());
    assert!(kept.windows(2).all(|pair| pair[0].to() == pair[1].from), "nothing is lost, and nothing is twice");
    assert_eq!(kept[0].from, quarter(0));
    let first = kept[0];
    assert_eq!((first.samples, first.cpu_max, first.memory_max), (24 * 180, 60, 90 * MB));

    // Once more changes nothing.
    writer.prune(Time::ZERO);
    send(&writer, 2, [12 * DAY - 1]);
    assert_eq!(all(&reader, 1), kept);

    // Four days lie in a row, and go with its last.
    writer.prune(quarter(8 * DAY) - Duration::from_millis(1));
    eventually("the first days are gone", || all(&reader, 1)[0].from >= quarter(4 * DAY));
    assert_eq!(all(&reader, 1)[0].from, quarter(4 * DAY));
    eventually("of everybody", || all(&reader, 2).len() == 1);
}

#[test]
fn who_is_forgotten_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    send(&writer, 1, 0..2);
    send(&writer, 2, 0..2);
    writer.send(HistoryRow::Usage(agent(1), bucket(5)));
    writer.forget(&agent(1));
    writer.send(HistoryRow::Memory(memory(3, Liveness::Active, 5)));
    writer.flush().unwrap();
    let reader = writer.reader().unwrap();
    assert_eq!((all(&reader, 1).len(), all(&reader, 2).len()), (0, 2));
    // One who comes back begins anew.
    send(&writer, 1, [7]);
    assert_eq!(all(&reader, 1), [bucket(7)]);
}

#[test]
fn an_agents_month_takes_little_more_than_a_kilobyte_before_pages() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    send(&writer, 1, 0..30 * DAY);
    writer.prune(Time::ZERO);
    eventually("it is thinned", || count(&reader, 1, UsageStep::Fine) <= 30 * HOUR as usize);
    writer.close().unwrap();
    let file = rusqlite::Connection::open(directory.path().join("history.sqlite3")).unwrap();
    let (rows, bytes): (u32, u32) = file
        .query_row("SELECT count(*), sum(length(buckets)) FROM usage", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    // A month less 30 hours in rows of four days, and 30 hours in rows of six; 120 fine and 115 coarse buckets.
    assert_eq!(rows, 8 + 5);
    assert!((1_000..1_500).contains(&bytes), "{bytes} bytes");
}
