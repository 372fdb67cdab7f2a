//! Buses of more than one server: Sentinels that choose another master, and a cluster that loses one. TLS is tried with the
//! whole program, which can be told whom to trust.

use std::time::Duration;

use beatkeeper_engine::command::{Command, Secret};
use redis::Commands as _;
use redis::cluster::ClusterClient;

use crate::bus::{agent, confirmed, health, on_bus, until_health};
use crate::redis_server::RedisServer;
use crate::scene::{Scene, free_port};

/// A new master is chosen, everybody hears of it, and backoffs end.
const CHANGE_WITHIN: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn behind_sentinels_the_new_master_is_found_with_the_subscription() {
    let guarded = ["--requirepass", "s3cret", "--masterauth", "s3cret"];
    let mut master = RedisServer::with(":s3cret@", &guarded);
    let of = master.port.to_string();
    let replica = RedisServer::with(":s3cret@", &[&guarded[..], &["--replicaof", "127.0.0.1", &of]].concat());
    replica
        .until("it has a copy", || replica.run::<String>(&["INFO", "replication"]).contains("master_link_status:up"));
    let sentinel = RedisServer::sentinel("heart", &master, "sentinel auth-pass heart s3cret\n");
    sentinel.until("the Sentinel knows of the replica", || {
        !sentinel.run::<Vec<redis::Value>>(&["SENTINEL", "REPLICAS", "heart"]).is_empty()
    });

    let scene = Scene::new(&[]).await;
    let login = format!("redis://:s3cret@127.0.0.1:{}", sentinel.port);
    let add = Command::BusAdd {
        name: "team".into(),
        url: Secret::from(login),
        password: None,
        watch: true,
        team: false,
        force: true,
    };
    scene.execute(add).await.expect("added");
    // One that is gone is passed over.
    let all = format!(
        "url = \"redis://127.0.0.1:{}\"\nmore = [\"{}\"]\nmode = \"sentinel\"\nmaster = \"heart\"",
        free_port(),
        sentinel.url()
    );
    let config = scene.config().replace(&format!("url = \"{}\"", sentinel.url()), &all);
    assert!(config.contains("heart"), "{config}");
    scene.write_config(&format!("{config}{}", agent("worker")));
    let worker = on_bus("worker");
    scene.until(&worker, "it beats", |agent| confirmed(agent) >= 2).await;
    scene.execute(Command::BusTest { name: "team".into() }).await.expect("the master answers");
    master.beat("stranger", 1);
    scene.until(&on_bus("stranger"), "others are heard", |agent| confirmed(agent) >= 1).await;

    master.kill();
    scene.until(&worker, "the loss is noticed", |agent| agent["link"]["state"] != "open").await;
    let before = confirmed(&scene.agent(&worker).await);
    let on = |agent: &serde_json::Value| confirmed(agent) >= before + 3 && agent["liveness"] == "active";
    scene.within(CHANGE_WITHIN, &worker, "it beats at the new master", on).await;
    assert!(replica.run::<bool>(&["HEXISTS", "agent:worker", "lastHeartbeat"]));
    replica.beat("latecomer", 1);
    scene.until(&on_bus("latecomer"), "others are heard there, too", |agent| confirmed(agent) >= 1).await;
    let well = until_health(&scene, "all is well", |health| health["problem"].is_null()).await;
    assert_eq!(well["stream_live"], true, "{well:#}");

    // The old one comes back as a replica, and a failover that is asked for is followed, too.
    master.start_again();
    replica.until("the old master is a replica", || {
        replica.run::<String>(&["INFO", "replication"]).contains("state=online")
    });
    sentinel.until("the failover begins", || sentinel.asked::<()>(&["SENTINEL", "FAILOVER", "heart"]).is_ok());
    master.until("it is the master again", || master.run::<String>(&["INFO", "replication"]).contains("role:master"));
    master.beat("homecomer", 1);
    let again = || async {
        master.beat("homecomer", 2);
        scene.agent(&on_bus("homecomer")).await
    };
    let deadline = std::time::Instant::now() + CHANGE_WITHIN;
    while again().await.is_null() {
        assert!(std::time::Instant::now() < deadline, "the old master is not found: {:#}", health(&scene).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let before = confirmed(&scene.agent(&worker).await);
    scene.within(CHANGE_WITHIN, &worker, "it beats on", |agent| confirmed(agent) >= before + 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_that_know_of_no_such_master_are_quoted() {
    let master = RedisServer::start();
    let sentinel = RedisServer::sentinel("heart", &master, "");
    let scene = Scene::new(&[]).await;
    scene.write_config(&format!(
        "{}[[bus]]\nname = \"team\"\nurl = \"{}\"\nmode = \"sentinel\"\nmaster = \"liver\"\n",
        scene.config(),
        sentinel.url()
    ));
    let health = until_health(&scene, "it is said", |health| health["problem"].is_string()).await;
    assert!(health["problem"].as_str().is_some_and(|said| said.contains("no master liver")), "{health:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_loses_a_master_goes_on() {
    let mut nodes = RedisServer::cluster();
    let names: Vec<String> = (0..9).map(|number| format!("worker-{number}")).collect();
    let urls: Vec<String> = nodes.iter().map(RedisServer::url).collect();
    let mut client = ClusterClient::new(urls.clone()).and_then(|client| client.get_connection()).expect("a client");
    // Who registered and never beat, anywhere.
    for number in 0..30 {
        client.hset::<_, _, _, ()>(format!("agent:newcomer-{number}"), "status", "starting").expect("written");
    }
    let scene = Scene::new(&[]).await;
    let more = serde_json::json!(urls[1..3]);
    let bus = format!("[[bus]]\nname = \"team\"\nmode = \"cluster\"\nurl = \"{}\"\nmore = {more}\n", urls[0]);
    let agents: String = names.iter().map(|name| agent(name)).collect();
    scene.write_config(&format!("{}{bus}{agents}", scene.config()));
    for name in &names {
        scene.until(&on_bus(name), "it beats", |agent| confirmed(agent) >= 2).await;
        assert_eq!(client.hget::<_, _, String>(format!("agent:{name}"), "status").expect("its hash"), "healthy");
    }
    for number in 0..30 {
        let id = on_bus(&format!("newcomer-{number}"));
        scene.until(&id, "its hash is read", |agent| agent["bus"]["state"] == "starting").await;
    }
    for (place, node) in nodes.iter().enumerate() {
        node.beat(&format!("stranger-{place}"), 1);
        let id = on_bus(&format!("stranger-{place}"));
        scene.until(&id, "others are heard at every server", |agent| confirmed(agent) >= 1).await;
    }
    scene.execute(Command::BusTest { name: "team".into() }).await.expect("it answers");

    // The first of those that the file names: it is where we listen, and has a third of all hashes.
    nodes[0].kill();
    nodes[3].until("the replica takes its place", || {
        nodes[3].run::<String>(&["INFO", "replication"]).contains("role:master")
    });
    let before: Vec<u64> = {
        let mut before = Vec::new();
        for name in &names {
            before.push(confirmed(&scene.agent(&on_bus(name)).await));
        }
        before
    };
    for (name, before) in names.iter().zip(before) {
        let on = |agent: &serde_json::Value| confirmed(agent) >= before + 3 && agent["liveness"] == "active";
        scene.within(CHANGE_WITHIN, &on_bus(name), "it beats on", on).await;
    }
    nodes[3].beat("latecomer", 1);
    scene.until(&on_bus("latecomer"), "others are heard, too", |agent| confirmed(agent) >= 1).await;
    let health = health(&scene).await;
    assert_eq!((&health["problem"], &health["stream_live"]), (&serde_json::Value::Null, &true.into()), "{health:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_on_a_cluster_has_its_leases_wherever_they_are() {
    let nodes = RedisServer::cluster();
    let names = ["worker-0", "worker-1", "worker-2", "worker-3"];
    let scene = Scene::new(&[]).await;
    let bus = format!(
        "[[bus]]\nname = \"team\"\nmode = \"cluster\"\nurl = \"{}\"\nmore = [\"{}\"]\nteam = true\nlease = 3\n",
        nodes[0].url(),
        nodes[1].url()
    );
    let agents: String = names.iter().map(|name| agent(name)).collect();
    scene.write_config(&format!("{}{bus}{agents}", scene.config()));
    for name in names {
        let held = scene
            .until(&on_bus(name), "it beats under its lease", |agent| {
                confirmed(agent) >= 2 && agent["holder"]["here"] == true
            })
            .await;
        assert_eq!(held["verdict"]["code"], "ok", "{held:#}");
    }
}
