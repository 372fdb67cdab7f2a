//! What a registry does in silence, and processes that never stay: named in the table without anybody looking for it.

use std::time::Duration;

use beatkeeper_devnet::{Config, Devnet};
use beatkeeper_engine::command::Command;
use serde_json::json;

use crate::scene::{Scene, free_port};

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_that_the_registry_does_not_announce() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    scene.devnet().fault("ignore".parse().expect("a fault")).await;
    scene.until(&id, "it is called inactive", |agent| agent["registry"]["status"] == "inactive").await;
    scene.devnet().clear_faults().await;
    let resumed = scene.until_verdict(&id, "registry.resume_unannounced").await;
    assert_eq!((&resumed["liveness"], &resumed["registry"]["status"]), (&"active".into(), &"active".into()));
    assert!(resumed["verdict"]["remedy"].as_str().is_some_and(|remedy| remedy.contains("Retry")), "{resumed:#}");
    scene.execute(Command::AgentRetry { id: id.clone() }).await.expect("connected anew");
    let again = scene.until_verdict(&id, "ok").await;
    assert_eq!(again["reconnects_24h"], 0, "a goodbye is no loss");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_is_late() {
    let scene = Scene::new(&[1]).await;
    scene.devnet().fault("sweep-late=3600".parse().expect("a fault")).await;
    let id = scene.watch().await;
    assert!(scene.devnet().count_beat(&id));
    scene.until_verdict(&id, "ok.watched").await;
    let late = scene.until_verdict(&id, "registry.sweep_late").await;
    assert_eq!(late["registry"]["status"], "active", "{late:#}");
    scene.devnet().clear_faults().await;
    scene.until_verdict(&id, "agent.silent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_started_again_and_again_elsewhere() {
    let scene = Scene::new(&[1]).await;
    // A program with a health address, which is all that is seen of it.
    let port = free_port();
    let listen = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, port));
    scene.import_only(1).await;
    let health = format!("[[agent]]\ninterval = 1\nbeats = \"agent\"\nhealth = \"http://127.0.0.1:{port}/health\"\n");
    scene.write_config(&scene.config().replace("[[agent]]\n", &health));
    let id = crate::scene::id(1);
    for start in 1..=4 {
        scene.until(&id, "it is gone", |agent| agent["process"]["state"] == "not_running").await;
        let container = Devnet::start(Config { listen, ..Config::default() }).await.expect("it starts");
        scene.devnet().count_beat(&id);
        let seen = scene.until(&id, "it is there", |agent| agent["process"]["state"] == "running").await;
        assert_eq!(seen["verdict"]["code"] == "process.restarting", start >= 3, "start {start}: {seen:#}");
        container.shutdown().await;
    }
    let gone = scene.until(&id, "it is gone", |agent| agent["process"]["state"] == "not_running").await;
    assert_eq!(gone["verdict"]["code"], "process.restarting", "{gone:#}");
    assert!(gone["verdict"]["sentence"].as_str().is_some_and(|says| says.contains("where it runs")), "{gone:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_ours_that_ends_soon_after_every_start() {
    let scene = Scene::new(&[1]).await;
    scene.import_only(1).await;
    let agent = scene.config().replace("[[agent]]\n", "[[agent]]\ninterval = 1\n");
    // It needs a registry, and is told of one that cannot be.
    let program = crate::scene::built("beatkeeper-demo-agent").display().to_string();
    let (command, folder) = (json!([program, "--registry=ftp://nowhere"]), json!(scene.path("").display().to_string()));
    scene.write_config(&format!("{agent}\n[agent.run]\ncommand = {command}\nfolder = {folder}\n"));
    let id = crate::scene::id(1);
    scene.until(&id, "its process is ours", |agent| agent["process"]["run"].is_object()).await;
    // Whether it came up at all is another answer's business.
    let _ = scene.execute(Command::AgentUp { ids: vec![id.clone()] }).await;
    let restarting = scene
        .within(Duration::from_secs(90), &id, "a loop", |agent| agent["verdict"]["code"] == "process.restarting")
        .await;
    assert!(
        restarting["verdict"]["sentence"].as_str().is_some_and(|says| says.contains("soon after every start")),
        "{restarting:#}"
    );
    scene.execute(Command::AgentDown { ids: vec![id.clone()] }).await.expect("an answer");
    scene.until_verdict(&id, "process.stopped").await;
}
