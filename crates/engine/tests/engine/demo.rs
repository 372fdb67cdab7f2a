//! The registry in a box inside the engine.

use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_engine::command::Command;
use serde_json::{Value, json};

use crate::scene::Scene;

async fn demo_agents(scene: &Scene) -> Vec<Value> {
    let status = scene.execute(Command::Status).await.expect("a status");
    let agents = status["agents"].as_array().expect("agents").iter();
    agents.filter(|agent| agent["registry"]["name"] == "demo").cloned().collect()
}

#[tokio::test]
async fn the_demo_shows_states_outlives_a_restart_and_leaves_nothing() {
    let mut scene = Scene::new(&[]).await;
    let started = scene.execute(Command::DemoStart).await.unwrap();
    let ids: Vec<String> = serde_json::from_value(started["agents"].clone()).unwrap();
    assert_eq!(ids.len(), 4);
    assert_eq!(scene.execute(Command::DemoStart).await.unwrap_err().code, "demo.exists");
    let stranger = Command::AgentGenerate { registry: "demo".into(), name: Some("mine".into()) };
    assert_eq!(scene.execute(stranger).await.unwrap_err().code, "registry.demo");
    let registries = scene.execute(Command::Registries).await.unwrap();
    let demos: Vec<_> = registries.as_array().unwrap().iter().map(|registry| &registry["demo"]).collect();
    assert_eq!(demos, [&json!(true), &json!(false)]);

    let named = async |scene: &Scene, name: &str| {
        let agents = demo_agents(scene).await;
        let agent = agents.iter().find(|agent| agent["name"] == name).expect("an agent of the demo");
        agent["id"].as_str().unwrap().parse().unwrap()
    };
    let steady = named(&scene, "demo-steady").await;
    scene.until(&steady, "beating", |agent| agent["verdict"]["code"] == "ok").await;
    let clock = named(&scene, "demo-clock").await;
    scene.until(&clock, "the clock to be refused", |agent| agent["beats"]["unconfirmed"].as_u64() > Some(1)).await;

    scene.restart_engine().await;
    scene.until(&steady, "beating again", |agent| agent["verdict"]["code"] == "ok").await;

    scene.execute(Command::DemoEnd).await.unwrap();
    assert!(demo_agents(&scene).await.is_empty());
    assert!(!scene.config().contains("demo"), "{}", scene.config());
    for id in &ids {
        let key = scene.execute(Command::AgentKey { id: id.parse().unwrap() }).await.unwrap();
        assert_eq!(key["presence"], "absent");
        let history = scene.execute(Command::AgentHistory { id: id.parse().unwrap(), limit: 5 }).await.unwrap();
        assert_eq!(history["transitions"], json!([]));
    }
    assert_eq!(scene.execute(Command::DemoEnd).await.unwrap_err().code, "demo.none");
}

#[tokio::test]
async fn a_registry_of_that_name_is_left_alone() {
    let scene = Scene::new(&[]).await;
    let url = "http://127.0.0.1:9".to_owned();
    let (dialect, name) = (DialectChoice::Auto, "demo".to_owned());
    let add = Command::RegistryAdd { name, url, dialect, organization: None, challenge: None };
    scene.execute(add).await.unwrap();
    let before = scene.config();
    assert_eq!(scene.execute(Command::DemoStart).await.unwrap_err().code, "demo.name_taken");
    assert_eq!(scene.config(), before);
}
