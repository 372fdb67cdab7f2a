//! The life of an agent: imported, beating, silent, back; over restarts of everything.

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::NoticeKind;
use beatkeeper_engine::command::Command;
use beatkeeper_engine::control::{Client, ConnectError};
use beatkeeper_engine::{Engine, EngineError};
use serde_json::Value;

use crate::scene::{Scene, id};

fn confirmed(agent: &Value) -> u64 {
    agent["beats"]["confirmed"].as_u64().unwrap_or(0)
}

async fn connections(scene: &Scene, id: &EntityId) -> Vec<Value> {
    let history = scene.execute(Command::AgentHistory { id: id.clone(), limit: 50 }).await.expect("a history");
    history["connections"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_key_beats_and_every_beat_is_confirmed() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    let agent = scene.until(&id, "three confirmed beats", |agent| confirmed(agent) >= 3).await;
    assert_eq!(agent["liveness"], "active");
    assert_eq!(agent["verdict"]["code"], "ok");
    assert_eq!(agent["registry"]["status"], "active");
    assert_eq!(agent["beats"]["foreign"], 0);
    let beats = scene.devnet().beats(&id);
    assert!(beats.iter().all(|beat| beat.accepted), "{beats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_interval_keeps_the_connection() {
    let scene = Scene::new(&[1]).await;
    scene.import_only(1).await;
    let id = id(1);
    scene.until(&id, "its first beat", |agent| confirmed(agent) >= 1).await;
    scene.write_config(&scene.config().replace("registry = \"devnet\"\n", "registry = \"devnet\"\ninterval = 1\n"));
    scene.until(&id, "beats every second", |agent| confirmed(agent) >= 4).await;
    let connections = connections(&scene, &id).await;
    assert_eq!(connections.len(), 1, "{connections:#?}");
    assert_eq!(connections[0]["closed_at"], Value::Null);
}

/// The word of a beat, its event and readings of the record overtake each other when a whole fleet starts at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_starts_at_once_has_every_beat_told_right() {
    let numbers: Vec<u8> = (1..=120).collect();
    let mut scene = Scene::new(&numbers).await;
    for number in &numbers {
        scene.import_only(*number).await;
    }
    scene.write_config(&scene.config().replace("registry = \"devnet\"\n", "registry = \"devnet\"\ninterval = 1\n"));
    scene.restart_engine().await;
    for number in &numbers {
        let agent = scene.until(&id(*number), "three confirmed beats", |agent| confirmed(agent) >= 3).await;
        assert_eq!((&agent["beats"]["foreign"], &agent["beats"]["unconfirmed"]), (&0.into(), &0.into()), "{agent:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_dies_and_returns_is_told_twice_and_once() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until(&id, "beating", |agent| confirmed(agent) >= 2).await;

    let before = connections(&scene, &id).await.len();
    let stopped = scene.devnet.take().expect("it runs").shutdown().await;
    let stale = scene.notice().await;
    assert_eq!((stale.kind, stale.title.as_str()), (NoticeKind::Stale, "agent-1 went stale"));
    assert!(stale.body.contains("connection refused") && stale.body.contains("last beat"), "{}", stale.body);
    assert_eq!(scene.notice().await.kind, NoticeKind::Offline);
    assert_eq!(scene.agent(&id).await["liveness"], "offline");

    scene.devnet = Some(stopped.start().await.expect("it starts again"));
    scene.execute(Command::AgentRetry { id: id.clone() }).await.expect("dialled again");
    assert_eq!(scene.notice().await.kind, NoticeKind::Recovered);
    let agent = scene.agent(&id).await;
    assert_eq!((&agent["liveness"], &agent["reconnects_24h"]), (&"active".into(), &1.into()));

    let history = scene.execute(Command::AgentHistory { id, limit: 50 }).await.expect("a history");
    let connections = history["connections"].as_array().expect("connections");
    assert_eq!(connections.len(), before + 1, "{history:#}");
    assert!(connections[0]["closed_at"].is_null() && connections[0]["attempts"].as_u64() >= Some(2), "{history:#}");
    assert_eq!(connections[1]["close_code"], 1006);
    let path: Vec<&str> =
        history["transitions"].as_array().into_iter().flatten().filter_map(|t| t["to"].as_str()).collect();
    assert_eq!(path[..4], ["active", "offline", "stale", "late"], "newest first: {history:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_continues_the_record() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until(&id, "beating", |agent| confirmed(agent) >= 2).await;
    let before = connections(&scene, &id).await.len();
    scene.restart_engine().await;
    let agent = scene.until(&id, "beating again", |agent| confirmed(agent) >= 2).await;
    assert_eq!(agent["reconnects_24h"], 0, "a goodbye is no loss");
    let connections = connections(&scene, &id).await;
    assert_eq!(connections.len(), before + 1, "{connections:#?}");
    assert_eq!(connections[1]["close_code"], 1000, "a goodbye is written before the end");
    let strips = scene.execute(Command::BeatStrips { ids: vec![id.clone()], hours: 24 }).await.expect("strips");
    assert_eq!(strips[id.as_str()]["spans"][0]["kind"], "confirmed", "{strips:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_registered_later_is_noticed() {
    let scene = Scene::new(&[]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "registry.not_registered").await;
    scene.devnet().insert_entity(crate::scene::public(1), "agent-1", beatkeeper_core::identity::EntityKind::Agent);
    scene.until_verdict(&id, "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pausing_says_goodbye_and_resuming_beats_again() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until(&id, "beating", |agent| confirmed(agent) >= 1).await;
    scene.execute(Command::AgentSetPaused { id: id.clone(), paused: true }).await.expect("paused");
    scene.until_verdict(&id, "paused").await;
    scene.devnet().wait_for(|state| state.sockets(&id) == 0).await.expect("the socket is closed");
    let before = scene.devnet().accepted(&id);
    scene.execute(Command::AgentSetPaused { id: id.clone(), paused: false }).await.expect("resumed");
    scene.devnet().wait_for(|state| state.accepted(&id) > before).await.expect("it beats again");
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_takes_the_name_and_leaves_nothing_running() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    let remove = |name: &str| Command::AgentRemove { id: id.clone(), confirm_name: name.into(), delete_key: true };
    let refusal = scene.execute(remove("wrong")).await.expect_err("a wrong name");
    assert_eq!(refusal.code, "agent.wrong_name");
    scene.execute(remove("agent-1")).await.expect("removed");
    assert!(scene.agent(&id).await.is_null());
    scene.devnet().wait_for(|state| state.sockets(&id) == 0).await.expect("the socket is closed");
    let key = scene.execute(Command::AgentKey { id }).await.expect("a look");
    assert_eq!(key["presence"], "absent");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_engine_and_it_answers_on_its_control_channel() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    let second = Engine::start(scene.options()).await;
    assert!(matches!(second, Err(EngineError::AlreadyRunning { .. })));
    let data = scene.options().paths.data;
    let mut client = Client::connect(&data).await.expect("connected");
    let status = client.execute(&Command::Status).await.expect("a status");
    assert_eq!(status["agents"][0]["id"], id.as_str());
    client.execute(&Command::Quit).await.expect("asked to end");
    let engine = scene.engine.take().expect("it runs");
    engine.quit_asked().await;
    engine.shutdown().await;
    assert!(matches!(Client::connect(&data).await, Err(ConnectError::NobodyRuns { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_hears_of_the_next_revision() {
    let scene = Scene::new(&[1]).await;
    let mut client = Client::connect(&scene.options().paths.data).await.expect("connected");
    let known = client.execute(&Command::Revision { other_than: u64::MAX }).await.expect("answered at once");
    let known = known.as_u64().expect("a number");
    let waiting = Command::Revision { other_than: known };
    let (heard, _) = tokio::join!(client.execute(&waiting), scene.import_only(1));
    assert!(heard.expect("answered").as_u64() > Some(known));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_configuration_is_refused_and_the_running_one_stays() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until(&id, "beating", |agent| confirmed(agent) >= 1).await;
    let good = scene.config();
    scene.write_config(&format!("{good}\n[[agent]]\nnmae = 1\n"));
    let problem = loop {
        let status = scene.execute(Command::EngineStatus).await.expect("a status");
        if let Some(problem) = status["config_problem"].as_str() {
            break problem.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert!(problem.contains("nmae") && problem.contains("line"), "{problem}");
    let before = confirmed(&scene.agent(&id).await);
    scene.until(&id, "still beating", |agent| confirmed(agent) > before).await;
    let refusal =
        scene.execute(Command::AgentSetPaused { id, paused: true }).await.expect_err("nothing is overwritten");
    assert_eq!(refusal.code, "config.invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_is_in_nothing_that_is_written() {
    use base64::Engine as _;
    let scene = Scene::new(&[0xA7]).await;
    let entity = scene.import(0xA7).await;
    scene.until(&entity, "beating", |agent| confirmed(agent) >= 1).await;
    std::fs::remove_file(scene.path("key-167.json")).expect("the imported file goes");
    let status = scene.execute(Command::Status).await.expect("a status").to_string();
    let key = scene.execute(Command::AgentKey { id: id(0xA7) }).await.expect("a look").to_string();
    let seed = [0xA7_u8; 32];
    let needles = [
        seed.to_vec(),
        "a7".repeat(32).into_bytes(),
        "A7".repeat(32).into_bytes(),
        base64::engine::general_purpose::STANDARD.encode(seed).into_bytes(),
    ];
    let mut haystacks = vec![("status".to_owned(), status.into_bytes()), ("key".to_owned(), key.into_bytes())];
    let mut folders = vec![scene.path(".")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let kind = entry.file_type().expect("a type");
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                haystacks.push((entry.path().display().to_string(), std::fs::read(entry.path()).expect("a file")));
            }
        }
    }
    assert!(haystacks.iter().any(|(name, _)| name.ends_with("history.sqlite3")));
    for (name, haystack) in haystacks {
        for needle in &needles {
            assert!(!haystack.windows(needle.len()).any(|window| window == needle), "the seed is in {name}");
        }
    }
}
