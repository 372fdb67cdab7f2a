//! A disk that does not take the rows.

use std::time::{Duration, Instant};

use beatkeeper_core::history::Transition;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::notice::Notice;
use rusqlite::TransactionBehavior;

use super::*;

fn agent(number: u32) -> EntityId {
    format!("zns:{number:032x}").parse().unwrap()
}

fn row(of: u32, at: u64) -> HistoryRow {
    HistoryRow::Transition(Transition {
        agent: agent(of),
        at: Time::from_millis(at),
        from: Liveness::Active,
        to: Liveness::Late,
        cause: "link.refused".into(),
        sentence: format!("{at:01000}"),
        counts: true,
    })
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "not within 10 s: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kept(writer: &Writer, of: u32) -> usize {
    writer.reader().unwrap().transitions(&agent(of), u32::MAX, None).unwrap().len()
}

#[test]
fn a_full_disk_is_told_and_survived() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path().join("history.sqlite3")).unwrap();
    store.connection.pragma_update(None, "max_page_count", 100).unwrap();
    let writer = Writer::start(store, Time::ZERO).unwrap();
    for at in 0..40 {
        writer.send(row(1, at));
    }
    writer.flush().unwrap();
    for at in 0..300 {
        writer.send(row(2, at));
    }
    eventually("the disk is full", || writer.problem().is_some());
    let problem = writer.problem().unwrap();
    assert!(problem.contains("the disk is full. 300 rows wait"), "{problem}");
    assert_eq!(writer.problem_code(), Some("store.full"));
    eventually("it is tried again", || writer.failures() >= 2);
    assert_eq!(writer.flush().unwrap_err().code(), "store.full");
    assert_eq!((kept(&writer, 1), kept(&writer, 2)), (40, 0));

    // Room is made: what fits is written, nothing in between was lost.
    writer.send(row(3, 7));
    writer.forget(&agent(2));
    eventually("the problem is over", || writer.problem().is_none());
    assert_eq!((kept(&writer, 1), kept(&writer, 2), kept(&writer, 3)), (40, 0, 1));
    assert_eq!(writer.dropped(), 0);
    writer.close().unwrap();
}

#[test]
fn a_file_held_by_another_program_delays_rows_and_loses_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite3");
    let store = Store::open(&path).unwrap();
    store.connection.busy_timeout(Duration::from_millis(10)).unwrap();
    let writer = Writer::start(store, Time::ZERO).unwrap();
    let mut other = rusqlite::Connection::open(&path).unwrap();
    let hold = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    for at in 0..1_000 {
        writer.send(row(1, at));
    }
    eventually("the problem is told", || writer.problem_code() == Some("store.busy"));
    for at in 0..2_000 {
        writer.send(row(1, at));
    }
    assert_eq!(writer.flush().unwrap_err().code(), "store.busy");
    drop(hold);
    eventually("the problem is over", || writer.problem().is_none());
    assert_eq!(kept(&writer, 1), 2_000);
}

#[test]
fn too_many_waiting_rows_are_dropped_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite3");
    let store = Store::open(&path).unwrap();
    store.connection.busy_timeout(Duration::from_millis(1)).unwrap();
    let writer = Writer::start(store, Time::ZERO).unwrap();
    let mut other = rusqlite::Connection::open(&path).unwrap();
    let hold = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let sent = CAPACITY as u64 + 100;
    for at in 0..sent {
        writer.send(row(1, at));
    }
    assert_eq!(writer.dropped(), 100);
    // A newer row in the place of a waiting one needs no room.
    writer.send(row(1, 0));
    assert_eq!(writer.dropped(), 100);
    // An alert is taken when no beat is.
    writer.send(HistoryRow::Notice(Box::new(Notice::test(Time::ZERO))));
    assert_eq!(writer.dropped(), 100);

    // Closing gives up after one try, and says so.
    assert_eq!(writer.close().unwrap_err().code(), "store.busy");
    assert_eq!(writer.dropped(), sent + 1);
    drop(hold);
}

#[test]
fn what_is_committed_reaches_the_file_while_it_is_open() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite3");
    let writer = Writer::start(Store::open(&path).unwrap(), Time::ZERO).unwrap();
    let size = || std::fs::metadata(&path).unwrap().len();
    let before = size();
    // A reader that is under way must not stop it for good.
    let reader = writer.reader().unwrap();
    let mut at = 0;
    eventually("a checkpoint", || {
        for _ in 0..200 {
            writer.send(row(1, at));
            at += 1;
        }
        writer.flush().unwrap();
        reader.transitions(&agent(1), 10, None).unwrap();
        size() > before + (1 << 20)
    });
    let log = std::fs::metadata(directory.path().join("history.sqlite3-wal")).unwrap().len();
    assert!(log < 32 << 20, "the log has {log} bytes");
    assert_eq!(kept(&writer, 1) as u64, at);
}

#[test]
fn a_thread_that_panicked_keeps_nobody_waiting() {
    let shared = Arc::new(Shared { state: Mutex::default(), wake: Condvar::new() });
    let (done, written) = mpsc::sync_channel(1);
    shared.lock().flushes.push(done);
    let ended = thread::Ended(Arc::clone(&shared));
    let panicked = std::thread::spawn(move || {
        let _ended = ended;
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    assert!(written.recv().is_err());
    assert!(shared.lock().closed);
    assert!(shared.lock().problem.is_some());
}
