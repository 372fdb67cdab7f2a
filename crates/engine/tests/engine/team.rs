//! Several Beatkeepers on one real Redis: for each agent one of them beats.

use std::sync::Arc;
use std::time::{Duration, Instant};

use beatkeeper_core::identity::EntityId;
use beatkeeper_engine::command::{Command, Secret};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::redis_server::RedisServer;
use crate::scene::{Scene, id};

/// So long a lease lasts here, in seconds.
const LEASE: u64 = 3;

fn worker() -> EntityId {
    EntityId::on_bus("team", "worker").expect("an id")
}

fn bus(url: &str) -> String {
    format!("[[bus]]\nname = \"team\"\nurl = \"{url}\"\nteam = true\nlease = {LEASE}\n")
}

/// Of a registry's agent of this number, as somebody sees it who knows it from the bus alone.
fn mirrored(number: u8) -> EntityId {
    EntityId::on_bus("team", id(number).as_str()).expect("an id")
}

/// A computer of the team, at the registry of this one, or at its own.
async fn computer(at: Option<&Scene>, url: &str) -> Scene {
    let scene = Scene::new(&[1]).await;
    let config = match at {
        Some(other) => scene.config().replace(&scene.devnet().url(), &other.devnet().url()),
        None => scene.config(),
    };
    scene.write_config(&format!("{config}{}", bus(url)));
    scene
}

fn add_worker(scene: &Scene) {
    let agent = format!("[[agent]]\nentity = \"{}\"\nname = \"worker\"\nregistry = \"team\"\ninterval = 1\n", worker());
    scene.write_config(&format!("{}{agent}", scene.config()));
}

fn beats_here(agent: &Value) -> bool {
    agent["verdict"]["code"] == "ok" && agent["holder"]["here"] == true
}

fn beats_elsewhere(agent: &Value) -> bool {
    agent["verdict"]["code"] == "ok.team" && agent["speaker"] == "team" && agent["holder"]["here"] == false
}

/// Who published a beat of the worker: the fence and the number of each, as they came.
struct Listener {
    heard: std::thread::JoinHandle<Vec<(u64, u64)>>,
    redis: redis::Client,
}

impl Listener {
    fn on(redis: &RedisServer) -> Self {
        let client = redis::Client::open(redis.url()).expect("a client");
        let mut connection = client.get_connection().expect("connected");
        let (ready, is_ready) = std::sync::mpsc::channel();
        let heard = std::thread::spawn(move || {
            let mut ears = connection.as_pubsub();
            ears.subscribe("heartbeats").expect("subscribed");
            ready.send(()).expect("somebody waits");
            let mut heard = Vec::new();
            loop {
                let text: String = ears.get_message().expect("a message").get_payload().expect("a text");
                let message: Value = serde_json::from_str(&text).expect("JSON");
                if message["agentId"] == "no more" {
                    return heard;
                }
                if message["agentId"] == "worker" {
                    heard.push((
                        message["fence"].as_u64().expect("a fence"),
                        message["sequence"].as_u64().expect("one"),
                    ));
                }
            }
        });
        is_ready.recv().expect("it listens");
        Self { heard, redis: client }
    }

    fn heard(self) -> Vec<(u64, u64)> {
        let mut connection = self.redis.get_connection().expect("connected");
        redis::cmd("PUBLISH").arg("heartbeats").arg("{\"agentId\":\"no more\"}").exec(&mut connection).expect("said");
        self.heard.join().expect("it listened")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_beats_and_the_other_takes_over_at_its_goodbye() {
    let redis = RedisServer::start();
    let listener = Listener::on(&redis);
    let mut first = computer(None, &redis.url()).await;
    add_worker(&first);
    let held = first.until(&worker(), "the first one beats", beats_here).await;
    let fence = held["holder"]["fence"].as_u64().expect("a fence");

    let second = computer(None, &redis.url()).await;
    add_worker(&second);
    let watched = second.until(&worker(), "the second one watches", beats_elsewhere).await;
    assert_eq!((&watched["beats"]["sent"], &watched["beats"]["foreign"]), (&0.into(), &0.into()), "{watched:#}");
    assert_eq!(watched["holder"]["computer"], held["holder"]["computer"]);
    let refused = second.execute(Command::AgentRestart { id: worker() }).await.expect_err("it is not ours");
    assert_eq!(refused.code, "agent.elsewhere");

    first.engine.take().expect("it runs").shutdown().await;
    let taken = second.until(&worker(), "the second one beats", beats_here).await;
    assert!(taken["holder"]["fence"].as_u64() > Some(fence), "{taken:#}");
    assert_eq!(taken["bus"]["restarts"], 0, "who takes over counts anew, and nothing was restarted");

    first.start_engine().await;
    first.until(&worker(), "who comes back watches", beats_elsewhere).await;
    let heard = listener.heard();
    assert!(heard.is_sorted_by_key(|(fence, _)| *fence), "nobody beats under an old lease: {heard:?}");
    for (before, after) in heard.iter().zip(&heard[1..]) {
        assert!(after.0 > before.0 && after.1 == 1 || after.0 == before.0 && after.1 == before.1 + 1, "{heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_may_ask_when_the_server_was_started_nobody_beats_and_it_is_said_why() {
    let user = ["--user", "default", "off", "--user", "alice", "on", ">s3cret", "~*", "&*", "+@all", "-info"];
    let redis = RedisServer::with("alice:s3cret@", &user);
    let scene = Scene::new(&[]).await;
    let (url, password) = (Secret::from(redis.url_with_login()), None);
    let add = Command::BusAdd { name: "team".into(), url, password, watch: true, team: true, force: false };
    scene.execute(add).await.expect("added");
    add_worker(&scene);
    let silent = scene.until_verdict(&worker(), "team.unsettled").await;
    let refused =
        |agent: &Value| agent["verdict"]["sentence"].as_str().is_some_and(|sentence| sentence.contains("INFO"));
    scene.until(&worker(), "the reason is said", refused).await;
    assert_eq!(silent["beats"]["sent"], 0, "{silent:#}");
}

/// A way to the server that can be cut.
struct Wire {
    port: u16,
    is_whole: Arc<watch::Sender<bool>>,
}

impl Wire {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let wire = Self {
            port: listener.local_addr().expect("its port").port(),
            is_whole: Arc::new(watch::Sender::new(true)),
        };
        let is_whole = Arc::clone(&wire.is_whole);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut cut = is_whole.subscribe();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(("127.0.0.1", port)).await?;
                    tokio::select! {
                        passed = tokio::io::copy_bidirectional(&mut near, &mut far) => passed.map(drop),
                        _ = cut.wait_for(|whole| !whole) => Ok(()),
                    }
                });
            }
        });
        wire
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_bus_stops_before_anybody_else_begins() {
    let redis = RedisServer::start();
    let wire = Wire::to(redis.port).await;
    let first = computer(None, &wire.url()).await;
    let agent = first.import(1).await;
    first.until(&agent, "the first one beats", beats_here).await;
    let second = computer(Some(&first), &redis.url()).await;
    second.import(1).await;
    second.until(&agent, "the second one watches", beats_elsewhere).await;

    wire.is_whole.send_replace(false);
    let cut_at = Instant::now();
    let silent = first.until_verdict(&agent, "team.unsettled").await;
    let sent = silent["beats"]["sent"].as_u64();
    let silent_at = jiff::Timestamp::now();
    second.until(&agent, "the second one takes over", beats_here).await;
    assert!(cut_at.elapsed() >= Duration::from_secs(LEASE / 3), "its lease was waited for");
    assert_eq!(first.agent(&agent).await["beats"]["sent"].as_u64(), sent, "it is silent");
    // The registry saw a pause between the last beat of the one and the first of the other.
    let beats = first.devnet().beats(&agent);
    assert!(beats.iter().all(|beat| beat.accepted));
    let (before, after): (Vec<_>, Vec<_>) = beats.iter().partition(|beat| beat.at <= silent_at);
    let apart =
        after.first().expect("one of the second").at.duration_since(before.last().expect("one of the first").at);
    assert!(apart.as_millis() >= 500, "{apart:?}");

    wire.is_whole.send_replace(true);
    let back = first.until(&agent, "it watches the other one", beats_elsewhere).await;
    assert_eq!(back["beats"]["sent"].as_u64(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgot_everything_costs_nobody_its_lease() {
    let mut redis = RedisServer::start();
    let listens = Listener::on(&redis);
    let first = computer(None, &redis.url()).await;
    add_worker(&first);
    let held = first.until(&worker(), "the first one beats", beats_here).await;
    let second = computer(None, &redis.url()).await;
    add_worker(&second);
    second.until(&worker(), "the second one watches", beats_elsewhere).await;
    let before = listens.heard();

    redis.kill();
    redis.start_again();
    let listens = Listener::on(&redis);
    let confirmed = |agent: &Value| agent["beats"]["confirmed"].as_u64().unwrap_or(0);
    let beats = confirmed(&first.agent(&worker()).await);
    let after = first.until(&worker(), "it beats on", |agent| beats_here(agent) && confirmed(agent) > beats + 2).await;
    second.until(&worker(), "the other one watches on", beats_elsewhere).await;
    let fence = held["holder"]["fence"].as_u64().expect("a fence");
    assert!(after["holder"]["fence"].as_u64() >= Some(fence));
    let heard = listens.heard();
    assert!(before.iter().chain(&heard).is_sorted_by_key(|(fence, _)| *fence), "{before:?} {heard:?}");
    assert_eq!(second.agent(&worker()).await["beats"]["sent"], 0, "the other one never beat");
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_of_a_registry_are_in_everybodys_table() {
    let redis = RedisServer::start();
    let first = computer(None, &redis.url()).await;
    let agent = first.import(1).await;
    first.until(&agent, "it beats", beats_here).await;
    let second = computer(None, &redis.url()).await;
    let row = second
        .until(&mirrored(1), "somebody else sees it", |row| {
            row["liveness"] == "active" && row["beats"]["confirmed"].as_u64() >= Some(2)
        })
        .await;
    assert_eq!(
        (&row["name"], &row["bus"]["kind"], &row["bus"]["only_seen"]),
        (&"agent-1".into(), &"zynd".into(), &true.into())
    );
    assert!(row["bus"]["host"].as_str().is_some_and(|host| !host.is_empty()), "{row:#}");
    assert!(first.agent(&mirrored(1)).await.is_null(), "it has its row there already");

    first.execute(Command::AgentSetPaused { id: agent.clone(), paused: true }).await.expect("paused");
    second.until(&mirrored(1), "it stopped, and is not missed", |row| row["liveness"] == "stopped").await;
    first.execute(Command::AgentSetPaused { id: agent, paused: false }).await.expect("resumed");
    second.until(&mirrored(1), "it is back", |row| row["liveness"] == "active").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_are_made_anew_are_as_silent_as_before() {
    let redis = RedisServer::start();
    let first = computer(None, &redis.url()).await;
    let agent = first.import(1).await;
    first.until(&agent, "the first one beats", beats_here).await;
    let second = computer(Some(&first), &redis.url()).await;
    second.import(1).await;
    second.until(&agent, "the second one watches", beats_elsewhere).await;

    // Its registry's links are all dialled anew, and its bus's.
    let config = second.config().replacen("[[registry]]\n", "[[registry]]\nping = { after = 20, within = 10 }\n", 1);
    second.write_config(
        &config.replace("team = true\n", "team = true\nmost_seen = 7\n").replace("agent-1", "other name"),
    );
    second.until(&agent, "the change is in force", |row| row["name"] == "other name" && beats_elsewhere(row)).await;
    let confirmed = |row: &Value| row["beats"]["confirmed"].as_u64().unwrap_or(0);
    let before = confirmed(&second.agent(&agent).await);
    let row = second.until(&agent, "the first one's beats go on", |row| confirmed(row) >= before + 3).await;
    assert_eq!((&row["beats"]["sent"], &row["holder"]["here"]), (&0.into(), &false.into()), "{row:#}");
    assert_eq!(first.agent(&agent).await["beats"]["foreign"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_team_each_computer_beats_again() {
    let redis = RedisServer::start();
    let first = computer(None, &redis.url()).await;
    let agent = first.import(1).await;
    first.until(&agent, "it beats under its lease", beats_here).await;
    first.write_config(&first.config().replace("team = true\n", ""));
    let alone = first
        .until(&agent, "it beats without one", |row| row["verdict"]["code"] == "ok" && row["holder"].is_null())
        .await;
    assert_eq!(alone["speaker"], "app");
    let lease = format!("beatkeeper:lease:{{{agent}}}");
    assert!(!redis.run::<bool>(&["EXISTS", &lease]), "its lease was let go of");
}
