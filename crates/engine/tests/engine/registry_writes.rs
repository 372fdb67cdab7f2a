//! A running engine writes to the registry that it beats at.

use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_devnet::Config;
use beatkeeper_engine::command::{Command, Write, WriteDone, WritePlan};
use beatkeeper_engine::control::Client;
use serde_json::{Value, json};

use crate::scene::{Scene, write_key};

fn register(scene: &Scene) -> Write {
    Write::Register {
        developer_path: Some(scene.path("developer.json")),
        entity_url: Some("http://127.0.0.1:9".into()),
        name: None,
        category: None,
        tags: None,
        summary: None,
        index: None,
    }
}

fn next_index(scene: &Scene) -> Write {
    Write::NextIndex { developer_path: Some(scene.path("developer.json")), entity_url: None }
}

/// An agent with the developer's first key, which the registry does not know yet.
async fn derived(scene: &Scene) -> EntityId {
    let developer_path = scene.path("developer.json");
    write_key(&developer_path, 7);
    let derive = Command::AgentDerive {
        developer_path,
        index: 0,
        registry: "devnet".into(),
        name: Some("weather".into()),
        replace: None,
    };
    let added = scene.execute(derive).await.expect("the key is derived");
    let config = scene.config().replace("registry = \"devnet\"\n", "registry = \"devnet\"\ninterval = 1\n");
    scene.write_config(&config);
    added["id"].as_str().expect("an id").parse().expect("an id")
}

async fn carry_out(scene: &Scene, id: &EntityId, write: Write) -> WriteDone {
    let propose = Command::WritePropose { id: id.clone(), write: write.clone() };
    let plan: WritePlan = serde_json::from_value(scene.execute(propose).await.expect("a plan")).expect("a plan");
    let carry_out = Command::WriteCarryOut { id: id.clone(), write, seal: plan.seal };
    serde_json::from_value(scene.execute(carry_out).await.expect("it is done")).expect("what was done")
}

fn beats(agent: &Value) -> bool {
    agent["verdict"]["code"] == "ok"
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_beats_once_it_is_registered_and_again_after_its_record_was_deleted() {
    let scene = Scene::new(&[]).await;
    let id = derived(&scene).await;
    scene.until(&id, "the registry does not know it", |agent| agent["link"]["state"] == "blocked").await;
    carry_out(&scene, &id, register(&scene)).await;
    scene.until(&id, "its first confirmed beat", beats).await;

    let name = "weather".to_owned();
    let write = Write::Deregister { confirm_name: name, developer_path: None };
    carry_out(&scene, &id, write).await;
    assert!(scene.devnet().record(&id).is_none());
    let unknown = |agent: &Value| agent["verdict"]["code"] != "ok";
    scene.until(&id, "its record is gone", unknown).await;
    carry_out(&scene, &id, register(&scene)).await;
    scene.until(&id, "its beats count again", beats).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_beats_for_the_next_key_and_no_longer_for_the_old_one() {
    let scene = Scene::new(&[]).await;
    let old = derived(&scene).await;
    carry_out(&scene, &old, register(&scene)).await;
    scene.until(&old, "a confirmed beat", beats).await;

    let done = carry_out(&scene, &old, next_index(&scene)).await;
    let new = done.agent;
    assert_ne!(new, old);
    let agent = scene.until(&new, "the new key's confirmed beat", beats).await;
    assert_eq!(agent["name"], "weather");
    assert!(scene.devnet().accepted(&new) > 0);
    assert_eq!(scene.agent(&old).await, Value::Null, "its place is taken");
    scene.devnet().wait_for(|state| state.sockets(&old) == 0).await.expect("the old key's socket is closed");
    let key = |id: &EntityId| serde_json::from_value(json!({"command": "agent_key", "id": id})).expect("a command");
    assert_eq!(scene.execute(key(&old)).await.expect("a key")["presence"], "present", "the old key is kept");
}

/// An agent that is started here, by this script.
#[cfg(unix)]
async fn started(scene: &Scene, script: &str) -> EntityId {
    let id = derived(scene).await;
    let folder = scene.path("data");
    let run = format!("[agent.run]\nfolder = '{}'\ncommand = {}\n", folder.display(), json!(["sh", "-c", script]));
    let config = format!("{}\n{run}", scene.config().trim_end());
    scene.write_config(&config);
    let start = async || scene.execute(Command::AgentUp { ids: vec![id.clone()] }).await;
    // The file is followed soon after it was written.
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while !start().await.is_ok_and(|ordered| ordered[0]["refusal"].is_null()) {
        assert!(std::time::Instant::now() < deadline, "it never started");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_go_one_at_a_time_and_no_limit_is_waited_out_for_who_left() {
    // The developer is registered, and the agent has to wait for a minute.
    let config = Config { registrations_per_minute: Some(1), ..Config::default() };
    let scene = Scene::on(config, "", &[]).await;
    let id = derived(&scene).await;
    let propose = Command::WritePropose { id: id.clone(), write: register(&scene) };
    let plan: WritePlan = serde_json::from_value(scene.execute(propose).await.expect("a plan")).expect("a plan");
    let carry_out = |seal: String| Command::WriteCarryOut { id: id.clone(), write: register(&scene), seal };

    let mut client = Client::connect(&scene.options().paths.data).await.expect("connected");
    let command = carry_out(plan.seal);
    let first = tokio::spawn(async move {
        while let Err(refusal) = client.execute(&command).await {
            assert_eq!(refusal.code, "write.under_way", "the other one was faster");
        }
    });
    let until = async |code: &str| {
        let ask =
            async || scene.execute(carry_out("another plan's".to_owned())).await.expect_err("not what was shown").code;
        while ask().await != code {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, until("write.under_way")).await.expect("the first is under way");
    first.abort();
    tokio::time::timeout(patience, until("write.changed")).await.expect("it was given up");
    assert!(scene.devnet().record(&id).is_none(), "nothing was sent any more");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_to_be_started_again_is_stopped_first() {
    let scene = Scene::new(&[]).await;
    let id = started(&scene, "exit 1").await;
    // Whichever it is just now, it goes on with the old key by itself.
    scene.until(&id, "it ended", |agent| agent["process"]["run"]["exit"].is_object()).await;
    let waits = |agent: &Value| agent["process"]["state"] == "waiting";
    scene.until(&id, "it is to be started again", waits).await;
    let propose = Command::WritePropose { id: id.clone(), write: next_index(&scene) };
    let refused = scene.execute(propose).await.expect_err("it is to run");
    assert_eq!(refused.code, "run.is_up");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_has_the_old_key_is_ended_first() {
    let scene = Scene::new(&[]).await;
    let id = started(&scene, "exec sleep 600").await;
    scene.until(&id, "its process runs", |agent| agent["process"]["state"] == "running").await;
    let propose = Command::WritePropose { id: id.clone(), write: next_index(&scene) };
    let refused = scene.execute(propose).await.expect_err("it runs");
    assert_eq!(refused.code, "run.is_up");
    assert!(refused.remedy.contains("new key"), "{refused:?}");
    scene.execute(Command::AgentDown { ids: vec![id.clone()] }).await.expect("it is ended");
    scene.until(&id, "its process has ended", |agent| agent["process"]["state"] != "running").await;
}
