//! Two copies of one agent, and a program that beats while this one is silent: named in the table, when it persists.

use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_engine::command::Command;
use serde_json::{Value, json};

use crate::scene::{Scene, built, id};

/// Another program with the agent's key.
const OTHERS: Duration = Duration::from_millis(700);

impl Scene {
    /// Another program beats for the agent until it has this verdict.
    async fn until_verdict_while_another_beats(&self, id: &EntityId, code: &str) -> Value {
        let mut verdict = std::pin::pin!(self.until_verdict(id, code));
        let mut beats = tokio::time::interval(OTHERS);
        loop {
            tokio::select! {
                agent = &mut verdict => return agent,
                _ = beats.tick() => assert!(self.devnet().count_beat(id), "the registry knows it"),
            }
        }
    }

    /// Has agent 1 beat by itself, every second.
    pub async fn watch(&self) -> EntityId {
        self.import_only(1).await;
        self.write_config(&self.config().replace("[[agent]]\n", "[[agent]]\ninterval = 1\nbeats = \"agent\"\n"));
        self.until(&id(1), "it is watched", |agent| agent["beats_by"] == "agent").await;
        id(1)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_copy_of_an_agent_that_we_beat_for() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    // One beat alone is counted, and nobody is told.
    scene.devnet().count_beat(&id);
    let stray = scene.until(&id, "a stray beat", |agent| agent["beats"]["foreign"] == 1).await;
    assert_eq!(stray["verdict"]["code"], "ok", "{stray:#}");
    let copied = scene.until_verdict_while_another_beats(&id, "beats.second_copy").await;
    assert_eq!(copied["liveness"], "active", "{copied:#}");
    scene.until_verdict(&id, "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dialling_anew_and_starting_anew_is_no_second_copy() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    for round in 0..4 {
        scene.until_verdict(&id, "ok").await;
        if round % 2 == 0 {
            scene.execute(Command::AgentRetry { id: id.clone() }).await.expect("connected anew");
        } else {
            scene.restart_engine().await;
        }
        let confirmed = |agent: &Value| agent["beats"]["confirmed"].as_u64() >= Some(3);
        let agent = scene.until(&id, "it beats", confirmed).await;
        assert_ne!(agent["verdict"]["code"], "beats.second_copy", "{agent:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_that_beats_while_it_is_paused() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    scene.execute(Command::AgentSetPaused { id: id.clone(), paused: true }).await.expect("paused");
    scene.until_verdict(&id, "paused").await;
    let moved = scene.until_verdict_while_another_beats(&id, "beats.foreign").await;
    assert_eq!(moved["liveness"], "stopped", "{moved:#}");
    scene.until_verdict(&id, "paused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_that_beats_while_its_process_here_is_not_started() {
    let scene = Scene::new(&[1]).await;
    scene.import_only(1).await;
    let agent = scene.config().replace("[[agent]]\n", "[[agent]]\ninterval = 1\n");
    let (program, folder) =
        (built("beatkeeper-demo-agent").display().to_string(), scene.path("").display().to_string());
    scene.write_config(&format!("{agent}\n[agent.run]\ncommand = {}\nfolder = {}\n", json!([program]), json!(folder)));
    scene.until_verdict(&id(1), "process.stopped").await;
    scene.until_verdict_while_another_beats(&id(1), "beats.foreign").await;
    // It ends, and nobody misses it: nothing here was asked to run.
    let rests = scene.until(&id(1), "nobody beats", |agent| agent["liveness"] == "stopped").await;
    assert_eq!(rests["verdict"]["code"], "process.stopped", "{rests:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_of_an_agent_that_beats_by_itself() {
    let scene = Scene::new(&[1]).await;
    let id = scene.watch().await;
    let mut alone = tokio::time::interval(Duration::from_secs(1));
    let kept_to_its_interval = |agent: &Value| agent["beats"]["confirmed"].as_u64() >= Some(5);
    {
        let mut seen = std::pin::pin!(scene.until(&id, "it beats alone", kept_to_its_interval));
        loop {
            tokio::select! {
                agent = &mut seen => {
                    assert_eq!(agent["verdict"]["code"], "ok.watched", "{agent:#}");
                    break;
                }
                _ = alone.tick() => { scene.devnet().count_beat(&id); }
            }
        }
    }
    let mut copied = std::pin::pin!(scene.until_verdict(&id, "beats.second_copy"));
    let mut other = tokio::time::interval_at(tokio::time::Instant::now() + OTHERS / 2, Duration::from_secs(1));
    let copied = loop {
        tokio::select! {
            agent = &mut copied => break agent,
            _ = alone.tick() => { scene.devnet().count_beat(&id); }
            _ = other.tick() => { scene.devnet().count_beat(&id); }
        }
    };
    assert!(copied["verdict"]["sentence"].as_str().is_some_and(|says| says.contains("interval of 1 s")), "{copied:#}");
}
