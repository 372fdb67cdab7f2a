//! Records at a registry: shown before they are signed, and changed only when a person agrees.

use serde_json::{Value, json};

use crate::golden::{PRIVATE, PUBLIC, key_file, write_key};
use crate::registry::Registry;
use crate::stage::{Process, Stage};

/// protocols.md 4: the first two agents that the golden seed derives as a developer.
const FIRST: &str = "zns:7f3214872296f48d652a365c9f637f72";
const SECOND: &str = "zns:c05f93041a20967a48616b85df7ada7f";
const URL: &str = "http://127.0.0.1:1";

/// A registry that knows nobody, and an agent with a developer's first key.
fn scene() -> (Stage, Registry) {
    let stage = Stage::new();
    let registry = Registry::start(&stage, "devnet", "127.0.0.1:0", &[]);
    stage.write("beatkeeper.toml", &format!("[[registry]]\nname = \"local\"\nurl = \"{}\"\n", registry.url));
    write_key(&stage, "developer.json", &key_file(PUBLIC, PRIVATE));
    let developer = ["--developer", "developer.json", "--index", "0"];
    let add = [&["agent", "add", "--registry", "local", "--name", "weather"][..], &developer].concat();
    assert_eq!(stage.ok(&add), format!("{FIRST}\n"));
    (stage, registry)
}

fn register<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["agent", "register", "weather", "--developer", "developer.json", "--url", URL][..], more].concat()
}

fn is_known(registry: &Registry, id: &str) -> bool {
    registry.get(&format!("/v1/entities/{id}")).starts_with("HTTP/1.1 200")
}

#[test]
fn what_would_be_signed_is_shown_and_nothing_is_sent() {
    let (stage, registry) = scene();
    let shown = stage.ok(&register(&["--dry-run"]));
    for part in [
        "1. Register the developer",
        "2. Register \"weather\" as number 0",
        &format!("POST {}/v1/entities", registry.url),
        "\"signature\": \"(signed when sent)\"",
        "signed by the developer's key: hex:",
        "signed by the agent's key: {\"category\":\"general\",\"entity_type\":\"agent\"",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let plan = stage.json(&register(&["--dry-run", "--json"]));
    assert_eq!((&plan["agent"], plan["steps"].as_array().map(Vec::len)), (&json!(FIRST), Some(2)));
    // Nobody is there to agree.
    let refused = stage.refused(&register(&[]));
    assert!(refused.contains("weather") && refused.contains("--yes"), "{refused}");
    assert!(!is_known(&registry, FIRST));
}

#[test]
fn a_record_is_made_changed_and_deleted() {
    let (stage, registry) = scene();
    let done = stage.json(&register(&["--yes", "--json", "--tag", "a", "--tag", "b"]));
    assert_eq!(done["agent"], FIRST);
    assert!(done["steps"].as_array().unwrap().iter().all(|step| step["ok"] == true), "{done:#}");
    assert!(registry.get(&format!("/v1/entities/{FIRST}")).contains("\"tags\":[\"a\",\"b\"]"));
    let refused = stage.refused(&register(&["--yes"]));
    assert!(refused.contains("is registered at local") && refused.contains("agent update"), "{refused}");

    assert_eq!(stage.ok(&["agent", "update", "weather", "--url", "https://w.example.com", "--yes"]), "");
    assert!(registry.get("/v1/entities").contains("https://w.example.com"));

    stage.ok(&["agent", "deregister", "weather", "--yes"]);
    assert!(!is_known(&registry, FIRST));
    let said = stage.run(&["agent", "deregister", "weather", "--yes", "--json"]);
    let error: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &error["error"]["code"]), (Some(1), &json!("write.not_registered")));
    stage.ok(&register(&["--yes"]));
    assert!(is_known(&registry, FIRST));
}

#[test]
fn the_developers_key_is_the_one_of_this_terminal() {
    let (stage, registry) = scene();
    let _engine = stage.engine("engine", &[]);
    write_key(&stage, "mine.json", &key_file(PUBLIC, PRIVATE));
    let ask = |arguments: &[&str], key: &str| {
        let mut command = stage.command(arguments);
        command.env("ZYND_DEVELOPER_KEYPAIR_PATH", key).current_dir(stage.path("."));
        stage.hear(command)
    };
    let register = ["agent", "register", "weather", "--url", URL, "--yes", "--json"];
    let refused = ask(&register, "not-there.json");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.out.contains("not-there.json"), "{refused:?}");
    let done = ask(&register, "mine.json");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(is_known(&registry, FIRST));
}

#[test]
fn no_proxy_hears_of_a_registry_on_this_computer() {
    let (stage, registry) = scene();
    let mut command = stage.command(&register(&["--yes"]));
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:1");
    }
    for name in ["no_proxy", "NO_PROXY"] {
        command.env_remove(name);
    }
    let said = stage.hear(command);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(is_known(&registry, FIRST));
}

#[test]
fn a_running_engine_takes_the_next_key() {
    let (stage, registry) = scene();
    let config = stage.read("beatkeeper.toml");
    stage.write("beatkeeper.toml", &config.replace("registry = \"local\"", "registry = \"local\"\ninterval = 1"));
    let _engine = stage.engine("engine", &[]);
    stage.ok(&register(&["--yes"]));
    stage.agent("weather", |agent| agent["verdict"]["code"] == "ok");
    let next = ["agent", "next-index", "weather", "--developer", "developer.json", "--yes"];
    assert_eq!(stage.ok(&next), format!("{SECOND}\n"), "stdout is for scripts");
    assert!(is_known(&registry, SECOND) && is_known(&registry, FIRST));
    stage.agent("weather", |agent| agent["id"] == SECOND && agent["verdict"]["code"] == "ok");
    let config = stage.read("beatkeeper.toml");
    assert!(config.contains(SECOND) && !config.contains(FIRST) && config.contains("interval = 1"), "{config}");
}

#[test]
fn an_agent_that_goes_on_without_beatkeeper_keeps_its_key() {
    let (stage, registry) = scene();
    let config = stage.read("beatkeeper.toml");
    let run = format!("command = [\"/bin/sh\", \"-c\", \"exec sleep 600\"]\nfolder = {}", json!(stage.root()));
    let more = format!("[agent.run]\n{run}\n\n[processes]\non_quit = \"leave\"\n");
    stage.write("beatkeeper.toml", &format!("{config}\n{more}"));
    stage.ok(&register(&["--yes"]));
    let mut engine = stage.engine("engine", &[]);
    stage.ok(&["up", "weather"]);
    let end = |engine: &mut Process| {
        engine.signal("TERM");
        assert!(engine.ended().success(), "{}", engine.said());
    };
    end(&mut engine);

    let next = ["agent", "next-index", "weather", "--developer", "developer.json", "--yes"];
    let refused = stage.refused(&next);
    assert!(refused.contains("was started here") && refused.contains("beatkeeper down"), "{refused}");
    assert!(!is_known(&registry, SECOND));

    let mut engine = stage.engine("engine", &[]);
    stage.agent("weather", |agent| agent["process"]["run"]["pid"].is_u64());
    stage.ok(&["down", "weather"]);
    end(&mut engine);
    assert_eq!(stage.ok(&next), format!("{SECOND}\n"));
    assert!(is_known(&registry, SECOND) && stage.read("beatkeeper.toml").contains(SECOND));
}

#[cfg(target_os = "linux")]
#[test]
fn a_person_is_shown_what_is_signed_and_asked() {
    use crate::terminal::Terminal;

    let (stage, registry) = scene();
    let answered = |arguments: &[&str], question: &str, line: &str| {
        let mut terminal = Terminal::start(&stage, &stage.command(arguments));
        terminal.answer(question, line);
        terminal.ended()
    };
    let asked = "Sign and send? [y/N] ";
    for no in ["", "n", "yess"] {
        let (code, screen) = answered(&register(&[]), asked, no);
        assert!(code == Some(1) && screen.contains("Nothing was signed, and nothing was sent"), "{screen}");
        assert!(screen.contains("signed by the agent's key: {"), "it was not shown: {screen}");
        assert!(!is_known(&registry, FIRST));
    }
    let (code, screen) = answered(&register(&[]), asked, "Y");
    assert_eq!(code, Some(0), "{screen}");
    assert!(is_known(&registry, FIRST));

    let deregister = ["agent", "deregister", "weather"];
    let asked = "Type \"weather\" to deregister it: ";
    let (code, screen) = answered(&deregister, asked, "whether");
    assert_eq!(code, Some(1), "{screen}");
    assert!(is_known(&registry, FIRST));
    let (code, screen) = answered(&deregister, asked, "weather");
    assert_eq!(code, Some(0), "{screen}");
    assert!(!is_known(&registry, FIRST));
}
