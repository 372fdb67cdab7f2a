//! Agents that are started here: real processes, real shims, a real registry.

use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_engine::command::Command;
use serde_json::{Value, json};

use crate::scene::{QUICK, Scene, built, free_port, id};

/// An agent's program, and what it is told.
struct Program {
    port: u16,
    /// While this file is there, its probe fails.
    unwell: std::path::PathBuf,
    behaviour: &'static str,
}

impl Program {
    fn of(scene: &Scene, behaviour: &'static str) -> Self {
        Self { port: free_port(), unwell: scene.path("unwell"), behaviour }
    }

    fn command(&self, scene: &Scene) -> Vec<String> {
        let registry = scene.devnet().url();
        [
            built("beatkeeper-demo-agent").display().to_string(),
            format!("--registry={registry}"),
            "--name=weather".into(),
            format!("--health-port={}", self.port),
            "--interval=1".into(),
            format!("--behaviour={}", self.behaviour),
            format!("--unwell-while={}", self.unwell.display()),
        ]
        .into()
    }

    /// The lines of `[agent.run]`.
    fn toml(&self, scene: &Scene, more: &str) -> String {
        let live =
            format!("[agent.run.live]\nhttp = \"http://127.0.0.1:{}/health\"\nevery = 1\nfailures = 2\n", self.port);
        format!(
            "[agent.run]\ncommand = {}\nfolder = {}\n{more}\n{live}",
            json!(self.command(scene)),
            json!(scene.path("").display().to_string())
        )
    }
}

/// A registry that knows nobody, agent 1 in the configuration with its key in the vault, and how it is run.
async fn stage(beats: &str, run: impl FnOnce(&Scene) -> String) -> (Scene, EntityId) {
    let scene = Scene::new(&[]).await;
    scene.import_only(1).await;
    let run = run(&scene);
    let agent = "[[agent]]\n";
    let config = scene.config().replace(agent, &format!("{agent}interval = 1\nbeats = \"{beats}\"\n"));
    scene.write_config(&format!("{config}\n{run}"));
    scene.until(&id(1), "its process is ours", |agent| agent["process"]["run"].is_object()).await;
    (scene, id(1))
}

impl Scene {
    pub async fn up(&self, id: &EntityId) -> Value {
        self.execute(Command::AgentUp { ids: vec![id.clone()] }).await.expect("an answer")
    }

    pub async fn down(&self, id: &EntityId) {
        self.execute(Command::AgentDown { ids: vec![id.clone()] }).await.expect("an answer");
        self.until(id, "it is stopped", |agent| agent["process"]["state"] == "stopped").await;
    }

    pub async fn until_process(&self, id: &EntityId, state: &str) -> Value {
        self.until(id, state, |agent| agent["process"]["state"] == state).await
    }

    pub async fn until_logged(&self, id: &EntityId, text: &str) {
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while !self.log(id).await.contains(text) {
            assert!(std::time::Instant::now() < deadline, "{text} is not in {}", self.log(id).await);
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    async fn log(&self, id: &EntityId) -> String {
        let page = Command::AgentLog { id: id.clone(), after: None, before: None, limit: 1000 };
        let page = self.execute(page).await.expect("a page");
        let lines = page["lines"].as_array().expect("lines").iter();
        lines.filter_map(|line| line["text"].as_str()).collect::<Vec<_>>().join("\n")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_started_with_its_key_and_beats_only_while_it_is_well() {
    let (scene, id) = stage("app", |scene| Program::of(scene, "idle").toml(scene, "")).await;
    assert_eq!(scene.agent(&id).await["verdict"]["code"], "process.stopped");
    scene.up(&id).await;
    let agent = scene.until(&id, "it beats", |agent| agent["liveness"] == "active").await;
    assert_eq!((&agent["process"]["state"], &agent["verdict"]["code"]), (&json!("running"), &json!("ok")), "{agent:#}");
    // It said who it is: it has the key that is in the vault, and no file has it.
    scene.until_logged(&id, id.as_str()).await;

    std::fs::write(scene.path("unwell"), "").expect("its probe fails");
    let held = scene.until_verdict(&id, "beats.held").await;
    assert!(held["verdict"]["sentence"].as_str().is_some_and(|said| said.contains("it answers 500")), "{held:#}");
    scene.until(&id, "it is missed", |agent| agent["liveness"] == "stale").await;
    std::fs::remove_file(scene.path("unwell")).expect("it is well");
    scene.until(&id, "it beats again", |agent| agent["liveness"] == "active").await;
    scene
        .until(&id, "what it costs", |agent| agent["process"]["run"]["usage"]["memory_bytes"].as_u64() > Some(0))
        .await;

    scene.down(&id).await;
    assert_eq!(scene.agent(&id).await["liveness"], "stopped");
    assert!(scene.agent(&id).await["process"]["run"]["exit"]["sentence"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_over_a_restart_of_the_engine_and_is_taken_over() {
    let leave =
        |scene: &Scene| format!("{}\n[processes]\non_quit = \"leave\"\n", Program::of(scene, "idle").toml(scene, ""));
    let (mut scene, id) = stage("app", leave).await;
    scene.up(&id).await;
    let before = scene.until_process(&id, "running").await;
    scene.restart_engine().await;
    let after = scene.until_process(&id, "running").await;
    assert_eq!(after["process"]["run"]["pid"], before["process"]["run"]["pid"], "{after:#}");
    assert_eq!(after["process"]["run"]["reclaimed"], true);
    scene.until(&id, "it beats", |agent| agent["liveness"] == "active").await;
    scene.down(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_the_engine_unless_it_is_to_be_left() {
    let (mut scene, id) = stage("app", |scene| Program::of(scene, "idle").toml(scene, "")).await;
    scene.up(&id).await;
    let running = scene.until_process(&id, "running").await;
    let pid = running["process"]["run"]["pid"].as_u64().expect("a pid");
    scene.restart_engine().await;
    scene.until_process(&id, "stopped").await;
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_beats_itself_takes_over_and_is_followed() {
    let (scene, id) = stage("auto", |scene| Program::of(scene, "beat").toml(scene, "")).await;
    scene.up(&id).await;
    let agent = scene.until(&id, "its own beats are seen", |agent| agent["speaker"] == "agent").await;
    assert_eq!(agent["beats_by"], "auto");
    scene.until(&id, "we only watch", |agent| agent["link"]["state"] == "idle" && agent["liveness"] == "active").await;
    scene.down(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_its_way_is_said_and_the_others_start() {
    let scene = Scene::new(&[]).await;
    for number in 1..=4 {
        scene.import_only(number).await;
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = taken.local_addr().expect("its port").port();
    let here = json!(scene.path("").display().to_string());
    let runs = [
        format!("command = [\"no-such-program-here\"]\nfolder = {here}"),
        "command = [\"sleep\", \"600\"]\nfolder = \"/no/such/folder\"".to_owned(),
        format!("command = [\"sleep\", \"600\"]\nfolder = {here}\nlive = {{ tcp = \"127.0.0.1:{port}\" }}"),
        format!("command = [\"sleep\", \"600\"]\nfolder = {here}"),
    ];
    let mut config = format!("[[registry]]\nname = \"devnet\"\nurl = \"{}\"\n{QUICK}\n", scene.devnet().url());
    for (number, run) in (1..).zip(&runs) {
        let entity = id(number);
        config += &format!(
            "[[agent]]\nentity = \"{entity}\"\nname = \"agent-{number}\"\nregistry = \"devnet\"\n[agent.run]\n{run}\n"
        );
    }
    scene.write_config(&config);
    scene.until(&id(4), "its process is ours", |agent| agent["process"]["run"].is_object()).await;
    scene.execute(Command::AgentUp { ids: Vec::new() }).await.expect("an answer");
    for (number, said) in [(1, "no-such-program-here"), (2, "/no/such/folder"), (3, "is taken by another program")] {
        let agent = scene.until_process(&id(number), "gave_up").await;
        let detail = agent["process"]["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(said), "{agent:#}");
    }
    scene.until_process(&id(4), "running").await;
    scene.down(&id(4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_recovery_climbs_until_a_beat_is_confirmed() {
    let (scene, id) = stage("app", |scene| {
        let program = Program::of(scene, "idle");
        // What takes its place has no such file that makes it unwell.
        let mut other = program.command(scene);
        other.pop();
        let rung = |what: &str| format!("[[agent.recover]]\n{what}\nafter = 1\nworked_within = 3\n");
        let replace = format!("do = \"replace\"\ncommand = {}", json!(other));
        format!("{}\n{}{}", program.toml(scene, "stop_grace = 2"), rung("do = \"restart\""), rung(&replace))
    })
    .await;
    scene.up(&id).await;
    scene.until(&id, "it beats", |agent| agent["liveness"] == "active").await;
    std::fs::write(scene.path("unwell"), "").expect("its probe fails");
    let rung = |agent: &Value, place: usize| agent["process"]["run"]["ladder"]["rungs"][place]["state"].clone();
    scene.until(&id, "a restart does not help", |agent| rung(agent, 0) == "failed").await;
    scene.until(&id, "another in its place does", |agent| rung(agent, 1) == "worked").await;
    let agent = scene.until(&id, "it beats again", |agent| agent["liveness"] == "active").await;
    assert_eq!(agent["process"]["state"], "running");
    scene.down(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_stands_in_the_log_whoever_writes_it_and_clearing_empties_it() {
    let (scene, id) = stage("app", |scene| Program::of(scene, "idle").toml(scene, "")).await;
    let mark = |text: &str| Command::AgentLogMark { id: id.clone(), text: text.into() };
    scene.execute(mark("before\nit")).await.expect("a mark");
    scene.up(&id).await;
    scene.until_process(&id, "running").await;
    scene.execute(mark("while it runs")).await.expect("a mark");
    let log = scene.log(&id).await;
    assert!(log.contains("before it") && log.contains("while it runs"), "{log}");
    let starts = scene.execute(Command::AgentLogStarts { id: id.clone() }).await.expect("starts");
    assert_eq!(starts.as_array().map(Vec::len), Some(1), "{starts}");
    scene.execute(Command::AgentLogClear { id: id.clone() }).await.expect("cleared");
    assert!(!scene.log(&id).await.contains("before it"));
    let bad = Command::AgentLogSearch { id: id.clone(), pattern: "(".into(), from: None, back: false, limit: 9 };
    assert_eq!(scene.execute(bad).await.expect_err("no pattern").code, "log.pattern_bad");
    scene.down(&id).await;
    tokio::time::timeout(Duration::from_secs(5), scene.execute(mark("after"))).await.expect("in time").expect("a mark");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_costs_is_kept_in_the_history_over_a_restart() {
    let leave =
        |scene: &Scene| format!("{}\n[processes]\non_quit = \"leave\"\n", Program::of(scene, "idle").toml(scene, ""));
    let (mut scene, id) = stage("app", leave).await;
    let day = 24 * 3_600_000;
    let now = jiff::Timestamp::now().as_millisecond().unsigned_abs();
    let (from, to) = (Time::from_millis(now - day), Time::from_millis(now + day));
    let usage = || Command::AgentUsage { id: id.clone(), from, to };
    assert_eq!(scene.execute(usage()).await.expect("points"), json!([]), "nothing has run");

    scene.up(&id).await;
    let row = scene
        .until(&id, "what it costs", |agent| agent["process"]["run"]["usage"]["memory_bytes"].as_u64() > Some(0))
        .await;
    let points = scene.execute(usage()).await.expect("points");
    let first = points[0].clone();
    assert_eq!(first["starts"], 1, "{points:#}");
    let seen = row["process"]["run"]["usage"]["memory_bytes"].as_u64().expect("bytes");
    assert!(first["memory_max"].as_u64() >= Some(seen), "{points:#}");
    assert!(first["memory_min"].as_u64() > Some(0) && first["threads"].as_u64() > Some(0), "{points:#}");

    scene.restart_engine().await;
    scene
        .until(&id, "what it costs", |agent| agent["process"]["run"]["usage"]["memory_bytes"].as_u64() > Some(0))
        .await;
    let points = scene.execute(usage()).await.expect("points");
    let starts = points.as_array().expect("points").iter().filter_map(|point| point["starts"].as_u64()).sum::<u64>();
    assert_eq!((&points[0]["at"], starts), (&first["at"], 1), "it was taken over, and not started: {points:#}");
    scene.down(&id).await;
}
