//! Agents of a project are started, read, restarted and ended by the command line alone.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::stage::{Said, Stage, wait};

const IDS: [&str; 2] = ["zns:00000000000000000000000000000001", "zns:00000000000000000000000000000002"];

/// A project with one agent that runs and one that cannot, far from any registry.
fn project(stage: &Stage) {
    let agent = |place: usize, name: &str, run: &str| {
        format!(
            "[[agent]]\nentity = \"{}\"\nname = \"{name}\"\nregistry = \"http://127.0.0.1:9\"\nbeats = \"agent\"\n\
             [agent.run]\nkey = \"none\"\n{run}\n",
            IDS[place]
        )
    };
    let script = "echo \\\"in $PWD\\\"; printf '\\\\033[31mred\\\\033[0m\\\\n' >&2; exec sleep 60";
    let good = format!("command = [\"/bin/sh\", \"-c\", \"{script}\"]\nstop_grace = 2");
    let bad = "command = [\"/no/such/program\"]\nrestart = \"never\"";
    fs::create_dir(stage.path("project")).expect("a folder");
    stage.write("project/beatkeeper.toml", &(agent(0, "good", &good) + &agent(1, "bad", bad)));
}

fn there(stage: &Stage, arguments: &[&str]) -> Command {
    let mut command = stage.command(arguments);
    command.current_dir(stage.path("project"));
    command
}

fn said(stage: &Stage, arguments: &[&str]) -> Said {
    stage.hear(there(stage, arguments))
}

fn pid(stage: &Stage) -> u64 {
    stage.agent("good", |agent| agent["process"]["run"]["pid"].is_u64())["process"]["run"]["pid"].as_u64().unwrap_or(0)
}

#[test]
fn a_project_is_started_read_restarted_and_ended() {
    let stage = Stage::new();
    project(&stage);
    let nobody = said(&stage, &["up"]);
    assert_eq!(nobody.code, Some(3), "{nobody:?}");
    assert!(nobody.err.contains("beatkeeper up --foreground"), "{nobody:?}");

    let _engine = stage.engine("engine", &[]);
    let up = said(&stage, &["up"]);
    assert_eq!(up.code, Some(1), "{up:?}");
    assert!(up.out.contains("good  running (pid "), "{up:?}");
    assert!(up.out.contains("\nbad   ") || up.out.starts_with("bad   "), "{up:?}");
    assert!(up.out.contains("/no/such/program"), "the reason is said: {up:?}");
    assert!(up.err.contains("1 agent is not up") && up.err.contains("good is in your configuration now"), "{up:?}");
    let first = pid(&stage);

    // What it wrote, in its project's folder; colours are for terminals.
    let lines = wait(|| {
        let text = stage.ok(&["logs", "good"]);
        text.contains("red").then_some(text)
    });
    let lines = lines.expect("its lines");
    let folder = stage.path("project").canonicalize().expect("a folder");
    assert!(lines.contains(&format!("in {}", folder.display())) && !lines.contains('\u{1b}'), "{lines}");
    assert_eq!(stage.ok(&["logs", "good", "--grep", "^RED$"]), "red\n");
    let object: Value =
        serde_json::from_str(stage.ok(&["logs", "good", "--grep", "red", "--json"]).trim()).expect("JSON");
    assert_eq!((&object["name"], &object["stream"], &object["id"]), (&"good".into(), &"err".into(), &IDS[0].into()));
    assert_eq!(object["text"], "\u{1b}[31mred\u{1b}[0m");
    let last = stage.ok(&["logs", "good", "-n", "1"]);
    assert_eq!(last.lines().count(), 1, "{last}");
    assert_eq!(stage.ok(&["logs", "good", "--since", "2020-01-01T00:00:00Z", "--grep", "no such line"]), "");

    // A second time there is nothing to do; a wait ends at once.
    let again = stage.ok(&["up", "good"]);
    assert_eq!(again, format!("good  running (pid {first})\n"));
    let mut follow = stage.start("follow", stage.command(&["logs", "good", "-f", "-n", "0"]));
    let restarted = stage.ok(&["restart", "good"]);
    assert!(restarted.starts_with("good  running (pid ") && !restarted.contains(&first.to_string()), "{restarted}");
    follow.line("in ");
    drop(follow);
    assert_ne!(pid(&stage), first);
    let page = stage.ok(&["agent", "show", "good"]);
    assert!(page.contains("  Process     running (pid "), "{page}");
    assert!(stage.ok(&["status"]).contains("PROCESS"));

    let down = said(&stage, &["down"]);
    assert_eq!(down.code, Some(0), "{down:?}");
    assert!(down.out.contains("good  not started"), "{down:?}");
    stage.agent("good", |agent| agent["process"]["state"] == "stopped");
    assert!(stage.refused(&["up", "nobody"]).contains("There is no agent"));
}

#[test]
fn in_the_foreground_the_engine_is_here_and_its_agents_end_with_it() {
    let stage = Stage::new();
    project(&stage);
    let mut engine = stage.answering("foreground", there(&stage, &["up", "--foreground"]));
    engine.line("good  running (pid ");
    let agent = pid(&stage).to_string();
    let runs = || Command::new("kill").args(["-0", &agent]).stderr(std::process::Stdio::null()).status();
    assert!(runs().expect("kill starts").success());
    engine.signal("INT");
    assert!(engine.ended().success(), "{}", engine.said());
    assert!(engine.said().contains("good  not started"), "{}", engine.said());
    assert!(wait(|| (!runs().expect("kill starts").success()).then_some(())).is_some(), "it goes on: {agent}");
}
