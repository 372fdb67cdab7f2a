//! What the tests write.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::path::Path;
use std::time::{Duration, Instant};

use beatkeeper_core::alert::{Delivery, DeliveryState, Drill, Fault, Held, Incident};
use beatkeeper_core::history::{AgentMemory, Connection, HistoryRow, Span, SpanKind, Transition};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::notice::{Notice, NoticeAgent, NoticeId, NoticeKind};
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
        counts: from == Liveness::Active && to.is_missing() || from.is_missing() && to == Liveness::Active,
    }
}

pub(crate) fn memory(of: u32, liveness: Liveness, since: u64) -> AgentMemory {
    AgentMemory { agent: agent(of), liveness, since: at(since), last_confirmed_at: Some(at(since)) }
}

/// One that goes on, and of which nobody was told.
pub(crate) fn incident(of: u32, opened: u64) -> Incident {
    Incident {
        agent: agent(of),
        opened_at: at(opened),
        last_beat: None,
        worst: Liveness::Late,
        cause: "link.refused".into(),
        sentence: "The registry refuses connections.".into(),
        fault: Fault::Registry,
        flapping: false,
        told_at: None,
        told: None,
        notice: None,
        escalated_at: None,
        held: Some(Held::Quiet),
        acknowledged_at: None,
        acknowledged_until: None,
        resolved_at: None,
        resolution: None,
        drill: false,
    }
}

/// A notice told at that moment, which is its id.
pub(crate) fn notice(when: u64, of: &[u32]) -> Notice {
    let about = |number: &u32| NoticeAgent {
        id: agent(*number),
        name: format!("agent-{number}"),
        opened_at: at(when),
        last_beat: Some(at(0)),
    };
    Notice {
        id: notice_id(when),
        kind: NoticeKind::Stale,
        agents: of.iter().map(about).collect(),
        registry: "lab".into(),
        cause: "link.refused".into(),
        fault: Fault::Registry,
        title: "agent-1 went stale".into(),
        body: "„Why“, since when".into(),
        at: at(when),
        supersedes: vec![NoticeId(1)],
        urgent: true,
        channels: Some(["team".to_owned()].into()),
    }
}

pub(crate) fn notice_id(when: u64) -> NoticeId {
    NoticeId(at(when).as_millis())
}

pub(crate) fn delivery(notice: u64, channel: &str, state: DeliveryState, when: u64) -> Delivery {
    let waits = state == DeliveryState::Waiting;
    Delivery {
        notice: notice_id(notice),
        channel: channel.into(),
        state,
        attempts: 3,
        problem: (state != DeliveryState::Delivered).then(|| "500 Internal Server Error".into()),
        next_at: waits.then(|| at(when + 60_000)),
        at: at(when),
    }
}

pub(crate) fn black_box(of: u32, opened: u64) -> HistoryRow {
    HistoryRow::BlackBox { agent: agent(of), opened_at: at(opened), json: format!("{{\"of\":{of}}}") }
}

pub(crate) fn drill(of: u32, started: u64) -> Drill {
    Drill {
        agent: agent(of),
        name: format!("agent-{of}"),
        started_at: at(started),
        silent_since: Some(at(started)),
        due_at: Some(at(started + 10)),
        detected_at: Some(at(started + 12)),
        told_at: None,
        resumed_at: None,
        recovered_at: None,
        ended_at: None,
        problem: Some("The agent does not beat here.".into()),
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
