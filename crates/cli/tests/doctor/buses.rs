//! Agents of a Redis bus, which has no records: what the doctor can say of them when no Beatkeeper runs.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::causes::with_result;
use crate::net::{Served, nobody};
use crate::redis::Redis;
use crate::stage::Stage;

/// What the doctor finds of an agent of the bus at this address.
fn found(stage: &Stage, url: &str, more: &str) -> (Option<i32>, Value) {
    let bus = format!("[[bus]]\nname = \"team\"\nurl = \"{url}\"\n");
    let agent = format!("[[agent]]\nentity = \"bus:team/worker\"\nname = \"worker\"\nregistry = \"team\"\n{more}");
    stage.write("beatkeeper.toml", &format!("{bus}\n{agent}"));
    let said = stage.run(&["doctor", "worker", "--json"]);
    let report = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    (said.code, report)
}

const ITSELF: &str = "beats = \"agent\"\n";

/// It is found to be this, and one check shows it.
#[track_caller]
fn is_found(stage: &Stage, url: &str, code: &str, shown_by: &str) -> Value {
    let (exit, report) = found(stage, url, ITSELF);
    assert_eq!((exit, &report["diagnosis"]["code"]), (Some(1), &code.into()), "{report:#}");
    assert_eq!(with_result(&report, "bad"), [shown_by].into(), "{report:#}");
    report
}

#[track_caller]
fn is_well(stage: &Stage, url: &str) -> Value {
    let (exit, report) = found(stage, url, ITSELF);
    assert_eq!((exit, &report["diagnosis"]["code"]), (Some(0), &"ok".into()), "{report:#}");
    let checks = report["checks"].as_array().cloned().unwrap_or_default();
    let kind = checks.iter().find(|check| check["check"] == "registry_kind").expect("it was asked");
    assert_eq!((&kind["result"], &kind["command"]), (&"ok".into(), &"beatkeeper bus test team".into()), "{report:#}");
    report
}

#[test]
fn an_agent_that_nobody_beats_for_is_not_well() {
    let stage = Stage::new();
    let redis = Redis::start(&stage, &[]);
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let (code, report) = found(&stage, &url, "");
    assert_eq!((code, &report["diagnosis"]["code"]), (Some(1), &"engine.not_running".into()), "{report:#}");
    assert_eq!(with_result(&report, "bad"), ["beats"].into(), "{report:#}");
    // One that beats by itself needs nobody.
    is_well(&stage, &url);
}

#[test]
fn a_bus_that_is_reached_by_a_socket_file_has_no_name_to_resolve() {
    let stage = Stage::new();
    let socket = stage.path("redis.sock").display().to_string();
    let url = format!("redis+unix://{socket}");
    is_found(&stage, &url, "link.refused", "registry_kind");
    let _redis = Redis::start(&stage, &["--unixsocket", &socket]);
    let report = is_well(&stage, &url);
    assert!(with_result(&report, "not_asked").is_superset(&["dns", "tcp"].into()), "{report:#}");
}

#[test]
fn a_bus_that_is_not_there_or_does_not_answer_is_named() {
    let stage = Stage::new();
    is_found(&stage, &format!("redis://{}", nobody()), "link.refused", "tcp");
    let several = format!("redis://{}\"\nmore = [\"redis://127.0.0.1:1\"]\nmode = \"cluster", nobody());
    is_found(&stage, &several, "link.refused", "registry_kind");
    let mute = Served::new(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    is_found(&stage, &format!("redis://{}", mute.address), "registry.silent", "registry_kind");
    let hangs_up = Served::new(|_stream| std::future::ready(()));
    is_found(&stage, &format!("redis://{}", hangs_up.address), "registry.silent", "registry_kind");
}

#[test]
fn a_password_that_the_bus_refuses_is_given_anew() {
    let stage = Stage::new();
    let redis = Redis::start(&stage, &["--requirepass", "opensesame"]);
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let report = is_found(&stage, &url, "link.forbidden", "registry_kind");
    let remedy = report["diagnosis"]["remedy"].as_str().unwrap_or_default();
    assert!(remedy.contains("`beatkeeper bus password team`"), "{remedy}");

    let given = |password: &str| {
        let mut command = stage.command(&["bus", "password", "team"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        child.stdin.take().expect("its input").write_all(password.as_bytes()).expect("it reads");
        child.wait().expect("it ends").code()
    };
    assert_eq!(given("wrong\n"), Some(1));
    is_found(&stage, &url, "link.forbidden", "registry_kind");
    assert_eq!(given("opensesame\n"), Some(0));
    is_well(&stage, &url);
    assert!(!stage.read("beatkeeper.toml").contains("opensesame"));
}
