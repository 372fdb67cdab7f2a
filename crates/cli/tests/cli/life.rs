//! The main story through the command line alone: a key goes in, beats are confirmed, the registry dies and comes back,
//! the engine is killed, and the history goes on.

use std::fmt::Write as _;

use serde_json::Value;

use crate::golden::{ID, PRIVATE, PUBLIC, SEED, STRANGER, key_file, take, write_key};
use crate::registry::Registry;
use crate::stage::{Stage, wait};

const QUICK: &str = "thresholds = { late = 3, stale = 6, offline = 12, inactive_after = 6, sweep = 1 }";

/// A registry that knows the golden agent, and a configuration that beats for it every second.
pub fn set(stage: &Stage) -> Registry {
    let registry = Registry::start(stage, "devnet", "127.0.0.1:0", &[]);
    registry.register(&SEED, "weather");
    stage.write("beatkeeper.toml", &format!("[[registry]]\nname = \"devnet\"\nurl = \"{}\"\n{QUICK}\n", registry.url));
    write_key(stage, "key.json", &key_file(PUBLIC, PRIVATE));
    assert_eq!(
        stage.ok(&["agent", "import", "key.json", "--registry", "devnet", "--name", "weather"]),
        format!("{ID}\n")
    );
    hurry(stage);
    registry
}

/// The import has written the usual 30 s between beats.
fn hurry(stage: &Stage) {
    let mut text = stage.read("beatkeeper.toml").trim_end().to_owned();
    writeln!(text, "\ninterval = 1").expect("text");
    stage.write("beatkeeper.toml", &text);
}

fn confirmed(agent: &Value) -> u64 {
    agent["beats"]["confirmed"].as_u64().unwrap_or(0)
}

#[test]
fn an_agent_whose_key_was_another_one_beats_as_soon_as_it_is_replaced() {
    let stage = Stage::new();
    let _registry = set(&stage);
    take(&stage);
    let _engine = stage.engine("engine", &[]);
    let agent = stage.agent("weather", |agent| agent["verdict"]["code"] == "key.of_another");
    assert_eq!(confirmed(&agent), 0);
    let import = ["agent", "import", "key.json", "--registry", "devnet"];
    let error = stage.refused(&import);
    assert!(error.contains(&format!("--replace {STRANGER}")), "{error}");
    stage.ok(&[&import[..], &["--replace", STRANGER]].concat());
    // Sooner than the engine looks for a key by itself.
    stage.agent("weather", |agent| agent["verdict"]["code"] == "ok" && confirmed(agent) >= 2);
}

#[test]
fn a_key_goes_in_and_confirmed_beats_come_out() {
    let stage = Stage::new();
    let _registry = set(&stage);
    let mut engine = stage.engine("engine", &[]);

    let agent = stage.agent("weather", |agent| agent["liveness"] == "active" && confirmed(agent) >= 3);
    assert_eq!(agent["id"], ID);
    assert_eq!(agent["registry"]["status"], "active");
    assert_eq!((&agent["link"]["state"], &agent["link"]["reason"]), (&Value::from("open"), &Value::Null));
    for time in [&agent["registry"]["last_heartbeat"], &agent["registry"]["seen_at"], &agent["link"]["since"]] {
        let time = time.as_str().expect("a time");
        assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
    }
    for (part, fields) in [
        ("registry", &["url", "status", "last_heartbeat", "seen_at"][..]),
        ("link", &["state", "since", "attempt", "next_dial_at", "reason"]),
        ("verdict", &["code", "sentence", "remedy"]),
        ("beats", &["sent", "confirmed", "unconfirmed"]),
    ] {
        for field in fields {
            assert!(agent[part].get(field).is_some(), "{part}.{field} is missing: {agent:#}");
        }
    }
    assert_eq!(agent["reconnects_24h"], 0);

    let table = stage.ok(&["status"]);
    assert!(table.starts_with("● 1 active\n"), "{table}");
    assert!(table.contains("●  weather  active") && !table.contains('\u{1b}'), "{table}");
    let page = stage.ok(&["agent", "show", "weather"]);
    assert!(page.contains("open since") && page.contains(&ID["zns:".len()..]), "{page}");

    let second = stage.refused(&["run"]);
    assert!(second.contains("already running") && second.contains("beatkeeper quit"), "{second}");

    stage.ok(&["quit"]);
    assert!(engine.ended().success(), "{}", engine.said());
    assert!(engine.said().contains("weather active"), "{}", engine.said());
    assert_eq!(stage.run(&["status"]).code, Some(3));
}

#[test]
fn the_history_goes_on_after_kill_9() {
    let stage = Stage::new();
    let _registry = set(&stage);
    let mut engine = stage.engine("first", &[]);
    stage.agent("weather", |agent| confirmed(agent) >= 3);
    let last = wait(|| {
        let history = stage.json(&["history", "weather", "--json"]);
        (history["connections"][0]["confirmed"].as_u64() >= Some(3)).then_some(history)
    });
    let before = last.expect("a connection with confirmed beats");

    engine.signal("KILL");
    engine.ended();
    assert_eq!(stage.run(&["status"]).code, Some(3), "a killed engine leaves its socket, and nobody behind it");

    let mut engine = stage.engine("second", &[]);
    stage.agent("weather", |agent| agent["liveness"] == "active" && confirmed(agent) >= 2);
    let after = stage.json(&["history", ID, "--json"]);
    let connections = after["connections"].as_array().expect("connections");
    assert_eq!(connections.len(), 2, "{after:#}");
    let (new, old) = (&connections[0], &connections[1]);
    assert_eq!(new["closed_at"], Value::Null);
    assert_eq!(old["opened_at"], before["connections"][0]["opened_at"]);
    assert!(old["confirmed"].as_u64() >= before["connections"][0]["confirmed"].as_u64(), "{after:#}");
    assert_eq!((&old["close_code"], &old["cause"]), (&Value::from(1006), &Value::from("app.ended")));
    assert!(stage.ok(&["history", "weather"]).contains("1006, no close frame"));

    // For spreadsheets and programs.
    let table = stage.ok(&["export", "weather"]);
    assert!(table.starts_with("what,started,ended,seconds,") && table.matches("\nconnection,").count() == 2, "{table}");
    let whole = stage.json(&["export", "weather", "--json"]);
    assert_eq!(whole["connections"].as_array().map(Vec::len), Some(2), "{whole:#}");
    let none = stage.json(&["export", ID, "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z", "--json"]);
    assert_eq!(none["connections"], serde_json::json!([]));

    let told = stage.ok(&["downtime", "--last", "1d"]);
    assert!(told.contains(" % up, ") && !told.contains("Nothing is known"), "{told}");
    let shares = stage.ok(&["downtime", "weather", "--csv"]);
    assert!(shares.starts_with("id,name,from,to,share,counted,seconds\n") && shares.contains(",up,up,"), "{shares}");
    let whole = stage.json(&["downtime", "weather", "--json"]);
    assert!(whole["agents"][0]["up_seconds"].as_f64().is_some_and(|up| up > 0.0), "{whole:#}");
    assert_eq!(whole["agents"][0]["name"], "weather", "{whole:#}");

    // A stop that was asked for says goodbye.
    engine.signal("TERM");
    assert!(engine.ended().success(), "{}", engine.said());
    let _engine = stage.engine("third", &[]);
    let history = stage.json(&["history", "weather", "--json"]);
    let closed =
        history["connections"].as_array().expect("connections").iter().find(|one| one["closed_at"].is_string());
    assert_eq!(closed.expect("the second connection")["close_code"], 1000, "{history:#}");
}

#[test]
fn a_dead_registry_is_seen_told_and_recovered_from() {
    let stage = Stage::new();
    let registry = set(&stage);
    let engine = stage.engine("engine", &[]);
    stage.agent("weather", |agent| agent["liveness"] == "active");
    let mut watch = stage.start("watch", stage.command(&["status", "--watch"]));
    watch.line("● 1 active");
    let objects = stage.start("objects", stage.command(&["status", "--watch", "--json"]));

    let address = registry.address().to_owned();
    registry.process.signal("KILL");
    drop(registry);
    let agent = stage.agent("weather", |agent| agent["liveness"] == "offline");
    let (code, remedy) = (agent["verdict"]["code"].as_str(), agent["verdict"]["remedy"].as_str());
    assert!(code.is_some_and(|code| code.contains("refused")) && remedy != Some(""), "{agent:#}");
    assert!(stage.ok(&["status"]).starts_with("■ 1 offline"));
    let told = wait(|| Some(engine.said()).filter(|said| said.contains("! weather is offline: ")));
    assert!(told.is_some_and(|said| said.contains("! weather went stale: ")), "{}", engine.said());

    let registry = Registry::start(&stage, "again", &address, &[]);
    registry.register(&SEED, "weather");
    stage.ok(&["agent", "retry", "weather"]);
    let agent = stage.agent("weather", |agent| agent["liveness"] == "active" && agent["reconnects_24h"] != 0);
    assert_eq!(agent["link"]["state"], "open");

    let seen = wait(|| Some(watch.said()).filter(|said| said.contains("weather active (was offline)")));
    assert!(seen.is_some_and(|seen| seen.contains("■ weather offline")), "{}", watch.said());
    let history = stage.json(&["history", "weather", "--json"]);
    let steps = history["transitions"].as_array().expect("transitions").iter().rev();
    let steps: Vec<&str> = steps.filter_map(|step| step["to"].as_str()).collect();
    // Whether it was seen before its first beat, and its being active so is a change, is up to the machine.
    assert!(steps.ends_with(&["late", "stale", "offline", "active"]), "{steps:?}");
    watch.signal("INT");
    assert!(watch.ended().success());
    let said = objects.said();
    let last: Value = serde_json::from_str(said.lines().last().expect("an object")).expect("one object a line");
    assert_eq!(last["agents"][0]["id"], ID);
    assert!(!engine.said().contains("panicked"), "{}", engine.said());
}

#[test]
fn a_running_engine_takes_changes_at_once() {
    let stage = Stage::new();
    let registry = Registry::start(&stage, "devnet", "127.0.0.1:0", &[]);
    registry.register(&SEED, "weather");
    let engine = stage.engine("engine", &[]);
    write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));

    // Relative to where the command runs, which is not where the engine does.
    let import = ["agent", "import", "key.json", "--registry", &registry.url, "--name", "weather"];
    assert_eq!(stage.ok(&import), format!("{ID}\n"));
    stage.agent("weather", |agent| agent["liveness"] == "active" && confirmed(agent) >= 1);
    assert!(stage.refused(&import).contains("already here"));

    stage.ok(&["agent", "pause", "weather"]);
    stage.agent("weather", |agent| agent["liveness"] == "stopped" && agent["paused"] == true);
    stage.ok(&["agent", "resume", "5647"]);
    stage.agent("weather", |agent| agent["liveness"] == "active");

    let unknown = stage.refused(&["agent", "show", "wether"]);
    assert!(unknown.contains("weather (zns:56475"), "{unknown}");
    let json = stage.run(&["history", "wether", "--json"]);
    let error: Value = serde_json::from_str(&json.out).expect("an object");
    assert_eq!((json.code, &error["error"]["code"]), (Some(1), &Value::from("agent.unknown")));

    // A broken edit is told, and what runs goes on with the last good configuration.
    let good = stage.read("beatkeeper.toml");
    stage.write("beatkeeper.toml", &format!("{good}\ntypo = 1\n"));
    let told = wait(|| Some(engine.said()).filter(|said| said.contains("! The configuration is refused")));
    assert!(told.is_some_and(|said| said.contains("typo")), "{}", engine.said());
    assert!(stage.ok(&["status"]).contains("The configuration is refused"));
    stage.agent("weather", |agent| agent["liveness"] == "active");
    stage.write("beatkeeper.toml", &good);
    let mended = wait(|| Some(engine.said()).filter(|said| said.contains("in order again")));
    assert!(mended.is_some(), "{}", engine.said());

    stage.ok(&["agent", "remove", "weather", "--yes-remove", "weather"]);
    let gone = wait(|| (stage.json(&["status", "--json"])["agents"] == Value::Array(Vec::new())).then_some(()));
    assert!(gone.is_some());
}
