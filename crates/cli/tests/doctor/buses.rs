//! Agents of a Redis bus, which has no records: what the doctor can say of them when no Beatkeeper runs.

use serde_json::Value;

use crate::causes::with_result;
use crate::net::Served;
use crate::stage::Stage;

/// What the doctor finds of an agent of the bus at this address.
fn found(url: &str, more: &str) -> (Option<i32>, Value) {
    let stage = Stage::new();
    let bus = format!("[[bus]]\nname = \"team\"\nurl = \"{url}\"\n");
    let agent = format!("[[agent]]\nentity = \"bus:team/worker\"\nname = \"worker\"\nregistry = \"team\"\n{more}");
    stage.write("beatkeeper.toml", &format!("{bus}\n{agent}"));
    let said = stage.run(&["doctor", "worker", "--json"]);
    let report = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    (said.code, report)
}

/// A port where somebody takes connections, as much as anybody looks at.
fn somebody() -> Served {
    Served::new(|_stream| std::future::pending())
}

#[test]
fn an_agent_that_nobody_beats_for_is_not_well() {
    let bus = somebody();
    let (code, report) = found(&format!("redis://{}", bus.address), "");
    assert_eq!((code, &report["diagnosis"]["code"]), (Some(1), &"engine.not_running".into()), "{report:#}");
    assert_eq!(with_result(&report, "bad"), ["beats"].into(), "{report:#}");
}

#[test]
fn one_that_beats_by_itself_needs_no_beatkeeper() {
    let bus = somebody();
    let (code, report) = found(&format!("redis://{}", bus.address), "beats = \"agent\"\n");
    assert_eq!((code, &report["diagnosis"]["code"]), (Some(0), &"ok".into()), "{report:#}");
}

#[test]
fn a_bus_that_is_reached_by_a_socket_file_has_no_name_to_resolve() {
    let (code, report) = found("redis+unix:///run/redis.sock", "beats = \"agent\"\n");
    assert_eq!((code, &report["diagnosis"]["code"]), (Some(0), &"ok".into()), "{report:#}");
    assert!(with_result(&report, "not_asked").is_superset(&["dns", "tcp"].into()), "{report:#}");
}
