//! Programs of the user's.

use std::time::Duration;

use beatkeeper_core::notice::NoticeAgent;
use beatkeeper_engine::alerts::channels::Pace;
use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};

use crate::scene::{Begin, QUICK, notice, until};

fn shell(script: String) -> ChannelEntry {
    ChannelEntry {
        program: Some("sh".into()),
        args: vec!["-c".into(), script],
        ..ChannelEntry::new("me", ChannelKind::Command)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_the_notice_on_its_input_and_in_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let script = format!("cat > '{}'; env > '{}'", path("in"), path("env"));
    let scene = Begin::with([shell(script)]).start();
    scene.post.send(notice(7));
    scene.delivered(7, "me");
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path("in")).unwrap()).unwrap();
    assert_eq!((json["id"].as_u64(), json["kind"].as_str()), (Some(7), Some("offline")));
    let environment = std::fs::read_to_string(path("env")).unwrap();
    for line in [
        "BEATKEEPER_KIND=offline",
        "BEATKEEPER_TITLE=weather-agent is offline",
        "BEATKEEPER_AGENTS=weather-agent",
        "BEATKEEPER_COUNT=1",
        "BEATKEEPER_NOTICE=7",
        "BEATKEEPER_CHANNEL=me",
    ] {
        assert!(environment.lines().any(|there| there == line), "{line}: {environment}");
    }
    assert!(environment.contains("\nPATH=") || environment.starts_with("PATH="), "the rest is as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_of_an_outage_of_everybody() {
    const ALL: usize = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let script = format!("cat > '{}'; env > '{}'", path("in"), path("env"));
    let mut notice = notice(7);
    let agent = notice.agents[0].clone();
    notice.agents = (0..ALL).map(|number| NoticeAgent { name: format!("agent-{number}"), ..agent.clone() }).collect();
    // Every field could be as long as the names, by a template.
    let long = notice.agents.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>().join(", ");
    notice.registry = long.clone();
    notice.cause = long;
    let entry = ChannelEntry { title: "{agents}".into(), body: "{agents}".into(), ..shell(script) };
    let scene = Begin::with([entry]).start();
    scene.post.send(notice);
    assert_eq!(scene.delivered(7, "me").attempts, 1);
    let environment = std::fs::read_to_string(path("env")).unwrap();
    let value = |name: &str| {
        let found = environment.lines().find_map(|line| line.strip_prefix(&format!("BEATKEEPER_{name}=")));
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    let agents = value("AGENTS");
    assert!(agents.len() <= 8000 && agents.len() > 7900, "{}", agents.len());
    for (number, name) in agents.split(", ").enumerate() {
        assert_eq!(name, format!("agent-{number}"));
    }
    assert_eq!((value("AGENTS_COUNT"), value("COUNT")), ("20000", "20000"));
    for name in ["TITLE", "BODY", "REGISTRY", "CAUSE"] {
        assert!(value(name).len() <= 8000 && value(name).ends_with('…'), "{name}: {}", value(name).len());
    }
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path("in")).unwrap()).unwrap();
    assert_eq!(json["agents"].as_array().unwrap().len(), ALL, "its input has everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_fails_is_quoted_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark").display().to_string();
    // It fails once, after more output than a pipe holds.
    let script =
        format!("test -e '{mark}' && exit 0; touch '{mark}'; yes | head -c 200000; echo 'no route' >&2; exit 3");
    let scene = Begin::with([shell(script)]).start();
    scene.post.send(notice(7));
    let problem = scene.fails(7, "me").problem.unwrap();
    assert!(problem.starts_with("it ended with 3: ") && problem.contains("no route"), "{problem}");
    assert!(problem.len() < 400, "{problem}");
    assert_eq!(scene.delivered(7, "me").attempts, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_a_dead_letter_at_once() {
    let nowhere = ChannelEntry { program: Some("/nowhere/notify-me".into()), args: vec![], ..shell(String::new()) };
    let scene = Begin::with([nowhere]).start();
    scene.post.send(notice(7));
    let dead = scene.dead(7, "me");
    assert_eq!((dead.attempts, dead.problem.unwrap().as_str()), (1, "there is no program /nowhere/notify-me"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_end_is_ended_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Reading ends when nobody is left who could write: neither the program nor what it started.
    let reading = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::read(pipe).unwrap())
    };
    let script = format!("exec 3> '{}'; sleep 600 & echo busy >&2; wait", pipe.display());
    let pace = Pace { command: Duration::from_millis(500), answers: 1, ..QUICK };
    let scene = Begin { pace, ..Begin::with([shell(script)]) }.start();
    scene.post.send(notice(7));
    let problem = scene.dead(7, "me").problem.unwrap();
    assert!(problem.contains("did not end within 0 s") && problem.contains("busy"), "{problem}");
    assert!(until(|| reading.is_finished().then_some(())).is_some(), "what it started still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_leaves_running_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let stop = folder.path().join("stop").display().to_string();
    let script = format!("(while ! test -e '{stop}'; do sleep 0.05; done; touch '{stop}.seen') & exit 0");
    let scene = Begin::with([shell(script)]).start();
    scene.post.send(notice(7));
    scene.delivered(7, "me");
    std::fs::write(&stop, "").unwrap();
    let seen = std::path::PathBuf::from(format!("{stop}.seen"));
    assert!(until(|| seen.exists().then_some(())).is_some(), "it was ended, too");
}
