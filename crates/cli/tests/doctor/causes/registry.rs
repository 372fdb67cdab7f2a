//! Causes at the registry: what it is, what it says of the agent, and what it leaves undone.

use serde_json::{Value, json};

use super::causes;
use crate::between::{Answer, Does};
use crate::golden::{ID, PUBLIC};
use crate::homes;
use crate::registry::{NAME, Registry};
use crate::scene::Scene;

causes! {
    a_registry_in_order: [] => "ok", [], || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.engine_until("ok");
        scene
    };
    a_registry_in_order_and_no_beatkeeper: [] => "engine.not_running", [], || {
        Scene::new(Registry::start()).with_agent()
    };
    a_hotel_that_wants_a_login: [] => "registry.not_a_registry", ["registry_kind"], || {
        answered(vec![Answer::page("200 OK", "Welcome to our Wi-Fi")])
    };
    an_address_of_something_else: [] => "registry.not_a_registry", ["registry_kind"], || {
        answered(vec![Answer::json("", "404 Not Found", &json!({ "detail": "Not Found" }))])
    };
    a_clock_that_is_ten_minutes_off: [] => "clock.own", ["clock"], || {
        let scene = Scene::new(Registry::start()).with_agent();
        scene.registry.fault("skew=600");
        scene
    };
    an_agent_that_is_not_registered: [] => "registry.not_registered", ["record"], || {
        let scene = Scene::new(Registry::start()).with_agent();
        scene.registry.devnet.remove_entity(&scene.registry.id()).expect("it was there");
        scene
    };
    a_record_that_was_deleted_elsewhere: [] => "registry.tombstoned", ["record"], || gossiped(true);
    a_record_that_is_a_copy_of_another_registrys: [] => "registry.gossip_copy", ["record"], || gossiped(false);
    a_sweep_that_is_late: [] => "registry.sweep_late", ["record"], || {
        let mut scene = Scene::new(Registry::start()).with_agent_that("silent-after=4", &[]);
        scene.registry.fault("sweep-late=600");
        scene.entry.push_str("beats = \"agent\"\n");
        scene.engine(|agent| agent["liveness"] == "offline" && agent["registry"]["status"] == "active");
        scene
    };
    a_home_that_names_another_registry: [] => "registry.other_url", ["registry_url"], || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        let (home, project) = (homes::home(&scene.stage, "https://other.example"), homes::project(&scene.stage, &scene.url));
        scene.entry.push_str(&format!("project = {}\n", json!(project)));
        scene.environment("ZYND_HOME", home);
        scene.engine_until("ok");
        scene
    };
    an_environment_that_names_another_registry: [] => "registry.other_url", ["registry_url"], || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        let (home, project) = (homes::home(&scene.stage, &scene.url), homes::project(&scene.stage, &scene.url));
        scene.entry.push_str(&format!("project = {}\n", json!(project)));
        scene.environment("ZYND_HOME", home);
        scene.environment("ZYND_REGISTRY_URL", "https://other.example");
        scene.engine_until("ok");
        scene
    };
}

fn answered(answers: Vec<Answer>) -> Scene {
    let mut scene = Scene::new(Registry::start()).with_agent();
    scene.between(Does::Answers(answers));
    scene
}

/// A registry that knows the agent only by what another one told it (protocols.md 1.2): its socket is not here.
fn gossiped(tombstoned: bool) -> Scene {
    let mut scene = Scene::new(Registry::start()).with_agent();
    scene.registry.devnet.remove_entity(&scene.registry.id()).expect("it was there");
    let answer = Answer::json(&format!("GET {} ", scene.registry.record_path()), "200 OK", &entry(tombstoned));
    scene.between(Does::Answers(vec![answer]));
    scene
}

fn entry(tombstoned: bool) -> Value {
    let mut entry = json!({
        "entity_id": ID,
        "name": NAME,
        "category": "general",
        "tags": ["test"],
        "summary": "of a test",
        "home_registry": "zns:registry:00112233445566778899aabbccddeeff",
        "entity_url": "",
        "received_at": "2026-11-22T00:24:28Z",
        "tombstoned": tombstoned,
        "status": "active",
        "origin_public_key": format!("ed25519:{PUBLIC}"),
        "entity_type": "agent",
    });
    if tombstoned {
        entry["tombstone_at"] = "2026-11-22T00:25:28Z".into();
    }
    entry
}
