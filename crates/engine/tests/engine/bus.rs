//! Redis buses, each with a real server: whom we beat for, who is only seen there, and what is thrown at them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::BeatsBy;
use beatkeeper_engine::command::{Command, Secret};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::redis_server::RedisServer;
use crate::scene::Scene;

pub fn on_bus(name: &str) -> EntityId {
    EntityId::on_bus("team", name).expect("an id")
}

pub fn confirmed(agent: &Value) -> u64 {
    agent["beats"]["confirmed"].as_u64().unwrap_or(0)
}

fn bus(redis: &RedisServer) -> String {
    format!("[[bus]]\nname = \"team\"\nurl = \"{}\"\nmost_seen = 50\n", redis.url())
}

pub fn agent(name: &str) -> String {
    format!("[[agent]]\nentity = \"{}\"\nname = \"{name}\"\nregistry = \"team\"\ninterval = 1\n", on_bus(name))
}

async fn scene(redis: &RedisServer, agents: &[&str]) -> Scene {
    let scene = Scene::new(&[]).await;
    let agents: String = agents.iter().map(|name| agent(name)).collect();
    scene.write_config(&format!("{}{}{agents}", scene.config(), bus(redis)));
    scene
}

pub async fn health(scene: &Scene) -> Value {
    let registries = scene.execute(Command::Registries).await.expect("registries");
    let all = registries.as_array().cloned().unwrap_or_default();
    all.into_iter().find(|registry| registry["name"] == "team").unwrap_or(Value::Null)
}

pub async fn until_health(scene: &Scene, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let health = health(scene).await;
        if is(&health) {
            return health;
        }
        assert!(Instant::now() < deadline, "never came to pass: {what}; it is {health:#}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_ours_beats_and_is_confirmed_by_hearing_itself() {
    let redis = RedisServer::start();
    let mut scene = scene(&redis, &["worker"]).await;
    let agent = scene.until(&on_bus("worker"), "three confirmed beats", |agent| confirmed(agent) >= 3).await;
    assert_eq!((&agent["verdict"]["code"], &agent["bus"]["state"]), (&"ok".into(), &"healthy".into()), "{agent:#}");
    assert!(agent["bus"]["sequence"].as_u64() >= Some(3) && agent["bus"]["only_seen"] == false, "{agent:#}");
    assert_eq!(agent["beats"]["foreign"], 0);

    let hash: HashMap<String, String> = redis.run(&["HGETALL", "agent:worker"]);
    assert_eq!((hash["status"].as_str(), hash["intervalMs"].as_str()), ("healthy", "1000"));
    assert!(hash.contains_key("registeredAt") && hash.contains_key("lastHeartbeat") && !hash["host"].is_empty());
    let lives_for: i64 = redis.run(&["PTTL", "agent:worker"]);
    assert!((1..=4000).contains(&lives_for), "{lives_for}");

    scene.engine.take().expect("the engine runs").shutdown().await;
    let hash: HashMap<String, String> = redis.run(&["HGETALL", "agent:worker"]);
    assert_eq!(hash["status"], "stopped");
    assert!(hash.contains_key("stoppedAt"));

    scene.start_engine().await;
    let agent = scene.until(&on_bus("worker"), "it beats again", |agent| confirmed(agent) >= 1).await;
    assert_eq!(agent["liveness"], "active");
    assert!(!redis.run::<bool>(&["HEXISTS", "agent:worker", "stoppedAt"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_on_the_bus_is_seen_also_who_never_beat_and_who_stopped() {
    let redis = RedisServer::start();
    let now = jiff::Timestamp::now().as_millisecond().to_string();
    redis.run::<i64>(&["HSET", "agent:newcomer", "registeredAt", &now, "status", "starting", "type", "worker"]);
    let scene = scene(&redis, &[]).await;
    let newcomer = scene.until(&on_bus("newcomer"), "it is seen", |agent| !agent.is_null()).await;
    assert_eq!((&newcomer["bus"]["state"], &newcomer["bus"]["only_seen"]), (&"starting".into(), &true.into()));

    redis.beat("team:a/b", 7);
    let stranger = scene.until(&on_bus("team:a/b"), "a stranger beats", |agent| confirmed(agent) >= 1).await;
    assert_eq!((&stranger["bus"]["sequence"], &stranger["liveness"]), (&7.into(), &"active".into()));
    assert_eq!(stranger["bus"]["metrics"]["memory_mb"], 64.0, "{stranger:#}");

    redis.run::<i64>(&["HSET", "agent:team:a/b", "status", "stopped", "stoppedAt", &now]);
    scene.until(&on_bus("team:a/b"), "it stopped, and is not missed", |agent| agent["liveness"] == "stopped").await;
    redis.beat("team:a/b", 1);
    let back = scene.until(&on_bus("team:a/b"), "it is back", |agent| agent["liveness"] == "active").await;
    assert_eq!(back["bus"]["restarts"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_and_a_flood_are_counted_and_cost_nobody_a_beat() {
    let redis = RedisServer::start();
    redis.run::<()>(&["SET", "agent:no-hash", "text"]);
    let scene = scene(&redis, &["worker"]).await;
    scene.until(&on_bus("worker"), "it beats", |agent| confirmed(agent) >= 1).await;
    let huge = format!("{{\"agentId\":\"a\",\"currentTask\":\"{}\"}}", "x".repeat(1 << 20));
    let bad = [
        "not JSON",
        "[1]",
        "{}",
        "{\"agentId\":5}",
        "{\"agentId\":\"a\\nb\"}",
        "{\"agentId\":\"a\",\"timestamp\":-1}",
        "{\"agentId\":\"a\",\"timestamp\":99999999999999}",
        huge.as_str(),
    ];
    for message in bad {
        redis.run::<i64>(&["PUBLISH", "heartbeats", message]);
    }
    // Fields of the wrong type cost that field alone.
    redis.run::<i64>(&[
        "PUBLISH",
        "heartbeats",
        "{\"agentId\":\"odd\",\"sequence\":\"x\",\"metrics\":[],\"status\":7}",
    ]);
    scene.until(&on_bus("odd"), "what is left of it", |agent| confirmed(agent) == 1).await;
    let counted = until_health(&scene, "all are counted", |health| health["bus"]["unusable"] == bad.len()).await;
    assert!(counted["bus"]["last_unusable"].is_string(), "{counted:#}");

    let mut connection = redis.connect().expect("connected");
    for thousand in 0..100 {
        let mut pipeline = redis::pipe();
        for number in 0..1000 {
            let message = format!("{{\"agentId\":\"stranger-{thousand}-{number}\",\"sequence\":1}}");
            pipeline.cmd("PUBLISH").arg("heartbeats").arg(message).ignore();
        }
        pipeline.query::<()>(&mut connection).expect("published");
    }
    // Each of them is one of the 50 that are shown, or is counted; beside them, those that are shown were asked for.
    let not_shown = |health: &Value| {
        let count = |what: &str| health["bus"][what].as_u64().unwrap_or(0);
        count("turned_away") + count("dropped")
    };
    let flooded = until_health(&scene, "the flood is counted", |health| not_shown(health) >= 99_950).await;
    assert_eq!(flooded["bus"]["only_seen"], 50);
    assert!(not_shown(&flooded) <= 100_050 && flooded["bus"]["dropped"].as_u64() > Some(0), "{flooded:#}");
    let before = confirmed(&scene.agent(&on_bus("worker")).await);
    let agent = scene.until(&on_bus("worker"), "it beats on", |agent| confirmed(agent) >= before + 3).await;
    assert_eq!((&agent["beats"]["unconfirmed"], &agent["liveness"]), (&0.into(), &"active".into()), "{agent:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_found_again_with_its_subscription() {
    let mut redis = RedisServer::start();
    let scene = scene(&redis, &["worker"]).await;
    let id = on_bus("worker");
    scene.until(&id, "it beats", |agent| confirmed(agent) >= 2).await;
    redis.kill();
    let down = until_health(&scene, "the loss is told", |health| health["problem"].is_string()).await;
    assert_eq!((&down["reachable"], &down["stream_live"]), (&false.into(), &false.into()), "{down:#}");
    scene.until(&id, "its link is lost", |agent| agent["link"]["state"] != "open").await;

    redis.start_again();
    let before = confirmed(&scene.agent(&id).await);
    scene.until(&id, "it is heard again", |agent| confirmed(agent) >= before + 2).await;
    redis.beat("stranger", 1);
    scene.until(&on_bus("stranger"), "others are heard, too", |agent| confirmed(agent) >= 1).await;
    let up = until_health(&scene, "all is well", |health| health["problem"].is_null()).await;
    assert_eq!((&up["reachable"], &up["stream_live"]), (&true.into(), &true.into()), "{up:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_a_password_open_the_bus_and_the_file_never_has_the_password() {
    let login = "alice:s3cret@";
    let user = ["--user", "default", "off", "--user", "alice", "on", ">s3cret", "~*", "&*", "+@all"];
    let redis = RedisServer::with(login, &user);
    let scene = Scene::new(&[]).await;
    let add = |url: String, force| Command::BusAdd {
        name: "team".into(),
        url: Secret::from(url),
        password: None,
        watch: true,
        team: false,
        force,
    };
    let wrong = add(format!("redis://alice:wrong@127.0.0.1:{}", redis.port), false);
    assert_eq!(scene.execute(wrong).await.expect_err("refused").code, "bus.no_answer");
    assert!(!scene.config().contains("team"));

    scene.execute(add(redis.url_with_login(), false)).await.expect("added");
    assert!(scene.config().contains("alice@") && !scene.config().contains("s3cret"), "{}", scene.config());
    scene.execute(Command::BusTest { name: "team".into() }).await.expect("it answers");
    until_health(&scene, "it is heard", |health| health["stream_live"] == true).await;
    redis.beat("stranger", 1);
    scene.until(&on_bus("stranger"), "a stranger beats", |agent| confirmed(agent) >= 1).await;
    scene.write_config(&format!("{}{}", scene.config(), agent("worker")));
    scene.until(&on_bus("worker"), "ours beats", |agent| confirmed(agent) >= 1).await;

    let in_use = scene.execute(Command::BusRemove { name: "team".into() }).await.expect_err("refused");
    assert_eq!(in_use.code, "bus.in_use");
    scene.write_config(&scene.config().replace(&agent("worker"), ""));
    scene.execute(Command::BusRemove { name: "team".into() }).await.expect("removed");
    assert!(scene.agent(&on_bus("stranger")).await.is_null() && health(&scene).await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_not_hammered() {
    let redis = RedisServer::with(":s3cret@", &["--requirepass", "s3cret"]);
    let scene = scene(&redis, &["worker"]).await;
    let health = until_health(&scene, "the refusal is told", |health| health["problem"].is_string()).await;
    assert!(health["problem"].as_str().is_some_and(|problem| problem.contains("password")), "{health:#}");
    scene.until(&on_bus("worker"), "it is blocked", |agent| agent["link"]["state"] == "blocked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_expires_is_told_where_the_server_tells() {
    let redis = RedisServer::with("", &["--notify-keyspace-events", "KEx"]);
    // It beats so seldom that nobody else would ask for its hash.
    redis.run::<i64>(&["HSET", "agent:ghost", "status", "healthy", "intervalMs", "3600000"]);
    let scene = scene(&redis, &[]).await;
    let ghost = on_bus("ghost");
    scene.until(&ghost, "it is seen", |agent| agent["registry"]["status"] == "healthy").await;
    redis.run::<i64>(&["PEXPIRE", "agent:ghost", "1"]);
    scene.until(&ghost, "its hash is gone", |agent| agent["registry"]["status"].is_null()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_added_by_its_name_and_one_that_was_seen_is_taken_in() {
    let redis = RedisServer::start();
    let scene = scene(&redis, &[]).await;
    until_health(&scene, "it is heard", |health| health["stream_live"] == true).await;
    redis.beat("stranger", 1);
    scene.until(&on_bus("stranger"), "a stranger beats", |agent| confirmed(agent) >= 1).await;
    let add =
        |name: &str, beats| Command::AgentOnBus { bus: "team".into(), name: name.into(), beats, interval: Some(1) };
    scene.execute(add("stranger", BeatsBy::Agent)).await.expect("taken in");
    let is_ours = |agent: &Value| agent["bus"]["only_seen"] == false;
    let taken = scene.until(&on_bus("stranger"), "it is configured", is_ours).await;
    assert_eq!((&taken["beats_by"], &taken["name"]), (&"agent".into(), &"stranger".into()), "{taken:#}");

    scene.execute(add("worker", BeatsBy::App)).await.expect("added");
    let ours = scene.until(&on_bus("worker"), "ours beats", |agent| confirmed(agent) >= 1).await;
    assert_eq!(ours["beats_by"], "app");
    assert_eq!(scene.config().matches("interval = 1\n").count(), 2, "{}", scene.config());
}

/// An agent's own health endpoint, which always says this.
async fn health_endpoint(says: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/health", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{says}",
                says.len()
            );
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                let _ = socket.read(&mut asked).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_says_of_its_work_is_in_its_beats() {
    let redis = RedisServer::start();
    let says =
        r#"{"status":"ok","currentTask":"report","taskProgress":0.25,"metrics":{"queueDepth":7,"errorsLast5Min":0}}"#;
    let health = health_endpoint(says).await;
    let scene = scene(&redis, &[]).await;
    let limits = format!("{}limits = {{ queue = 6 }}\n", bus(&redis));
    let config = scene.config().replace(&bus(&redis), &limits);
    scene.write_config(&format!("{config}{}health = \"{health}\"\n", agent("worker")));
    let row = scene.until(&on_bus("worker"), "its own word", |agent| agent["bus"]["status"] == "busy").await;
    assert_eq!((&row["bus"]["task"], &row["bus"]["progress"]), (&"report".into(), &0.25.into()), "{row:#}");
    assert_eq!(row["bus"]["metrics"]["queue_depth"], 7.0);
    // Within higher limits it is well again.
    scene.write_config(&scene.config().replace("queue = 6", "queue = 7"));
    scene.until(&on_bus("worker"), "it is within its limits", |agent| agent["bus"]["status"] == "healthy").await;
}
