//! From facts to what is kept, and to what is read.

use std::fs;
use std::path::Path;

use beatkeeper_core::history::{Connection, HistoryRow, Transition};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_store::{Store, Writer};
use jiff::tz::TimeZone;

use super::{ID, NOW, before, facts};
use crate::blackbox::{BlackBox, Clean, Facts, Frozen, collect, markdown, read};

const SEED: &str = "4f8e1c2ad93b5f60718293a4b5c6d7e84f8e1c2ad93b5f60718293a4b5c6d7e8";

fn connection(dialled: u64, waits_ms: Vec<u64>) -> Connection {
    Connection {
        agent: ID.parse().unwrap(),
        dialled_at: before(dialled),
        opened_at: Some(before(dialled - 1)),
        closed_at: Some(before(dialled - 31)),
        beats: 2,
        confirmed: 1,
        close_code: Some(1006),
        cause: Some("link.broken".into()),
        cause_sentence: Some("the connection broke: reset by peer".into()),
        attempts: 3,
        waits_ms,
    }
}

fn transition(at: u64, from: Liveness, to: Liveness) -> Transition {
    Transition {
        agent: ID.parse().unwrap(),
        at: before(at),
        from,
        to,
        cause: "link.refused".into(),
        sentence: "Reconnecting: connection refused".into(),
        counts: true,
    }
}

/// With this history and this log.
pub(super) fn collected(facts: Facts, rows: Vec<HistoryRow>, log: &str) -> Frozen {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("history.sqlite3")).unwrap();
    let reader = store.reader().unwrap();
    let writer = Writer::start(store, NOW).unwrap();
    for row in rows {
        writer.send(row);
    }
    writer.flush().unwrap();
    write_log(folder.path(), log);
    let frozen = collect(facts, &reader, folder.path());
    writer.close().unwrap();
    frozen
}

fn write_log(data: &Path, text: &str) {
    fs::create_dir(data.join("log")).unwrap();
    fs::write(data.join("log").join("beatkeeper.2026-11-22.log"), text).unwrap();
}

/// Of an agent with a little of everything.
pub(super) fn frozen() -> Frozen {
    let rows = vec![
        HistoryRow::Connection(connection(400, vec![1000, 1700])),
        HistoryRow::Connection(connection(900, vec![])),
        HistoryRow::Transition(transition(210, Liveness::Active, Liveness::Late)),
        HistoryRow::Transition(transition(0, Liveness::Late, Liveness::Stale)),
    ];
    let log = format!(
        "2026-11-22T13:00:00.000001Z  INFO beatkeeper_engine: the engine runs data=/home/jane/x\n\
         2026-11-22T13:06:00.000001Z  INFO beatkeeper_engine: dialled agent={ID} seed={SEED}\n\
         2026-11-22T13:06:30.000001Z  WARN beatkeeper_engine: ```the registry``` does not answer\n"
    );
    collected(facts(), rows, &log)
}

#[test]
fn all_witnesses_are_frozen() {
    let frozen = frozen();
    assert_eq!(frozen.incident.agent.as_str(), ID);
    assert_eq!(frozen.clocks.wall_ahead_ms, 250);
    assert_eq!(frozen.connections.len(), 2);
    assert_eq!(frozen.connections[0].waits_ms, [1000, 1700]);
    assert_eq!(frozen.transitions[0].to, Liveness::Stale);
    assert_eq!(frozen.log.lines.len(), 2);
    assert!(frozen.problems.is_empty(), "{:?}", frozen.problems);
}

#[test]
fn only_the_last_of_a_long_history_are_frozen() {
    let mut rows: Vec<HistoryRow> =
        (1..=30).map(|n| HistoryRow::Connection(connection(n * 100, vec![n; 1000]))).collect();
    rows.extend((1..=60).map(|n| HistoryRow::Transition(transition(n * 100, Liveness::Active, Liveness::Late))));
    let frozen = collected(facts(), rows, "");
    assert_eq!(frozen.connections.iter().map(|row| row.dialled_at).min(), Some(before(1000)));
    assert_eq!(frozen.connections.len(), 10);
    assert_eq!((frozen.connections[4].waits_ms.len(), frozen.connections[4].waited_ms), (20, 5000));
    assert_eq!(frozen.transitions.len(), 20);
    assert_eq!(frozen.transitions.iter().map(|row| row.at).min(), Some(before(2000)));
}

#[test]
fn nothing_secret_is_kept_or_told() {
    let mut facts = facts();
    facts.row.name = "weather of jane@mail.example".into();
    facts.row.process.detail = format!("http://jane:hunter22@127.0.0.1:9/health?token=abcd1234 key={SEED}");
    facts.row.verdict.sentence = "See /home/jane/x and Bearer abcd1234".into();
    facts.row.link.reason.as_mut().unwrap().sentence = format!("the server said {SEED}");
    facts.row.registry.status = Some(SEED.into());
    facts.row.tags = vec![SEED.into()];
    facts.row.project = Some("/Users/jane/forecast".into());
    facts.registry.as_mut().unwrap().url = "https://jane:hunter22@r.example".into();
    facts.alerts.network.sentence = SEED.into();
    let mut lost = connection(100, vec![]);
    lost.cause_sentence = Some(format!("closed: {SEED}"));
    let mut late = transition(50, Liveness::Active, Liveness::Late);
    late.sentence = format!("it said {SEED}");
    let rows = vec![HistoryRow::Connection(lost), HistoryRow::Transition(late)];
    let log = format!("2026-11-22T13:06:00Z  WARN x: token=abcd1234 {SEED} /home/jane/x\n");
    let frozen = collected(facts, rows, &log);
    let json = frozen.to_json().unwrap();
    let told = markdown(&read(&json).unwrap(), &TimeZone::UTC);
    for text in [&json, &told] {
        for secret in [SEED, "jane", "hunter22", "abcd1234", "mail.example"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        assert!(text.contains(ID));
    }
}

#[test]
fn what_is_kept_is_read_again() {
    let frozen = frozen();
    assert_eq!(read(&frozen.to_json().unwrap()).unwrap(), frozen);
}

#[test]
fn an_old_box_is_redacted_when_it_is_read() {
    let json = frozen().to_json().unwrap().replace("connection refused", &format!("refused {SEED}"));
    assert!(json.contains(SEED));
    let open = BlackBox::open(&json, &TimeZone::UTC).unwrap();
    assert!(!open.markdown.contains(SEED) && !open.json.to_string().contains(SEED));
    assert!(open.markdown.contains("refused \\[redacted\\]"), "{}", open.markdown);
}

#[test]
fn what_cannot_be_read_is_refused_with_a_sentence() {
    let newer = frozen().to_json().unwrap().replacen("\"version\":1", "\"version\":2", 1);
    assert_eq!(read(&newer).unwrap_err().code, "black_box.newer");
    assert_eq!(read("{\"version\":1}").unwrap_err().code, "black_box.damaged");
    assert_eq!(read("").unwrap_err().code, "black_box.damaged");
}

#[test]
fn json_stays_small_at_the_cost_of_the_log() {
    // Each of these characters takes four bytes.
    let wide = "𝕏".repeat(800);
    let mut facts = facts();
    (facts.row.name, facts.row.verdict.sentence) = (wide.clone(), wide.clone());
    facts.row.tags = vec![wide.clone(); 16];
    let rows = (1..=20).map(|n| {
        let mut row = transition(n, Liveness::Active, Liveness::Late);
        row.sentence.clone_from(&wide);
        HistoryRow::Transition(row)
    });
    let lines: String = (0..100).map(|n| format!("2026-11-22T13:06:00Z  WARN x: {n} {wide}\n")).collect();
    let frozen = collected(facts, rows.collect(), &lines);
    let json = frozen.to_json().unwrap();
    assert!(json.len() <= 200_000, "{}", json.len());
    let kept = read(&json).unwrap();
    assert!(kept.log.lines.len() < frozen.log.lines.len());
    assert!(kept.log.lines.last() == frozen.log.lines.last() && kept.log.note.is_some());
    let all = kept.log.lines.len() + usize::try_from(kept.log.left_out).unwrap();
    assert_eq!(all, frozen.log.lines.len() + usize::try_from(frozen.log.left_out).unwrap());
    assert!(markdown(&kept, &TimeZone::UTC).contains("oldest lines were left out"));
}

#[test]
fn without_a_log_the_rest_is_frozen() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("history.sqlite3")).unwrap();
    let frozen = collect(facts(), &store.reader().unwrap(), folder.path());
    assert!(frozen.log.note.as_ref().is_some_and(|note| note.as_str().starts_with("There is no log")));
    assert_eq!(frozen.checks.len(), 8);
    let told = markdown(&frozen, &TimeZone::UTC);
    assert!(told.contains("None are known.") && told.contains("No line is about this agent."), "{told}");
}

#[test]
fn it_reads_well() {
    let zone = TimeZone::fixed(jiff::tz::offset(1));
    let frozen = Frozen { program: Clean::new("1.2.3"), ..frozen() };
    insta::assert_snapshot!(markdown(&frozen, &zone), @r"
    # weather is stale

    **weather** (`zns:56475aa75463474c0285df5dbf2bcab7`) at the registry lab (`https://r.example`) is stale since 2026-11-22 14:07:11; its last confirmed beat was at 2026-11-22 14:02:11, 5 min before this was frozen. The incident was opened at 2026-11-22 14:07:11. Whose fault: the registry. Verdict: Reconnecting: connection refused, attempt 7 (`link.refused`). What to do: Is the registry running at this address and port?

    ## Checks

    | Check | Result | Evidence |
    |---|---|---|
    | Own network | unknown | Nothing shows that it is down |
    | Registry answers | **bad** | connection refused, for 5 min |
    | Record exists | ok | active, last heartbeat 5 min before on its own clock; seen 5 min before |
    | Key matches the record | ok | Beats confirmed since Beatkeeper started: 119 |
    | Clocks agree | ok | The registry's is +1.2 s ahead of this computer's |
    | Link is open | **bad** | connection refused (link.refused), attempt 7 |
    | Process is well | ok | It answers for this agent |
    | Last confirmed beat | **bad** | 5 min before; one is due every 30 s |

    Clocks ahead of this computer's: registry +1.2 s, process +0.0 s. This computer's clock is +0.2 s ahead of the time since Beatkeeper started. Beats are sent by Beatkeeper: 120 sent, 119 confirmed, 1 unconfirmed, 0 not ours.

    ## Connections, newest first

    | Dialled | Opened | Closed | Length | Beats | Confirmed | Close code | Why | Attempts and waits |
    |---|---|---|--:|--:|--:|--:|---|---|
    | 2026-11-22 14:00:31 | 2026-11-22 14:00:32 | 2026-11-22 14:01:02 | 30 s | 2 | 1 | 1006 | the connection broke: reset by peer | 3, waited 1.0 + 1.7 s |
    | 2026-11-22 13:52:11 | 2026-11-22 13:52:12 | 2026-11-22 13:52:42 | 30 s | 2 | 1 | 1006 | the connection broke: reset by peer | 3 |

    ## Changes of state, newest first

    | At | From | To | Verdict |
    |---|---|---|---|
    | 2026-11-22 14:07:11 | late | stale | Reconnecting: connection refused |
    | 2026-11-22 14:03:41 | active | late | Reconnecting: connection refused |

    ## Log of Beatkeeper

    ````text
    2026-11-22T13:06:00.000001Z  INFO beatkeeper_engine: dialled agent=zns:56475aa75463474c0285df5dbf2bcab7 seed=[redacted]
    2026-11-22T13:06:30.000001Z  WARN beatkeeper_engine: ```the registry``` does not answer
    ````

    Frozen at 2026-11-22 14:07:11 by Beatkeeper 1.2.3. Times are UTC+01:00.
    ");
}

#[test]
fn a_drill_that_flaps_says_so_and_what_failed_is_named() {
    let mut frozen = frozen();
    (frozen.incident.drill, frozen.incident.flapping) = (true, true);
    frozen.agent.last_confirmed_at = None;
    frozen.problems = vec![Clean::new("Its connections could not be read: the disk is gone")];
    let told = markdown(&frozen, &TimeZone::UTC);
    for said in
        ["This is a drill", "It comes and goes", "no beat of it was ever confirmed", "- Its connections could not"]
    {
        assert!(told.contains(said), "{said} is not in {told}");
    }
}
