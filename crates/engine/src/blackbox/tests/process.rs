//! The first witness in full.

use beatkeeper_core::supervise::Probed;
use jiff::tz::TimeZone;

use super::whole::collected;
use super::{before, facts, run};
use crate::blackbox::{BlackBox, Facts, Frozen, markdown, read};

const SEED: &str = "4f8e1c2ad93b5f60718293a4b5c6d7e84f8e1c2ad93b5f60718293a4b5c6d7e8";

fn facts_of_a_run() -> Facts {
    let mut facts = facts();
    facts.row.process.run = Some(Box::new(run()));
    facts.row.process.detail = "it answers 500".into();
    facts.probe = Some((before(3), Probed::Unwell("it answers 500".into())));
    facts
}

fn section(frozen: &Frozen) -> String {
    let told = markdown(frozen, &TimeZone::UTC);
    let (_, rest) = told.split_once("## Process\n\n").expect("a section");
    rest.split_once("\n\n##").expect("more").0.to_owned()
}

#[test]
fn all_that_is_known_of_it_is_frozen_and_told() {
    let frozen = collected(facts_of_a_run(), vec![], "");
    assert_eq!(read(&frozen.to_json().unwrap()).unwrap(), frozen);
    insta::assert_snapshot!(section(&frozen), @r"
    | What | Known |
    |---|---|
    | State | running since 2026-11-22 12:00:31: it answers 500 |
    | Main process | 4711, started at 2026-11-22 12:00:31, by an earlier run of Beatkeeper |
    | Starts that came to nothing | 2 of 5 |
    | Last end | it ended with code 3 (exit code 3), at 2026-11-22 12:00:21 |
    | Last answer to its probe | not well, at 2026-11-22 13:07:08: it answers 500 |
    | Cost | 3.1 % of a core, 92.0 MiB, 12 threads, 40 open files, 3 processes, at 2026-11-22 13:07:07 |
    | Code | started 3 commits ago |
    | Recovery | Tried: docker restart weather; a confirmed beat is awaited, until 2026-11-22 13:07:11; held by a person |
    | Recovery, step 1 | restart: failed: no beat was confirmed after it |
    | Recovery, step 2 | docker restart weather: tried; a confirmed beat was awaited |
    | Recovery, step 3 | alert: not tried |
    ");
    let open = BlackBox::open(&frozen.to_json().unwrap(), &TimeZone::UTC).unwrap();
    assert_eq!(open.run, frozen.agent.process.run);
}

#[test]
fn one_that_is_killed_and_waits_says_by_what_and_until_when() {
    let mut facts = facts_of_a_run();
    let run = facts.row.process.run.as_mut().unwrap();
    (run.pid, run.max_restarts, run.next_start_at, run.ladder) = (None, 0, Some(super::NOW), None);
    let exit = run.exit.as_mut().unwrap();
    (exit.code, exit.signal, exit.sentence) = (None, Some(9), "it ended by signal 9".into());
    let told = section(&collected(facts, vec![], ""));
    assert!(told.contains("| it ended by signal 9 (signal 9), at"), "{told}");
    assert!(told.contains("| 2; the next one at 2026-11-22 13:07:11 |"), "{told}");
    assert!(told.contains("| Main process | none, started") && !told.contains("Recovery"), "{told}");
}

#[test]
fn nothing_secret_of_it_is_kept() {
    let mut facts = facts_of_a_run();
    let run = facts.row.process.run.as_mut().unwrap();
    run.exit.as_mut().unwrap().sentence = format!("it ended: {SEED}");
    run.drift.as_mut().unwrap().sentence = format!("started at {SEED}");
    let ladder = run.ladder.as_mut().unwrap();
    ladder.sentence = format!("Next: docker run -e KEY={SEED}");
    ladder.rungs[0].label = format!("docker run -e KEY={SEED}");
    facts.probe = Some((before(3), Probed::WrongAgent(format!("it says {SEED}"))));
    let frozen = collected(facts, vec![], "");
    let json = frozen.to_json().unwrap();
    assert!(!json.contains(SEED) && !section(&frozen).contains(SEED), "{json}");
}

#[test]
fn a_box_that_was_kept_before_it_was_frozen_opens() {
    let mut json = serde_json::to_value(collected(facts(), vec![], "")).unwrap();
    let gone = [
        json["agent"]["process"].as_object_mut().unwrap().remove("run"),
        json.as_object_mut().unwrap().remove("output"),
    ];
    assert!(gone.iter().all(Option::is_some), "it has these fields now");
    let open = BlackBox::open(&json.to_string(), &TimeZone::UTC).unwrap();
    assert_eq!((open.run, open.output), (None, None));
    assert!(!open.markdown.contains("## Process") && !open.markdown.contains("## Agent's output"));
    assert!(open.markdown.contains("## Log of Beatkeeper"));
}
