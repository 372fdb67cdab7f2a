//! What is frozen of an agent that is started here.
#![cfg(unix)]

use std::time::{Duration, Instant};

use beatkeeper_engine::blackbox::BlackBox;
use beatkeeper_engine::command::{Command, IncidentView};
use serde_json::json;

use crate::scene::{Scene, id};

const SEED: &str = "4f8e1c2ad93b5f60718293a4b5c6d7e84f8e1c2ad93b5f60718293a4b5c6d7e8";

#[tokio::test(flavor = "multi_thread")]
async fn the_last_words_of_a_process_that_is_given_up_are_in_its_black_box() {
    let scene = Scene::new(&[1]).await;
    scene.import_only(1).await;
    let script = format!("echo loaded key {SEED}; echo cannot open the model >&2; exit 3");
    let folder = json!(scene.path("").display().to_string());
    let run = format!("command = {}\nfolder = {folder}\nmax_restarts = 1\n", json!(["sh", "-c", script]));
    scene.write_config(&format!("{}\n[agent.run]\n{run}", scene.config()));
    scene.until(&id(1), "its process is ours", |agent| agent["process"]["run"].is_object()).await;
    scene.execute(Command::AgentUp { ids: vec![id(1)] }).await.expect("an answer");

    let deadline = Instant::now() + Duration::from_secs(60);
    let frozen: BlackBox = loop {
        let list = Command::Incidents { id: Some(id(1)), open_only: false, limit: 10, before: None };
        let answer = scene.execute(list).await.expect("incidents");
        let incidents: Vec<IncidentView> = serde_json::from_value(answer).expect("a list");
        if let Some(kept) = incidents.iter().find(|view| view.has_black_box) {
            let of = Command::BlackBox { id: id(1), opened_at: kept.incident.opened_at };
            break serde_json::from_value(scene.execute(of).await.expect("a black box")).expect("what was frozen");
        }
        assert!(Instant::now() < deadline, "no black box was kept: {incidents:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let exit = frozen.run.and_then(|run| run.exit).expect("how it ended");
    assert_eq!((exit.code, exit.signal), (Some(3), None));
    let said = frozen.output.expect("its output");
    let has = |text: &str| said.lines.iter().any(|line| line.text.as_str().contains(text));
    assert!(has("cannot open the model") && has("loaded key [redacted]") && has("exit with code 3"), "{said:#?}");
    assert!(frozen.markdown.contains("## Process") && frozen.markdown.contains("cannot open the model"));
    assert!(!frozen.markdown.contains(SEED) && !frozen.json.to_string().contains(SEED));
}
