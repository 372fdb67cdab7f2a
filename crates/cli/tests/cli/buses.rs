//! Redis buses, and agents that have a name there and no key.

use crate::stage::Stage;

/// Nobody listens there.
const NOWHERE: &str = "redis://:s3cret@127.0.0.1:9";

fn with_bus() -> Stage {
    let stage = Stage::new();
    stage.write("beatkeeper.toml", "[[registry]]\nname = \"zynd\"\nurl = \"http://127.0.0.1:9\"\n");
    stage.ok(&["bus", "add", "team", NOWHERE, "--force"]);
    stage
}

#[test]
fn a_bus_that_does_not_answer_is_refused_and_forced() {
    let stage = Stage::new();
    let refused = stage.refused(&["bus", "add", "team", NOWHERE]);
    assert!(refused.contains("does not answer") && refused.contains("--force"), "{refused}");
    assert!(!stage.path("beatkeeper.toml").exists());
    stage.ok(&["bus", "add", "team", NOWHERE, "--force"]);
    let listed = stage.json(&["bus", "list", "--json"]);
    assert_eq!((&listed[0]["name"], &listed[0]["url"]), (&"team".into(), &"redis://127.0.0.1:9".into()));
    let silent = stage.refused(&["bus", "test", "team"]);
    assert!(silent.contains("does not answer") && !silent.contains("--force"), "{silent}");
    let heard = String::from_utf8_lossy(&stage.heard()).into_owned();
    assert!(!heard.contains("s3cret") && !stage.read("beatkeeper.toml").contains("s3cret"), "{heard}");
}

#[test]
fn an_agent_is_added_by_its_name_and_without_a_vault() {
    let stage = with_bus();
    let mut command = stage.command(&["agent", "add", "--registry", "team", "--name", "worker 1"]);
    command.env_remove("BEATKEEPER_PASSPHRASE");
    let said = stage.hear(command);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "bus:team/worker%201\n"), "{said:?}");
    assert!(said.err.contains("no key") && !said.err.contains("vault"), "{said:?}");

    stage.ok(&["agent", "add", "--registry", "team", "--name", "other", "--watch", "--interval", "10"]);
    let file = stage.read("beatkeeper.toml");
    assert!(file.ends_with("interval = 10\nbeats = \"agent\"\n"), "{file}");
    let in_use = stage.refused(&["bus", "remove", "team"]);
    assert!(in_use.contains("2 configured agents"), "{in_use}");
}

#[test]
fn keys_and_names_each_have_their_place() {
    let stage = with_bus();
    let file = stage.read("beatkeeper.toml");
    let generated = stage.refused(&["agent", "add", "--registry", "team", "--generate"]);
    assert!(generated.contains("names and no keys") && generated.contains("--name NAME"), "{generated}");
    let named = stage.refused(&["agent", "add", "--registry", "zynd", "--name", "weather"]);
    assert!(named.contains("by its key") && named.contains("--generate"), "{named}");
    let nowhere = stage.refused(&["agent", "add", "--registry", "nowhere", "--name", "weather"]);
    assert!(nowhere.contains("no bus \"nowhere\""), "{nowhere}");
    assert_eq!(stage.read("beatkeeper.toml"), file);
}
