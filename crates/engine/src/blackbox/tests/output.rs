//! What the agent itself said last.

use std::path::Path;
use std::time::SystemTime;

use beatkeeper_runner::log::{LogLimits, LogPlace, LogWriter, Stream};
use jiff::tz::TimeZone;

use super::facts;
use super::whole::collected;
use crate::blackbox::{BlackBox, Frozen, OutputThen, markdown, read};

const SEED: &str = "4f8e1c2ad93b5f60718293a4b5c6d7e84f8e1c2ad93b5f60718293a4b5c6d7e8";

fn place(folder: &Path) -> LogPlace {
    LogPlace { folder: folder.join("agent"), limits: LogLimits::default() }
}

/// Of an agent that wrote this.
fn frozen(said: &[(Stream, &str)]) -> Frozen {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = LogWriter::open(&place(folder.path())).unwrap();
    for (stream, text) in said {
        writer.append(*stream, text.as_bytes(), SystemTime::now());
    }
    drop(writer);
    let mut facts = facts();
    facts.output = Some(place(folder.path()));
    collected(facts, vec![], "")
}

fn output(said: &[(Stream, &str)]) -> OutputThen {
    frozen(said).output.expect("its output")
}

fn texts(output: &OutputThen) -> Vec<&str> {
    output.lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn its_last_lines_are_frozen_and_told() {
    let frozen = frozen(&[
        (Stream::Note, "start process 7"),
        (Stream::Out, "\u{1b}[32mready\u{1b}[0m\n"),
        (Stream::Err, "Traceback ``` (most recent call last):\n"),
    ]);
    let said = frozen.output.as_ref().unwrap();
    assert_eq!(texts(said), ["start process 7", "ready", "Traceback ``` (most recent call last):"]);
    assert!(!said.more && said.note.is_none());
    assert_eq!(read(&frozen.to_json().unwrap()).unwrap(), frozen);
    let open = BlackBox::open(&frozen.to_json().unwrap(), &TimeZone::UTC).unwrap();
    assert_eq!(open.output.as_ref(), Some(said));
    let (_, section) = open.markdown.split_once("## Agent's output\n\n````text\n").expect("a section");
    let lines: Vec<&str> = section.lines().take(4).map(|line| line.get(20..).unwrap_or(line)).collect();
    assert_eq!(lines, ["--- start process 7", "out ready", "err Traceback ``` (most recent call last):", "````"]);
}

#[test]
fn two_hundred_lines_or_sixty_four_kibibytes_whichever_is_less() {
    let many: String = (0..250).map(|n| format!("line {n}\n")).collect();
    let said = output(&[(Stream::Out, &many)]);
    let lines = texts(&said);
    assert_eq!((lines.len(), lines[0], lines[199], said.more), (200, "line 50", "line 249", true));

    // Each is a kibibyte with a space in it, so that none looks like a key.
    let wide: String = (0..100).map(|n| format!("{n:03} {}\n", "x ".repeat(510))).collect();
    let said = output(&[(Stream::Out, &wide)]);
    let lines = texts(&said);
    assert_eq!((lines.len(), &lines[0][..3], &lines[63][..3], said.more), (64, "036", "099", true));
}

#[test]
fn a_key_in_its_output_is_not_kept() {
    let frozen = frozen(&[
        (Stream::Out, "starting with ZYND_AGENT_PRIVATE_KEY=short-and-secret\n"),
        (Stream::Out, &format!("seed {SEED}\n")),
        (Stream::Err, &format!("\u{1b}[31m{}\u{1b}[1m{}\u{1b}[0m\n", &SEED[..32], &SEED[32..])),
        (Stream::Err, "GET https://jane:hunter22@r.example/?token=abcd1234 from /home/jane/x\n"),
        (Stream::Out, "all is well\n"),
    ]);
    let json = frozen.to_json().unwrap();
    let told = markdown(&read(&json).unwrap(), &TimeZone::UTC);
    for text in [&json, &told] {
        for secret in ["short-and-secret", SEED, &SEED[..32], &SEED[32..], "hunter22", "abcd1234", "jane"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        assert!(text.contains("all is well") && text.contains("[redacted]"));
    }
}

#[test]
fn a_key_that_goes_over_lines_is_not_kept_to_its_last_short_one() {
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\nq7v0\n-----END PRIVATE KEY-----\n";
    let said = output(&[(Stream::Out, "before\n"), (Stream::Out, key), (Stream::Out, "after\n")]);
    assert_eq!(texts(&said), ["before", "[redacted]", "[redacted]", "[redacted]", "[redacted]", "after"]);

    let begun = "before\n-----BEGIN RSA PRIVATE KEY-----\nq7v0\n";
    assert_eq!(texts(&output(&[(Stream::Out, begun)])), ["before", "[redacted]", "[redacted]"]);

    let ended = "q7v0\n-----END RSA PRIVATE KEY-----\nafter\n";
    assert_eq!(texts(&output(&[(Stream::Out, ended)])), ["[redacted]", "[redacted]", "after"]);
    assert_eq!(texts(&output(&[(Stream::Out, "before\nafter\n")])), ["before", "after"]);
}

#[test]
fn one_that_wrote_nothing_or_cannot_be_read_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut silent = facts();
    silent.output = Some(place(folder.path()));
    let frozen = collected(silent.clone(), vec![], "");
    assert_eq!(frozen.output, Some(OutputThen::default()));
    assert!(markdown(&frozen, &TimeZone::UTC).contains("It wrote nothing that is kept."));

    std::fs::write(folder.path().join("agent"), "no folder").unwrap();
    let frozen = collected(silent, vec![], "");
    let note = frozen.output.as_ref().and_then(|output| output.note.clone()).expect("a note");
    assert!(note.as_str().starts_with("Its output could not be read"), "{note}");
    assert!(markdown(&frozen, &TimeZone::UTC).contains("Its output could not be read"));
}

#[test]
fn json_stays_small_at_the_cost_of_the_longer_log() {
    // Each of these characters takes four bytes.
    let wide: String = (0..60).map(|n| format!("{n} {}\n", "𝕏".repeat(240))).collect();
    let mut frozen = frozen(&[(Stream::Out, &wide)]);
    let said = frozen.output.as_mut().unwrap();
    said.lines = said.lines.iter().cycle().take(200).cloned().collect();
    let json = frozen.to_json().unwrap();
    assert!(json.len() <= 200_000, "{}", json.len());
    let kept = read(&json).unwrap().output.unwrap();
    assert!(kept.more && kept.note.is_some() && kept.lines.len() > 50, "{}", kept.lines.len());
    assert_eq!(kept.lines.last(), frozen.output.unwrap().lines.last());
}
