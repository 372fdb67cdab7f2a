//! Channels, dead letters and drills by the command line.

use std::fmt::Write as _;

use serde_json::Value;

use crate::life::set;
use crate::stage::{Stage, wait};

#[test]
fn a_drill_that_fails_is_one_document_and_an_exit_code() {
    let stage = Stage::new();
    let _registry = set(&stage);
    let _engine = stage.engine("engine", &[]);
    stage.agent("weather", |agent| agent["liveness"] == "active" && agent["beats"]["confirmed"].as_u64() >= Some(1));
    let mut drill = stage.start("drill", stage.command(&["drill", "weather", "--json"]));
    wait(|| drill.said().contains("is silent now").then_some(())).expect("it begins");
    stage.ok(&["drill", "--stop"]);
    assert_eq!(drill.ended().code(), Some(1));
    let out = std::fs::read_to_string(&drill.out).expect("its output");
    let documents: Vec<Value> =
        serde_json::Deserializer::from_str(&out).into_iter().collect::<Result<_, _>>().expect("JSON");
    assert_eq!(documents.len(), 1, "{out}");
    assert_eq!(documents[0]["drill"]["problem"], "It was stopped");
    let err = std::fs::read_to_string(&drill.err).expect("its errors");
    assert!(err.contains("error: It was stopped\n  remedy: "), "{err}");
    // One that cannot even begin is one document, too.
    let said = stage.run(&["drill", "nobody", "--json"]);
    let error: Value = serde_json::from_str(&said.out).expect("one document");
    assert!(said.code == Some(1) && error["error"]["code"].is_string(), "{said:?}");
}

#[test]
fn channels_are_tested_at_once_and_each_says_what_came_of_it() {
    let stage = Stage::new();
    let gate = stage.path("gate").display().to_string();
    // Each ends when all were started.
    let script =
        format!("touch '{gate}'.$BEATKEEPER_CHANNEL; while ! [ -e '{gate}.a' -a -e '{gate}.b' ]; do sleep 0.05; done");
    let mut text = "[alerts]\ndesktop = false\n".to_owned();
    for name in ["a", "b"] {
        let args = toml_list(&["-c", &script]);
        writeln!(text, "[[channel]]\nname = \"{name}\"\nkind = \"command\"\nprogram = \"sh\"\nargs = {args}")
            .expect("text");
    }
    stage.write("beatkeeper.toml", &text);
    let _engine = stage.engine("engine", &[]);
    let said = stage.ok(&["alert", "test"]);
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("a: it arrived") && lines[1].starts_with("b: it arrived"),
        "{said}"
    );
}

fn toml_list(items: &[&str]) -> String {
    // A JSON list of strings without escapes beyond quotes is a TOML list.
    serde_json::to_string(items).expect("text")
}
