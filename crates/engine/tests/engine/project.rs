//! A project's own file in a running engine: it is shown, then taken in.

use beatkeeper_engine::command::Command;
use serde_json::{Value, json};

use crate::scene::{Scene, built, id};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_is_taken_in_and_what_starts_by_itself_starts() {
    let scene = Scene::new(&[]).await;
    scene.import_only(1).await;
    let folder = scene.path("project");
    std::fs::create_dir_all(&folder).expect("a folder");
    let registry = scene.devnet().url();
    let program = |name: &str| {
        let program = built("beatkeeper-demo-agent").display().to_string();
        json!([program, format!("--registry={registry}"), format!("--name={name}"), "--interval=1", "--behaviour=idle"])
    };
    let describe = |name: &str| {
        let agent = format!("[[agent]]\nentity = \"{}\"\nname = \"weather\"\nregistry = \"{registry}\"\n", id(1));
        let run = format!("[agent.run]\ncommand = {}\nstart = \"with_app\"\n", program(name));
        std::fs::write(folder.join("beatkeeper.toml"), agent + &run).expect("a file");
    };
    let preview = async || scene.execute(Command::ProjectPreview { folder: folder.clone() }).await.expect("a preview");
    let adopt = async |seen: &Value| {
        let seen = seen["seal"].as_str().map(ToOwned::to_owned);
        scene.execute(Command::ProjectAdopt { folder: folder.clone(), seen }).await
    };
    assert_eq!(preview().await, Value::Null, "there is no file yet");

    describe("old");
    let old = preview().await;
    describe("new");
    assert_eq!(adopt(&old).await.expect_err("it has changed").code, "project.changed");
    let seen = preview().await;
    let agent = &seen["agents"][0];
    assert_eq!(agent["programs"][0]["words"], program("new"), "{seen:#}");
    assert_eq!((&agent["outcome"]["what"], &agent["starts_at_once"]), (&json!("changed"), &json!(true)));
    assert!(scene.agent(&id(1)).await["process"]["run"].is_null(), "nothing was done so far");

    assert_eq!(adopt(&seen).await.expect("it is as it was seen")[0], agent["outcome"]);
    scene.until(&id(1), "it was started", |agent| agent["process"]["run"]["pid"].is_u64()).await;
    let after = &preview().await["agents"][0];
    assert_eq!((&after["outcome"]["what"], &after["starts_at_once"]), (&json!("same"), &json!(false)));
    scene.execute(Command::AgentDown { ids: vec![id(1)] }).await.expect("it is ended");
    scene.until(&id(1), "it ended", |agent| agent["process"]["state"] == "stopped").await;
}
