//! `kill -9` at any moment: what was sent 250 ms before is there, the file is sound, and the record goes on.
#![cfg(unix)]

mod common;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use beatkeeper_core::alert::{DeliveryState, Incident};
use beatkeeper_core::history::{HistoryRow, SpanKind};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::notice::NoticeId;
use beatkeeper_store::{APP_ENDED, Reader, Store, Writer};
use common::{agent, at, connection, delivery, incident, notice, notice_id, span, transition};

const DIRECTORY: &str = "BEATKEEPER_TEST_DIRECTORY";
const FIRST: &str = "BEATKEEPER_TEST_FIRST_NUMBER";
const ROUNDS: usize = 12;
const MAY_BE_LOST: Duration = Duration::from_millis(250);

#[test]
fn a_kill_takes_at_most_the_last_250_ms() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite3");
    let mut first = 0;
    for round in 0..ROUNDS {
        let wait = Duration::from_millis(RandomState::new().hash_one(round) % 1_500);
        let heard = run_and_kill(directory.path(), first, wait);
        let kept = check(&path);

        // A number was heard after it was sent: heard 250 ms before the kill, it was sent even earlier.
        let Heard { last, must_be_kept, starved } = heard;
        println!(
            "round {round}: killed after {wait:?}; heard {last:?}, must keep {must_be_kept:?}, kept {kept:?}; the machine \
             was {starved:?} late"
        );
        assert!(kept >= must_be_kept, "round {round} lost rows: must keep {must_be_kept:?}, kept {kept:?}");
        assert!(kept >= first.checked_sub(1), "round {round} lost rows of an earlier one");
        first = kept.map_or(0, |kept| kept + 1);
    }
    assert!(first > 100, "the child wrote only {first} rows");
}

#[derive(Debug)]
struct Heard {
    last: Option<u64>,
    /// The last one heard 250 ms before the kill, and earlier by as much as the machine was late to wake a thread.
    must_be_kept: Option<u64>,
    starved: Duration,
}

/// Lets a child write numbers from `first` on, and kills it.
fn run_and_kill(directory: &Path, first: u64, wait: Duration) -> Heard {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "writes_until_it_is_killed", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = listen(child.stdout.take().expect("piped"), Arc::clone(&heard));
    common::eventually("the child writes", || !heard.lock().expect("no panic").is_empty());
    let starved = sleep_and_watch(wait);
    let killed_at = kill(&mut child);
    listener.join().expect("no panic");
    let heard = heard.lock().expect("no panic");
    let last = heard.last().map(|(number, _)| *number);
    let lost = MAY_BE_LOST + starved;
    let must_be_kept = heard.iter().rev().find(|(_, when)| *when + lost <= killed_at).map(|(number, _)| *number);
    Heard { last, must_be_kept, starved }
}

/// Sleeps in short steps. Gives the longest time by which the machine woke this thread late: while it runs more programs
/// than it has processors, it does the same to the child's writer, and no program can hold a promise it has no time for.
fn sleep_and_watch(wait: Duration) -> Duration {
    let step = Duration::from_millis(10);
    let end = Instant::now() + wait;
    let mut latest = Duration::ZERO;
    while Instant::now() < end {
        let before = Instant::now();
        std::thread::sleep(step);
        latest = latest.max(before.elapsed().saturating_sub(step));
    }
    latest
}

fn listen(stdout: ChildStdout, heard: Arc<Mutex<Vec<(u64, Instant)>>>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(number) = line.strip_prefix("sent ").and_then(|number| number.parse().ok()) {
                heard.lock().expect("no panic").push((number, Instant::now()));
            }
        }
    })
}

/// SIGKILL. The moment is taken before: nothing written later counts for us.
fn kill(child: &mut Child) -> Instant {
    let now = Instant::now();
    child.kill().expect("it was running");
    child.wait().expect("it ends");
    now
}

/// Checks all that must be true of the file after a kill; gives the last number that was kept.
fn check(path: &Path) -> Option<u64> {
    let sound: String = rusqlite::Connection::open(path)
        .expect("opens")
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("reads");
    assert_eq!(sound, "ok");

    let now = at(1_000_000_000);
    let writer = Writer::start(Store::open(path).expect("opens"), now).expect("starts");
    let reader = writer.reader().expect("opens");
    let kept = last_kept(&reader);
    let last = kept?;
    let changes = reader.transitions(&agent(1), u32::MAX, None).expect("reads");
    assert_eq!(changes.len() as u64, last + 1, "a number is missing in between");

    // A number's span is sent after its change, so each kill may have parted one from the other.
    let spans = reader.spans(&agent(1), at(0), now).expect("reads");
    assert!(spans.iter().map(|span| u64::from(span.beats)).sum::<u64>().abs_diff(last + 1) <= ROUNDS as u64);
    check_alerts(&reader, last);
    for link in reader.connections(&agent(1), u32::MAX, None).expect("reads") {
        assert_eq!(link.cause.as_deref(), Some(APP_ENDED));
        assert!(link.closed_at.is_some_and(|closed| closed <= at(last + 1)), "closed at {:?}", link.closed_at);
    }
    writer.close().expect("closes");
    kept
}

/// Of every hundredth number an incident was opened, told and sent, before the change that says so.
fn check_alerts(reader: &Reader, last: u64) {
    let incidents = reader.incidents(Some(&agent(1)), true, u32::MAX, None).expect("reads");
    let told: Vec<NoticeId> = incidents.iter().filter_map(|incident| incident.notice).collect();
    assert_eq!(told.len(), incidents.len());
    let expected: Vec<NoticeId> = (0..=last).filter(|number| number.is_multiple_of(100)).map(notice_id).collect();
    let waiting = reader.deliveries_waiting().expect("reads");
    let sent: Vec<NoticeId> = waiting.iter().map(|(delivery, _)| delivery.notice).collect();
    for number in expected {
        assert!(told.contains(&number), "the incident of {number:?} is missing");
        assert!(sent.contains(&number), "the delivery of {number:?}, or its notice, is missing");
    }
}

fn last_kept(reader: &Reader) -> Option<u64> {
    let newest = reader.transitions(&agent(1), 1, None).expect("reads");
    newest.first().map(|change| change.at.as_millis() - at(0).as_millis())
}

/// The child. Not a test of its own.
#[test]
#[ignore = "run by the test above"]
fn writes_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let writer = common::open(directory.as_ref());
    let mut out = std::io::stdout();
    let end = Instant::now() + Duration::from_secs(30);
    writer.send(HistoryRow::Connection(connection(1, first, Some(first), None)));
    let mut number = first;
    while Instant::now() < end {
        if number.is_multiple_of(100) {
            writer.send(HistoryRow::Incident(Box::new(Incident {
                notice: Some(notice_id(number)),
                ..incident(1, number)
            })));
            writer.send(HistoryRow::Notice(Box::new(notice(number, &[1]))));
            writer.send(HistoryRow::Delivery(delivery(number, "team", DeliveryState::Waiting, number)));
        }
        let mut change = transition(1, number, Liveness::Active, Liveness::Late);
        // Enough to write that checkpoints are under way at some of the kills.
        change.sentence = format!("{number:0900}");
        writer.send(HistoryRow::Transition(change));
        let beats = u32::try_from(number - first + 1).unwrap();
        writer.send(HistoryRow::Span(span(1, SpanKind::Confirmed, first, number, beats)));
        writeln!(out, "\nsent {number}").unwrap();
        out.flush().unwrap();
        number += 1;
        std::thread::sleep(Duration::from_micros(500));
    }
}
