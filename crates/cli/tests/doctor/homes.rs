//! Where the tools of an agent look for their registry: the environment, the home folder, the project (protocols.md 2.5).

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::stage::Stage;

/// A folder as `ZYND_HOME` names one, whose file says this registry.
pub fn home(stage: &Stage, registry_url: &str) -> PathBuf {
    let folder = folder(stage, "zynd");
    stage.write("zynd/config.json", &json!({ "registry_url": registry_url }).to_string());
    folder
}

/// A project of an agent, whose file says this registry.
pub fn project(stage: &Stage, registry_url: &str) -> PathBuf {
    let folder = folder(stage, "project");
    let config = json!({ "name": "weather", "registry_url": registry_url, "server_port": 5000, "entity_index": 0 });
    stage.write("project/agent.config.json", &format!("{config:#}\n"));
    folder
}

fn folder(stage: &Stage, name: &str) -> PathBuf {
    let folder = stage.path(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn a_home_and_a_project_are_read_by_who_looks_for_keys() {
    use crate::golden::{PRIVATE, PUBLIC, key_file, write_key};

    let stage = Stage::new();
    let (home, project) = (home(&stage, "https://home.example"), project(&stage, "https://project.example"));
    fs::create_dir_all(home.join("agents/weather")).unwrap();
    write_key(&stage, "zynd/agents/weather/keypair.json", &key_file(PUBLIC, PRIVATE));
    let found = |registry: Option<&str>| {
        let mut command = stage.command(&["agent", "find", "--json"]);
        command.env("ZYND_HOME", &home).env_remove("ZYND_REGISTRY_URL").current_dir(&project);
        if let Some(registry) = registry {
            command.env("ZYND_REGISTRY_URL", registry);
        }
        let said = stage.hear(command);
        serde_json::from_str::<serde_json::Value>(&said.out).expect("JSON")["keys"][0]["registry"].clone()
    };
    assert_eq!(found(None), "https://home.example");
    assert_eq!(found(Some("https://environment.example")), "https://environment.example");
}
