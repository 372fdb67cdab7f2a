//! Registries that take another heartbeat than the live one: found out, remembered, and said.

use std::time::Duration;

use beatkeeper_devnet::{Config, Speech};
use beatkeeper_engine::command::Command;
use serde_json::Value;

use crate::scene::{QUICK, Scene};

fn registry(speaks: Speech, answers: bool) -> Config {
    Config {
        speaks,
        answers,
        inactive_after: Duration::from_secs(4),
        sweep: Duration::from_secs(1),
        registrations_per_minute: None,
        ..Config::default()
    }
}

async fn health(scene: &Scene) -> Value {
    scene.execute(Command::Status).await.expect("a status")["registries"][0].clone()
}

/// An agent of a registry that takes this beats at last; answers what it took.
async fn finds(speaks: Speech, answers: bool) -> (Scene, Value) {
    let scene = Scene::on(registry(speaks, answers), QUICK, &[1]).await;
    let id = scene.import(1).await;
    let agent = scene.until(&id, "a confirmed beat", |agent| agent["verdict"]["code"] == "ok").await;
    assert_eq!((&agent["liveness"], &agent["registry"]["status"]), (&"active".into(), &"active".into()));
    let health = health(&scene).await;
    assert_eq!(health["dialect_settled"], true);
    (scene, health["dialect"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_form_is_settled_by_the_first_beat() {
    let (_scene, dialect) = finds(Speech::Live, true).await;
    assert_eq!(dialect, "zynd");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_says_it_cannot_read_us_is_spoken_to_as_its_guide_says() {
    let (_scene, dialect) = finds(Speech::Documented, true).await;
    assert_eq!(dialect, "zynd_documented");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_says_nothing_is_found_out_by_its_record_and_remembered() {
    let (mut scene, dialect) = finds(Speech::Documented, false).await;
    assert_eq!(dialect, "zynd_documented");
    let id = crate::scene::id(1);
    let refused = || scene.devnet().beats(&id).iter().filter(|beat| !beat.accepted).count();
    let before = refused();
    assert!(before >= 2, "the live form was tried first");
    scene.restart_engine().await;
    scene.until(&id, "it beats again", |agent| agent["verdict"]["code"] == "ok").await;
    assert_eq!(
        scene.devnet().beats(&id).iter().filter(|beat| !beat.accepted).count(),
        before,
        "at once in the right form"
    );
    assert_eq!(health(&scene).await["dialect_settled"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_entitys_own_socket_is_missing_the_shared_path_is_found() {
    let (_scene, dialect) = finds(Speech::DocumentedShared, true).await;
    assert_eq!(dialect, "zynd_documented_shared");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_signature_is_said_in_words() {
    let fixed = format!("{QUICK}\ndialect = \"zynd_documented\"");
    let scene = Scene::on(registry(Speech::Documented, true), &fixed, &[1]).await;
    let id = scene.import(1).await;
    scene.until(&id, "a confirmed beat", |agent| agent["verdict"]["code"] == "ok").await;
    scene.devnet().edit_record(&id, |record| record.key = crate::scene::public(2));
    scene.until(&id, "the refusal", |agent| agent["verdict"]["code"] == "beats.signature_invalid").await;
}
