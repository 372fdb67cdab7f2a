//! The bridge as a browser and others meet it: real sockets, a real engine.

mod stage;

use serde_json::{Value, json};
use stage::{Stage, cookie, read_until};

const DELTA: &str = r#"{"command":"fleet_delta","since":0}"#;

#[test]
fn a_browser_opens_the_link_asks_and_hears_of_changes() {
    let stage = Stage::start();
    let entered = stage.get(&stage.link(), &[]);
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")));
    let set = entered.header("set-cookie").unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{set}");
    assert!(!set.contains(&stage.token), "the link and the session are two secrets");
    let cookie = cookie(&entered);

    let page = stage.get("/", &[("Cookie", &cookie)]);
    assert_eq!((page.status, page.body.as_str()), (200, stage::PAGE));
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'self';")));
    assert_eq!(page.header("access-control-allow-origin"), None);
    assert_eq!(
        stage.get("/assets/a.js", &[("Cookie", &cookie)]).header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(stage.get("/assets/b.js", &[("Cookie", &cookie)]).status, 404);

    let delta = stage.post(DELTA, &cookie);
    assert_eq!(delta.status, 200, "{}", delta.body);
    let delta: Value = serde_json::from_str(&delta.body).unwrap();
    assert_eq!(delta["summary"]["sentence"], "No agents yet");
    let revision = delta["revision"].as_u64().unwrap();

    let mut events = stage.events(&cookie);
    read_until(&mut events, "event: fleet-changed");
    let added = stage.post(r#"{"command":"agent_generate","registry":"nowhere","name":"weather"}"#, &cookie);
    assert_eq!(added.status, 200, "{}", added.body);
    let id = serde_json::from_str::<Value>(&added.body).unwrap()["id"].as_str().unwrap().to_owned();
    read_until(&mut events, "event: fleet-changed");
    let changed = stage.post(&json!({"command": "fleet_delta", "since": revision}).to_string(), &cookie);
    assert!(changed.body.contains(&id), "{}", changed.body);

    let refused =
        stage.post(r#"{"command":"agent_remove","id":"ID","confirm_name":"x"}"#.replace("ID", &id).as_str(), &cookie);
    let refusal: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!((refused.status, &refusal["code"]), (422, &"agent.wrong_name".into()), "{refusal}");
}

#[test]
fn nobody_else_comes_in() {
    let stage = Stage::start();
    let refused = |answer: stage::Answer, status: u16, code: &str| {
        let refusal: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{}", answer.body));
        assert_eq!((answer.status, refusal["code"].as_str()), (status, Some(code)), "{refusal}");
        assert!(refusal["sentence"].as_str().is_some_and(|sentence| sentence.contains(' ')));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    };
    // Without a session, whatever it is; and a wrong link does not use up the right one.
    for path in ["/", "/index.html", "/assets/a.js", "/events", "/absent"] {
        refused(stage.get(path, &[]), 403, "bridge.no_session");
    }
    refused(stage.post(DELTA, "beatkeeper=1"), 403, "bridge.no_session");
    refused(stage.get(&format!("/enter?token={}", "0".repeat(64)), &[]), 403, "bridge.token");
    let link = stage.link();
    let cookie = cookie(&stage.get(&link, &[]));
    refused(stage.get(&link, &[]), 403, "bridge.used");
    refused(stage.get(&link, &[("Cookie", &cookie)]), 403, "bridge.used");

    // With one, but under a name that somebody made to point here.
    refused(stage.ask("GET", "/", "evil.example", &[("Cookie", &cookie)], ""), 403, "bridge.host");
    let evil = format!("evil.example:{}", stage.port);
    refused(stage.ask("GET", "/", &evil, &[("Cookie", &cookie)], ""), 403, "bridge.host");
    let local = format!("localhost:{}", stage.port);
    assert_eq!(stage.ask("GET", "/", &local, &[("Cookie", &cookie)], "").status, 200);

    // By a page from elsewhere.
    let own = format!("http://{}", stage.host());
    let json = ("Content-Type", "application/json");
    let post = |more: &[(&str, &str)], body: &str| {
        stage.ask("POST", "/command", &stage.host(), &[&[("Cookie", cookie.as_str())], more].concat(), body)
    };
    refused(post(&[json], DELTA), 403, "bridge.origin");
    refused(post(&[json, ("Origin", "http://evil.example")], DELTA), 403, "bridge.origin");
    refused(post(&[json, ("Origin", "null")], DELTA), 403, "bridge.origin");
    refused(post(&[json, ("Origin", &own), ("Sec-Fetch-Site", "same-site")], DELTA), 403, "bridge.site");
    refused(stage.get("/events", &[("Cookie", &cookie), ("Sec-Fetch-Site", "cross-site")]), 403, "bridge.site");

    // And what nobody may.
    refused(post(&[("Content-Type", "text/plain"), ("Origin", &own)], DELTA), 415, "bridge.type");
    refused(post(&[json, ("Origin", &own)], r#"{"command":"quit"}"#), 403, "bridge.quit");
    refused(post(&[json, ("Origin", &own)], r#"{"command":"explode"}"#), 400, "control.bad_command");
    let large = format!(r#"{{"command":"fleet_delta","since":{}0}}"#, " ".repeat(70 * 1024));
    assert_eq!(post(&[json, ("Origin", &own)], &large).status, 413);
    assert_eq!(post(&[json, ("Origin", &own)], DELTA).status, 200, "and it goes on");
}

#[test]
fn it_listens_on_this_computer_alone_and_ends_when_asked() {
    let mut stage = Stage::start();
    assert!(stage.refuses_other_addresses());
    let cookie = cookie(&stage.get(&stage.link(), &[]));
    let mut events = stage.events(&cookie);
    read_until(&mut events, "event: fleet-changed");
    assert!(stage.end().success(), "a page that listens does not hold it up");
    assert!(stage.nobody_runs(), "its engine ended with it");
}

#[test]
fn an_engine_that_runs_already_is_used() {
    let first = Stage::start();
    let second = Stage::beside(&first);
    let cookie_of_first = cookie(&first.get(&first.link(), &[]));
    let cookie_of_second = cookie(&second.get(&second.link(), &[]));
    let mut events = second.events(&cookie_of_second);
    read_until(&mut events, "event: fleet-changed");
    let added = first.post(r#"{"command":"agent_generate","registry":"nowhere","name":"weather"}"#, &cookie_of_first);
    assert_eq!(added.status, 200, "{}", added.body);
    read_until(&mut events, "event: fleet-changed");
    let delta = second.post(DELTA, &cookie_of_second);
    assert!(delta.body.contains("weather"), "{}", delta.body);
    assert_eq!(first.post(DELTA, &cookie_of_second).status, 403, "a session is of one bridge");
}
