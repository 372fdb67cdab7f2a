//! Causes at the registry: what it is, what it says of the agent, and what it leaves undone.

use serde_json::{Value, json};

use super::causes;
use crate::between::{Answer, Does};
use crate::golden::{ID, PUBLIC};
use crate::homes;
use crate::registry::{NAME, Registry};
use crate::scene::Scene;

causes! {
    a_registry_in_order: [] => "ok", None, || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.engine_until("ok");
        scene
    };
    a_registry_in_order_and_no_beatkeeper: [] => "engine.not_running", Some("beats"), || {
        Scene::new(Registry::start()).with_agent()
    };
    a_registry_as_the_guide_has_it: [] => "ok", None, || settled(Registry::documented_on_one_path());
    a_registry_as_the_guide_has_it_and_no_beatkeeper_any_more: [] => "ok", None, || {
        let mut scene = settled(Registry::patient_on_one_path());
        scene.engine_ends();
        scene
    };
    a_hotel_that_wants_a_login: [] => "registry.not_a_registry", Some("http"), || {
        answered(vec![Answer::page("200 OK", "Welcome to our Wi-Fi")])
    };
    an_address_of_something_else: [] => "registry.not_a_registry", Some("http"), || {
        answered(vec![Answer::json("", "404 Not Found", &json!({ "detail": "Not Found" }))])
    };
    a_clock_that_is_ten_minutes_off: [] => "clock.own", Some("clock"), || {
        let scene = Scene::new(Registry::start()).with_agent();
        scene.registry.fault("skew=600");
        scene
    };
    an_agent_that_is_not_registered: [] => "registry.not_registered", Some("record"), || {
        let scene = Scene::new(Registry::start()).with_agent();
        scene.registry.devnet.remove_entity(&scene.registry.id()).expect("it was there");
        scene
    };
    a_record_that_was_deleted_elsewhere: [] => "registry.tombstoned", Some("record"), || gossiped(true);
    a_record_that_is_a_copy_of_another_registrys: [] => "registry.gossip_copy", Some("record"), || gossiped(false);
    a_sweep_that_is_late: [] => "registry.sweep_late", Some("record"), || {
        let mut scene = Scene::new(Registry::start()).with_agent_that("silent-after=4", &[]);
        scene.registry.fault("sweep-late=600");
        scene.entry.push_str("beats = \"agent\"\n");
        scene.engine(|agent| {
            let silent_for = age(&agent["registry"]["last_heartbeat"]);
            // Longer than the sweep and all that it is given beyond that, and any rounding to whole seconds.
            agent["liveness"] == "offline" && agent["registry"]["status"] == "active" && silent_for >= Some(12)
        });
        scene
    };
    a_home_that_names_another_registry: [] => "registry.other_url", Some("registry_url"), || {
        let mut scene = projected("idle", |scene| scene.url.clone());
        let home = homes::home(&scene.stage, "https://other.example");
        scene.environment("ZYND_HOME", home);
        beating_elsewhere(scene)
    };
    an_environment_that_names_another_registry: [] => "registry.other_url", Some("registry_url"), || {
        let mut scene = projected("idle", |scene| scene.url.clone());
        let home = homes::home(&scene.stage, &scene.url);
        scene.environment("ZYND_HOME", home);
        scene.environment("ZYND_REGISTRY_URL", "https://other.example");
        beating_elsewhere(scene)
    };
    a_project_that_names_another_registry: [] => "registry.other_url", Some("registry_url"), || {
        beating_elsewhere(projected("idle", |_| "https://other.example".to_owned()))
    };
    a_project_that_its_home_overrules: [] => "ok", None, || {
        let mut scene = projected("beat", |_| "https://other.example".to_owned());
        let home = homes::home(&scene.stage, &scene.url);
        scene.environment("ZYND_HOME", home);
        beating_by_itself(scene)
    };
    a_project_of_which_beats_arrive_all_the_same: [] => "ok", None, || {
        beating_by_itself(projected("beat", |_| "https://other.example".to_owned()))
    };
}

/// A registry of which Beatkeeper has found out where its heartbeat socket is.
fn settled(registry: Registry) -> Scene {
    let mut scene = Scene::new(registry).with_agent();
    // A record counts in whole seconds, and shows no beat within that of the registration (protocols.md 1.5).
    scene.engine(|agent| agent["verdict"]["code"] == "ok" && agent["beats"]["confirmed"].as_u64() >= Some(3));
    scene
}

/// Seconds since this time.
fn age(at: &Value) -> Option<i64> {
    let at: jiff::Timestamp = at.as_str()?.parse().ok()?;
    Some(jiff::Timestamp::now().duration_since(at).as_secs())
}

/// An agent that is registered here and beats by itself, or elsewhere, and has a project that names this registry.
fn projected(behaviour: &str, names: impl FnOnce(&Scene) -> String) -> Scene {
    let mut scene = Scene::new(Registry::start()).with_agent_that(behaviour, &[]);
    let project = homes::project(&scene.stage, &names(&scene));
    scene.entry.push_str(&format!("beats = \"agent\"\nproject = {}\n", json!(project)));
    scene
}

/// Nothing of it arrives here.
fn beating_elsewhere(mut scene: Scene) -> Scene {
    scene.engine(|agent| agent["liveness"] == "inactive");
    scene
}

fn beating_by_itself(mut scene: Scene) -> Scene {
    scene.engine(|agent| agent["liveness"] == "active");
    scene
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
