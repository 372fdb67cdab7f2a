//! A real agent of the registry's own Python kit, when `cargo xtask sdk` was able to install it.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use beatkeeper_devnet::{Config, ReceivedBeat};
use serde_json::json;

use crate::scene::{Scene, built, free_port, id};

/// As often as the kit beats, and nobody can tell it otherwise (protocols.md 3.1).
const ITS_INTERVAL: Duration = Duration::from_secs(30);
/// Ours: should we go on beside it, one of ours would fall between any two of its own.
const OUR_INTERVAL: Duration = Duration::from_secs(25);
/// It sleeps for thirty seconds, and does the rest besides.
const SLACK: Duration = Duration::from_secs(3);
/// It imports for seconds, and two of its beats are half a minute apart.
const PATIENCE: Duration = Duration::from_secs(90);

/// The least that makes an agent of the kit.
const AGENT: &str = r#"
import os, threading
from zyndai_agent.agent import AgentConfig, ZyndAIAgent

agent = ZyndAIAgent(AgentConfig(
    name="weather-agent",
    description="Says what the weather is like.",
    registry_url=os.environ["ZYND_REGISTRY_URL"],
    server_host="127.0.0.1",
    server_port=int(os.environ["PORT"]),
))
agent.set_custom_agent(lambda text: "sunny")
agent.start()
threading.Event().wait()
"#;

/// The Python that has the kit.
fn kit() -> Option<PathBuf> {
    let programs = built("beatkeeper-shim");
    let target = programs.ancestors().nth(2)?;
    let python = if cfg!(windows) { "sdk/Scripts/python.exe" } else { "sdk/bin/python" };
    // The mark that it was installed to its end.
    Some(target.join(python)).filter(|python| target.join("sdk/kit").is_file() && python.is_file())
}

fn run(scene: &Scene, python: &std::path::Path, port: u16) -> String {
    let text = |path: PathBuf| json!(path.display().to_string());
    let home = text(scene.path(""));
    // A home of its own: the keys of whoever runs this are none of its business.
    format!(
        "[agent.run]\ncommand = [{python}, \"agent.py\"]\nfolder = {home}\nregistry_url = true\n\
         env = {{ HOME = {home}, USERPROFILE = {home}, PORT = \"{port}\", PYTHONUNBUFFERED = \"1\", \
         NO_PROXY = \"127.0.0.1\" }}\n\
         [agent.run.live]\nhttp = \"http://127.0.0.1:{port}/health\"\nevery = 1\n\
         [[agent]]\nentity = \"{other}\"\nname = \"another\"\nregistry = \"devnet\"\nbeats = \"agent\"\n\
         health = \"http://127.0.0.1:{port}/health\"\n",
        python = text(python.to_path_buf()),
        other = id(2),
    )
}

/// How long after a beat the next one came.
fn between(beats: &[ReceivedBeat]) -> Vec<Duration> {
    beats.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at).unsigned_abs()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_the_kit_finds_its_key_and_takes_over_its_beats() {
    let Some(python) = kit() else {
        // Past the test runner, which keeps to itself what a test prints that passes.
        let _ =
            writeln!(std::io::stderr(), "skipped: no real agent, since `cargo xtask sdk` has not installed its kit");
        return;
    };
    let scene = Scene::on(Config::default(), "", &[1]).await;
    scene.import_only(1).await;
    // The vault has it now, and nobody else.
    std::fs::remove_file(scene.path("key-1.json")).expect("the key file");
    std::fs::write(scene.path("agent.py"), AGENT).expect("its program");
    let (id, port) = (id(1), free_port());
    let agent = "[[agent]]\n";
    let config =
        scene.config().replace(agent, &format!("{agent}interval = {}\nbeats = \"auto\"\n", OUR_INTERVAL.as_secs()));
    scene.write_config(&format!("{config}\n{}", run(&scene, &python, port)));
    scene.until(&id, "its process is ours", |agent| agent["process"]["run"].is_object()).await;

    scene.up(&id).await;
    let agent = scene.within(PATIENCE, &id, "it answers", |agent| agent["process"]["state"] == "running").await;
    assert_eq!(agent["speaker"], "app", "we beat until it does: {agent:#}");
    // It says whose it is, and it changed its record, which nobody can do without the key.
    scene.until_logged(&id, id.as_str()).await;
    let url = format!("http://127.0.0.1:{port}");
    let told = scene.devnet().wait_for(|state| state.record(&id).is_some_and(|record| record.entity_url == url));
    told.await.expect("its record has its address");
    scene
        .until(&crate::scene::id(2), "who asks for another there is told", |agent| {
            agent["process"]["state"] == "wrong_agent"
                && agent["process"]["detail"].as_str().is_some_and(|detail| detail.contains(id.as_str()))
        })
        .await;
    scene.until(&id, "it beats", |agent| agent["liveness"] == "active").await;

    let watched = scene.within(PATIENCE, &id, "its own beats are seen", |agent| {
        assert_eq!(agent["liveness"], "active", "{agent:#}");
        agent["speaker"] == "agent" && agent["link"]["state"] == "idle"
    });
    watched.await;
    let only_its_own = scene.devnet().wait_for(|state| state.sockets(&id) == 1);
    only_its_own.await.expect("our socket is closed");
    let before = scene.devnet().beats(&id).len();
    let confirmed = scene.agent(&id).await["beats"]["confirmed"].as_u64();
    let next = scene.devnet().wait_within(PATIENCE, |state| state.beats(&id).len() > before);
    next.await.expect("it goes on");
    scene.until(&id, "its beat is seen", |agent| agent["beats"]["confirmed"].as_u64() > confirmed).await;
    assert_eq!(scene.agent(&id).await["verdict"]["code"], "ok.watched");

    let beats = scene.devnet().beats(&id);
    let waits = between(&beats);
    assert!(beats.iter().all(|beat| beat.accepted), "{beats:?}");
    assert!(waits.iter().all(|wait| *wait < ITS_INTERVAL + SLACK), "a gap: {waits:?}");
    assert!(waits[before - 1] > OUR_INTERVAL, "somebody else beat in between: {waits:?}");

    scene.down(&id).await;
    scene.devnet().wait_for(|state| state.sockets(&id) == 0).await.expect("it has ended");
    std::net::TcpListener::bind(("127.0.0.1", port)).expect("nobody listens there any more");
}
