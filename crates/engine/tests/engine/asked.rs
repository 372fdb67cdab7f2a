//! What a person asks of one agent: to restart, to be quiet, to be labelled; and what is shown of it.

use beatkeeper_engine::command::{BeatStrip, Command};
use serde_json::{Value, json};

use crate::scene::{Scene, id};

async fn rows(scene: &Scene) -> Vec<Value> {
    let delta = scene.execute(Command::FleetDelta { since: 0 }).await.expect("a delta");
    delta["rows"].as_array().expect("rows").clone()
}

#[tokio::test]
async fn a_restart_says_goodbye_and_dials_anew() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    scene.execute(Command::AgentRestart { id: id.clone() }).await.unwrap();
    scene.until(&id, "its new link", |agent| agent["link"]["state"] == "open").await;
    let history = scene.execute(Command::AgentHistory { id: id.clone(), limit: 10 }).await.unwrap();
    let connections = history["connections"].as_array().unwrap();
    assert_eq!(connections.len(), 2, "{connections:#?}");
    assert_eq!(connections[1]["close_code"], 1000);
    assert_eq!(scene.agent(&id).await["reconnects_24h"], 0, "what was asked for is no loss");

    let refused = scene.execute(Command::AgentRestart { id: crate::scene::id(9) }).await.unwrap_err();
    assert_eq!(refused.code, "agent.unknown");
    scene.execute(Command::AgentSetPaused { id: id.clone(), paused: true }).await.unwrap();
    assert_eq!(scene.execute(Command::AgentRestart { id }).await.unwrap_err().code, "agent.paused");
}

#[tokio::test]
async fn a_snoozed_agent_interrupts_nobody_until_the_snooze_ends() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    let as_usual = json!({"command": "agent_snooze", "id": &id});
    scene.execute(serde_json::from_value(as_usual).unwrap()).await.unwrap();
    let delta = scene.execute(Command::FleetDelta { since: 0 }).await.unwrap();
    let until = delta["rows"][0]["snoozed_until"].as_u64().unwrap();
    let left = until - delta["now"].as_u64().unwrap();
    assert!((3_000_000..=3_600_000).contains(&left), "an hour is usual: {left} ms");
    let stopped = scene.devnet.take().unwrap().shutdown().await;
    scene.until(&id, "offline", |agent| agent["liveness"] == "offline").await;
    assert!(scene.tellings.try_recv().is_err(), "snoozed");

    scene.restart_engine().await;
    assert!(scene.agent(&id).await["snoozed_until"].is_string(), "a restart keeps it");
    scene.execute(Command::AgentSnooze { id: id.clone(), minutes: Some(0) }).await.unwrap();
    assert_eq!(scene.notice().await.title, "agent-1 is offline", "what still holds is told");
    drop(stopped);
}

#[tokio::test]
async fn tags_are_kept_and_bad_ones_refused() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    let tags = |tags: &[&str]| Command::AgentSetTags {
        id: id.clone(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    scene.execute(tags(&["team a", "nightly"])).await.unwrap();
    assert_eq!(rows(&scene).await[0]["tags"], json!(["team a", "nightly"]));
    assert!(scene.config().contains("tags = [\"team a\", \"nightly\"]"), "{}", scene.config());
    for bad in [vec!["a,b"], vec![""], vec!["x", "x"], vec!["0123456789012345678901234567890123"]] {
        assert_eq!(scene.execute(tags(&bad)).await.unwrap_err().code, "agent.bad_tags", "{bad:?}");
    }
    assert_eq!(rows(&scene).await[0]["tags"], json!(["team a", "nightly"]), "a refusal loses nothing");
}

#[tokio::test]
async fn a_key_shows_where_it_lives_and_what_it_was_derived_from() {
    let scene = Scene::new(&[]).await;
    let developer = scene.path("developer.json");
    crate::scene::write_key(&developer, 7);
    let derive = Command::AgentDerive {
        developer_path: developer,
        index: 3,
        registry: "devnet".into(),
        name: None,
        replace: None,
    };
    let added = scene.execute(derive).await.unwrap();
    let key: Command = serde_json::from_value(json!({"command": "agent_key", "id": added["id"]})).unwrap();
    let face = scene.execute(key).await.unwrap();
    assert_eq!(face["presence"], "present");
    assert_eq!(face["public_key"], added["public_key"]);
    assert!(added["id"].as_str().unwrap().ends_with(face["fingerprint"].as_str().unwrap()));
    assert_eq!(face["derived"]["index"], 3);
    assert!(face["derived"]["developer"].as_str().unwrap().starts_with("zns:dev:"));
    let stranger = scene.execute(Command::AgentKey { id: id(9) }).await.unwrap();
    assert_eq!((&stranger["presence"], &stranger["fingerprint"]), (&json!("absent"), &Value::Null));
}

#[tokio::test]
async fn strips_of_an_hour_a_day_and_a_month_tell_the_same_beats() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until(&id, "some beats", |agent| agent["beats"]["confirmed"].as_u64() > Some(2)).await;
    scene.execute(Command::AgentSetPaused { id: id.clone(), paused: true }).await.unwrap();
    let mut counted = Vec::new();
    for hours in [1, 24, 720] {
        let strips = scene.execute(Command::BeatStrips { ids: vec![id.clone()], hours }).await.unwrap();
        let strip: BeatStrip = serde_json::from_value(strips[id.as_str()].clone()).unwrap();
        let length = strip.to.since(strip.from).as_secs();
        assert!((u64::from(hours) * 3600).abs_diff(length) <= 1, "{length}");
        assert!(strip.uptime.is_some() && !strip.spans.is_empty(), "{strip:?}");
        counted.push((strip.beats, strip.gaps));
    }
    assert!(counted[0].0 > 2 && counted.iter().all(|each| *each == counted[0]), "{counted:?}");
}

#[tokio::test]
async fn dropped_files_are_named_for_what_they_are() {
    let scene = Scene::new(&[]).await;
    let (good, not_json) = (scene.path("good.json"), scene.path("notes.txt"));
    crate::scene::write_key(&good, 5);
    std::fs::write(&not_json, "hello").unwrap();
    let files = vec![good, not_json, scene.path("absent.json")];
    let found = scene.execute(Command::KeysLook { files }).await.unwrap();
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), 3, "in their order, and none left out");
    assert_eq!((found[0]["id"].as_str(), &found[0]["problem"]), (Some(id(5).as_str()), &Value::Null));
    assert!(found[1]["problem"].is_string() && found[2]["problem"].is_string(), "{found:#?}");
}

#[tokio::test]
async fn an_outage_is_an_incident_of_the_history() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    let stopped = scene.devnet.take().unwrap().shutdown().await;
    scene.until(&id, "offline", |agent| agent["liveness"] == "offline").await;
    let incidents = async |scene: &Scene| {
        let history = scene.execute(Command::AgentHistory { id: id.clone(), limit: 50 }).await.unwrap();
        history["incidents"].as_array().unwrap().clone()
    };
    let open = incidents(&scene).await;
    assert_eq!((open.len(), &open[0]["resolved_at"], &open[0]["worst"]), (1, &Value::Null, &json!("offline")));
    assert_eq!(open[0]["cause"], "link.refused", "{open:#?}");
    scene.devnet = Some(stopped.start().await.unwrap());
    scene.until(&id, "active", |agent| agent["liveness"] == "active").await;
    assert_eq!(open[0]["fault"], "registry");
    let ended = async || incidents(&scene).await[0]["resolved_at"].is_u64();
    while !ended().await {
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
}
