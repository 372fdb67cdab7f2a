//! What the tests write.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::path::Path;
use std::time::{Duration, Instant};

use beatkeeper_core::history::{AgentMemory, Connection, HistoryRow, Span, SpanKind, Transition};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::time::Time;
use beatkeeper_store::{Store, Writer};

pub(crate) fn at(millis: u64) -> Time {
    Time::from_millis(1_790_000_000_000 + millis)
}

pub(crate) fn agent(number: u32) -> EntityId {
    format!("zns:{number:032x}").parse().expect("a good id")
}

pub(crate) fn open(directory: &Path) -> Writer {
    let store = Store::open(directory.join("history.sqlite3")).expect("opens");
    Writer::start(store, at(1_000_000_000)).expect("starts")
}

pub(crate) fn span(of: u32, kind: SpanKind, from: u64, to: u64, beats: u32) -> Span {
    let cause = if kind == SpanKind::Confirmed { "" } else { "link.refused" };
    Span { agent: agent(of), kind, cause: cause.into(), from: at(from), to: at(to), beats }
}

pub(crate) fn connection(of: u32, dialled: u64, opened: Option<u64>, closed: Option<u64>) -> Connection {
    let is_closed = closed.is_some();
    Connection {
        agent: agent(of),
        dialled_at: at(dialled),
        opened_at: opened.map(at),
        closed_at: closed.map(at),
        beats: 12,
        confirmed: 11,
        close_code: is_closed.then_some(1006),
        cause: is_closed.then(|| "link.lost".into()),
        cause_sentence: is_closed.then(|| "The connection broke – „einfach so“.".into()),
        attempts: 3,
        waits_ms: vec![1_000, 60_000, 0],
    }
}

pub(crate) fn transition(of: u32, when: u64, from: Liveness, to: Liveness) -> Transition {
    Transition {
        agent: agent(of),
        at: at(when),
        from,
        to,
        cause: "link.refused".into(),
        sentence: format!("It was {from} and is {to}."),
    }
}

pub(crate) fn memory(of: u32, liveness: Liveness, since: u64) -> AgentMemory {
    AgentMemory {
        agent: agent(of),
        liveness,
        since: at(since),
        last_confirmed_at: Some(at(since)),
        alerted: true,
        snoozed_until: Some(at(since + 3600)),
    }
}

pub(crate) fn send_spans(writer: &Writer, spans: &[Span]) {
    for span in spans {
        writer.send(HistoryRow::Span(span.clone()));
    }
}

/// Waits until it is so; fails the test after ten seconds.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "not within 10 s: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
