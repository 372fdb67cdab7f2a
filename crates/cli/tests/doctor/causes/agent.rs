//! Causes at the agent's own process, and at the address that is published of it.

use serde_json::json;

use super::causes;
use crate::agent::{self, Agent};
use crate::between::{Answer, Does};
use crate::net::nobody;
use crate::registry::Registry;
use crate::scene::Scene;

causes! {
    a_process_that_was_not_started: [] => "process.not_running", Some("own_port"), || {
        let mut scene = Scene::new(Registry::with_agent());
        started_here(&mut scene, &["true"], "");
        scene.engine(|agent| agent["process"]["run"].is_object());
        scene
    };
    a_process_that_ends_again_and_again: [] => "process.restarting", Some("own_port"), || {
        let mut scene = Scene::new(Registry::with_agent());
        started_here(&mut scene, &["false"], "start = \"with_app\"\nmax_restarts = 0\n");
        scene.engine(|agent| agent["process"]["run"]["restarts"].as_u64() >= Some(2));
        scene
    };
    a_process_that_is_not_well: [] => "process.unhealthy", Some("own_port"), || {
        let scene = Scene::new(Registry::start());
        let unwell = scene.stage.write("unwell", "");
        let mut scene = scene.with_agent_that("idle", &[&format!("--unwell-while={}", unwell.display())]);
        scene.engine_until("process.unhealthy");
        scene
    };
    another_agent_on_its_port: [] => "process.wrong_agent", Some("own_port"), || {
        let mut scene = Scene::new(Registry::start());
        let stranger = Agent::start(&scene.stage, "stranger", &scene.registry, "stranger.json", "idle", &[]);
        scene.registry.register(&stranger.url);
        scene.entry = format!("health = \"{}\"\n", stranger.health());
        scene.keep(stranger);
        scene.engine_until("process.wrong_agent");
        scene
    };
    a_card_with_another_key: [] => "agent.card_mismatch", Some("card"), || {
        let scene = Scene::new(Registry::start());
        let other = format!("--card-key={}", scene.stage.path("other.json").display());
        beating(scene.with_agent_that("idle", &[&other]))
    };
    a_published_address_of_another_process: [] => "agent.url_elsewhere", Some("published_url"), || {
        let scene = Scene::new(Registry::start());
        let copy = Agent::start(&scene.stage, "copy", &scene.registry, "key.json", "idle", &[]);
        let mut scene = scene.with_agent();
        scene.keep(copy);
        beating(scene)
    };
    a_published_address_where_nobody_is: [] => "agent.url_unreachable", Some("published_url"), || {
        let published = format!("--entity-url=http://{}", nobody());
        beating(Scene::new(Registry::start()).with_agent_that("idle", &[&published]))
    };
    an_agent_that_no_search_finds: [] => "agent.not_found", Some("search"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        let nothing = json!({ "results": [], "total_found": 0, "offset": 0, "has_more": false });
        scene.between(Does::Answers(vec![Answer::json("POST /v1/search ", "200 OK", &nothing)]));
        beating(scene)
    };
    a_process_of_beatkeepers_own_that_is_well: [] => "ok", None, || {
        let port = nobody().port();
        let mut scene = Scene::new(Registry::start());
        scene.registry.register(&format!("http://127.0.0.1:{port}"));
        let command = agent::command(&scene.registry, "idle", port);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        scene.entry = format!("health = \"http://127.0.0.1:{port}/health\"\n");
        started_here(&mut scene, &command, "start = \"with_app\"\n");
        beating(scene)
    };
}

fn beating(mut scene: Scene) -> Scene {
    scene.engine_until("ok");
    scene
}

/// Has the agent's process started by Beatkeeper.
fn started_here(scene: &mut Scene, command: &[&str], more: &str) {
    let folder = scene.stage.root().to_owned();
    scene.entry.push_str(&format!("[agent.run]\ncommand = {}\nfolder = {}\n{more}", json!(command), json!(folder)));
}
