//! Agents as programs of their own: they serve `/health` and a card, and beat well, badly, or not at all.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::registry::{NAME, Registry};
use crate::stage::{Process, Stage};

/// An agent that runs, and that has registered itself unless it was registered before.
pub struct Agent {
    process: Process,
    /// Where it serves.
    pub url: String,
}

impl Agent {
    /// One with this key file, behaviour, and whatever else it is told. `name` is for its log.
    pub fn start(stage: &Stage, name: &str, registry: &Registry, key: &str, behaviour: &str, more: &[&str]) -> Self {
        let mut command = Command::new(program());
        let told = |name: &str| more.iter().any(|word| word.starts_with(name));
        command.args(
            arguments(registry, behaviour)
                .iter()
                .filter(|word| !(word.starts_with("--interval=") && told("--interval="))),
        );
        command.arg("--key").arg(stage.path(key)).args(more);
        let mut process = stage.start(name, command);
        let introduction: Value = serde_json::from_str(&process.line("{")).expect("JSON");
        let health = introduction["health"].as_str().expect("its address");
        Self { process, url: health.trim_end_matches("/health").to_owned() }
    }

    pub fn health(&self) -> String {
        format!("{}/health", self.url)
    }

    /// The requests that it was asked so far, when it was told to log them.
    pub fn asked(&self) -> Vec<String> {
        self.process.said().lines().filter(|line| line.starts_with("GET ")).map(str::to_owned).collect()
    }
}

/// The command of one that is to be started by Beatkeeper, on this port.
pub fn command(registry: &Registry, behaviour: &str, port: u16) -> Vec<String> {
    let mut command = vec![program().display().to_string()];
    command.extend(arguments(registry, behaviour));
    command.extend(["--access-log".to_owned(), format!("--health-port={port}")]);
    command
}

fn arguments(registry: &Registry, behaviour: &str) -> [String; 4] {
    [
        format!("--registry={}", registry.url()),
        format!("--name={NAME}"),
        "--interval=1".to_owned(),
        format!("--behaviour={behaviour}"),
    ]
}

/// A program of the workspace, built with the tests: it lies in the folder above this test's own.
fn program() -> PathBuf {
    let this = std::env::current_exe().expect("this test's program");
    let folder = this.parent().and_then(std::path::Path::parent).expect("the folder of built programs");
    let program = folder.join(format!("beatkeeper-demo-agent{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} is not built: cargo build --workspace --bins", program.display());
    program
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{ID, PRIVATE, PUBLIC, key_file, write_key};
    use crate::http::Client;

    fn json(url: &str, path: &str) -> Value {
        let mut client = Client::connect(url["http://".len()..].parse().expect("an address"));
        client.get(path, "Connection: close\r\n");
        serde_json::from_str(&client.rest()).expect("JSON")
    }

    #[test]
    fn an_agent_shows_who_it_is_and_what_it_was_asked() {
        let stage = Stage::new();
        let registry = Registry::start();
        write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));
        let first = Agent::start(&stage, "first", &registry, "key.json", "never", &["--access-log"]);
        let second = Agent::start(&stage, "second", &registry, "key.json", "never", &[]);
        let stranger = Agent::start(&stage, "stranger", &registry, "other.json", "never", &[]);
        assert_eq!(json(&first.url, "/health")["entity_id"], ID);
        assert_ne!(json(&stranger.url, "/health")["entity_id"], ID);

        let card = |agent: &Agent| json(&agent.url, "/.well-known/agent-card.json?asked=7");
        let (one, other) = (card(&first), card(&second));
        assert_eq!((&one["x-zynd"]["entityId"], &other["x-zynd"]["entityId"]), (&ID.into(), &ID.into()));
        assert_ne!(one["signatures"], other["signatures"], "each process has a card of its own");
        let line = "GET /.well-known/agent-card.json?asked=7 200".to_owned();
        assert!(first.asked().contains(&line) && second.asked().is_empty());
        let published = registry.devnet.record(&registry.id()).expect("it is registered").entity_url;
        assert_eq!(published, first.url, "who comes later is registered already");
    }
}
