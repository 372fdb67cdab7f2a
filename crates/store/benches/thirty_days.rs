//! A thousand agents' month, written in the order in which it happens: its size, and how long a strip takes.
//!
//! `cargo bench -p beatkeeper-store --bench thirty_days [-- AGENTS DAYS]`
//!
//! Each agent has 20 changes a day, which is a bad day: a healthy one is a single span. Two changes are one outage, and
//! an outage is also two changes of liveness and one connection lost and reopened. All of them run here, so that what their
//! processes cost is kept, too, and thinned once a day.
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

use beatkeeper_core::history::usage::UsageBucket;
use beatkeeper_core::history::{AgentMemory, Connection, HistoryRow, Span, SpanKind, Transition};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::UsageView;
use beatkeeper_store::{Store, Writer};

const BEGIN: u64 = 1_760_000_000_000;
const DAY: Duration = Duration::from_hours(24);
const OUTAGES_A_DAY: u32 = 10;
const QUARTER: Duration = Duration::from_mins(15);
const QUARTERS_A_DAY: u32 = 96;
const SIZE_TO_HOLD: f64 = 50.0;
const STRIP_TO_HOLD: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u32> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let agents = numbers.first().copied().unwrap_or(1_000);
    let days = numbers.get(1).copied().unwrap_or(30);
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("history.sqlite3");
    let ids: Vec<EntityId> = (0..agents).map(|n| format!("zns:{n:032x}").parse()).collect::<Result<_, _>>()?;

    let started = Instant::now();
    let writer = Writer::start(Store::open(&path)?, Time::from_millis(BEGIN))?;
    let rows = write_month(&writer, &ids, days)?;
    writer.close()?;
    println!("wrote {rows} rows in {:.1?}", started.elapsed());

    let megabytes = fs::metadata(&path)?.len() as f64 / 1e6;
    let verdict = if megabytes <= SIZE_TO_HOLD { "held" } else { "NOT HELD" };
    println!("size of {agents} agents, {days} days: {megabytes:.1} MB (hold {SIZE_TO_HOLD} MB: {verdict})");

    let started = Instant::now();
    let store = Store::open(&path)?;
    println!("opening and checking it: {:.1?}", started.elapsed());
    drop(store);

    let reader = beatkeeper_store::Reader::open(&path)?;
    let end = Time::from_millis(BEGIN) + DAY * days;
    let mut took = Vec::new();
    let mut spans = 0;
    for id in &ids {
        let started = Instant::now();
        let strips = reader.strips(std::slice::from_ref(id), Time::from_millis(BEGIN), end)?;
        took.push(started.elapsed());
        spans = strips.values().map(Vec::len).sum();
    }
    took.sort_unstable();
    let (median, p99, slowest) = (took[took.len() / 2], took[took.len() * 99 / 100], took[took.len() - 1]);
    let verdict = if slowest <= STRIP_TO_HOLD { "held" } else { "NOT HELD" };
    println!(
        "one agent's {days}-day strip of {spans} spans: median {median:.1?}, p99 {p99:.1?}, slowest {slowest:.1?} (hold \
         {STRIP_TO_HOLD:?}: {verdict})"
    );

    let started = Instant::now();
    let strips = reader.strips(&ids, end - DAY, end)?;
    let spans: usize = strips.values().map(Vec::len).sum();
    println!("24-hour strips of all agents at once: {:.1?} ({spans} spans)", started.elapsed());
    Ok(())
}

/// Outage by outage, all agents in each, as they come in real life: an agent's rows arrive far apart.
fn write_month(writer: &Writer, ids: &[EntityId], days: u32) -> Result<u64, Box<dyn Error>> {
    let mut rows = 0;
    let period = DAY / OUTAGES_A_DAY;
    for outage in 0..days * OUTAGES_A_DAY {
        for turn in 0..ids.len() {
            // In another order each time, so that no table is written front to back.
            let agent = (turn * 389 + outage as usize * 17) % ids.len();
            let id = &ids[agent];
            let begin =
                Time::from_millis(BEGIN) + period * outage + Duration::from_millis(agent as u64 * 7_919 % 60_000);
            for row in one_outage(id, begin, period) {
                writer.send(row);
                rows += 1;
            }
        }
        let quarters = |outage: u32| outage * QUARTERS_A_DAY / OUTAGES_A_DAY;
        for quarter in quarters(outage)..quarters(outage + 1) {
            for (agent, id) in ids.iter().enumerate() {
                writer.send(HistoryRow::Usage(id.clone(), cost(agent as u64, quarter)));
                rows += 1;
            }
            writer.flush()?;
        }
        writer.flush()?;
        if outage % OUTAGES_A_DAY == 0 {
            writer.prune(Time::ZERO);
        }
    }
    Ok(rows)
}

/// A process that is busy now and then, and whose memory and files grow and shrink.
fn cost(agent: u64, quarter: u32) -> UsageBucket {
    let noise = |salt: u64, below: u64| {
        let mixed = (agent << 32 | u64::from(quarter)).wrapping_add(salt << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) % below
    };
    let sample = |cpu: f32, megabytes: u64| UsageView {
        cpu_percent: cpu,
        memory_bytes: megabytes << 20,
        threads: 9,
        open_files: Some(30 + u32::try_from(noise(1, 8) / 7).unwrap_or_default()),
        processes: 1,
        at: Time::from_millis(BEGIN - BEGIN % 900_000) + QUARTER * quarter,
    };
    let (cpu, memory) = (noise(2, 80) as f32 / 10.0, 80 + agent % 40 + noise(3, 6));
    let mut bucket = UsageBucket::of(&sample(cpu + noise(4, 60) as f32, memory + 4), u32::from(noise(5, 40) == 0));
    for _ in 1..180 {
        bucket.join(&UsageBucket::of(&sample(cpu, memory), 0));
    }
    bucket
}

fn one_outage(id: &EntityId, begin: Time, period: Duration) -> [HistoryRow; 6] {
    let lost = begin + period - Duration::from_mins(10);
    let back = begin + period;
    let span = |kind, cause: &str, from, to, beats| {
        HistoryRow::Span(Span { agent: id.clone(), kind, cause: cause.into(), from, to, beats })
    };
    let transition = |at, from, to, cause: &str, sentence: String| {
        HistoryRow::Transition(Transition {
            agent: id.clone(),
            at,
            from,
            to,
            cause: cause.into(),
            sentence,
            counts: true,
        })
    };
    [
        span(SpanKind::Confirmed, "", begin, lost, 268),
        span(SpanKind::Missed, "link.refused", lost, back, 20),
        transition(
            lost,
            Liveness::Active,
            Liveness::Late,
            "link.refused",
            "The registry refuses connections: is it running?".into(),
        ),
        transition(back, Liveness::Late, Liveness::Active, "ok", "Beats are confirmed.".into()),
        HistoryRow::Connection(Connection {
            agent: id.clone(),
            dialled_at: begin,
            opened_at: Some(begin + Duration::from_millis(40)),
            closed_at: Some(lost),
            beats: 268,
            confirmed: 268,
            close_code: Some(1006),
            cause: Some("link.lost".into()),
            cause_sentence: Some("The connection broke without a close frame.".into()),
            attempts: 4,
            waits_ms: vec![800, 1_900, 3_100],
        }),
        HistoryRow::Memory(AgentMemory {
            agent: id.clone(),
            liveness: Liveness::Active,
            since: back,
            last_confirmed_at: Some(back),
        }),
    ]
}
