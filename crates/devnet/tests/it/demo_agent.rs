//! The demo agent, as a process.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use beatkeeper_core::identity::{EntityId, PublicKey};
use beatkeeper_devnet::{Devnet, Rejection, Status};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::support::*;

struct Agent {
    process: Child,
    id: EntityId,
    said: Value,
}

impl Agent {
    async fn start(devnet: &Devnet, key: &Path, behaviour: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_beatkeeper-demo-agent"))
            .args(["--registry", &devnet.url(), "--name", "Demo & <co>", "--interval", "0.1", "--behaviour", behaviour])
            .arg("--key")
            .arg(key)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        timeout(PATIENCE, stdout.read_line(&mut line)).await.unwrap().unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self { process, id: said["entity_id"].as_str().unwrap().parse().unwrap(), said }
    }

    async fn health(&self) -> Value {
        let url = self.said["health"].as_str().unwrap();
        let addr = url.trim_start_matches("http://").trim_end_matches("/health").parse().unwrap();
        ask(addr, "GET", "/health", &[], "").await.json()
    }
}

#[tokio::test]
async fn it_registers_beats_and_comes_back() {
    let devnet = devnet().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.json");
    let mut agent = Agent::start(&devnet, &file, "beat").await;
    let record = devnet.record(&agent.id).unwrap();
    assert_eq!((&*record.name, &*record.public_key), ("Demo & <co>", agent.said["public_key"].as_str().unwrap()));
    assert!(record.developer_proof.is_some());
    devnet.wait_for(|state| state.accepted(&agent.id) >= 2).await.unwrap();
    let health = agent.health().await;
    assert_eq!((&health["status"], &health["entity_id"]), (&"ok".into(), &agent.said["entity_id"]));

    devnet.fault(fault("drop")).await;
    devnet.wait_for(|state| state.sockets(&agent.id) == 0).await.unwrap();
    let before = devnet.accepted(&agent.id);
    devnet.wait_for(|state| state.accepted(&agent.id) > before).await.unwrap();

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let pid = agent.process.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let ended = timeout(PATIENCE, agent.process.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "{ended}");
    }

    // The same file is the same agent, and it is registered already.
    let again = Agent::start(&devnet, &file, "idle").await;
    assert_eq!(again.id, agent.id);
    let text: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let public = PublicKey::from_file(text["public_key"].as_str().unwrap()).unwrap();
    assert!(again.id.belongs_to(&public));
}

#[tokio::test]
async fn it_falls_silent_and_stays_healthy() {
    let devnet = devnet_with(|config| {
        config.inactive_after = Duration::from_secs(2);
        config.sweep = Duration::from_millis(100);
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(&devnet, &folder.path().join("agent.json"), "silent-after=0.5").await;
    devnet.wait_for(|state| state.accepted(&agent.id) >= 2).await.unwrap();
    devnet.wait_for(|state| state.record(&agent.id).unwrap().status == Status::Inactive).await.unwrap();
    assert_eq!(agent.health().await["status"], "ok");
    assert_eq!(devnet.sockets(&agent.id), 1, "it hangs, and is not gone");
}

#[tokio::test]
async fn a_wrong_clock_shows_in_beats_and_health() {
    let devnet = devnet().await;
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(&devnet, &folder.path().join("agent.json"), "skew=90").await;
    devnet.wait_for(|state| !state.beats(&agent.id).is_empty()).await.unwrap();
    assert_eq!(devnet.beats(&agent.id)[0].reason, Some(Rejection::Skew));
    let health = agent.health().await;
    let at: jiff::Timestamp = health["timestamp"].as_str().unwrap().parse().unwrap();
    assert!(at > in_seconds(80));
}

#[tokio::test]
async fn the_registry_fetches_its_card_from_where_it_is_published() {
    let devnet = devnet().await;
    let folder = tempfile::tempdir().unwrap();
    let mut agent = Agent::start(&devnet, &folder.path().join("agent.json"), "never").await;
    let path = format!("/v1/entities/{}/card", agent.id);
    let fetched = ask(devnet.addr(), "GET", &path, &[], "").await;
    assert_eq!(fetched.status, 200);
    assert_eq!(fetched.json()["x-zynd"]["entityId"], agent.id.as_str());
    agent.process.kill().await.unwrap();
    let gone = ask(devnet.addr(), "GET", &path, &[], "").await;
    assert_eq!(gone.status, 502);
    assert!(gone.json()["error"].as_str().unwrap().starts_with("failed to fetch agent card: "));
}

#[tokio::test]
async fn its_card_is_signed_and_each_request_is_logged() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use beatkeeper_core::identity::{Signature, canonical_json};

    let devnet = devnet().await;
    let folder = tempfile::tempdir().unwrap();
    let published = "https://weather.example/agent";
    for other_key in [false, true] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_beatkeeper-demo-agent"));
        process.args(["--registry", &devnet.url(), "--name", "x", "--behaviour", "never", "--access-log"]);
        process.args(["--entity-url", published]).arg("--key").arg(folder.path().join("agent.json"));
        if other_key {
            process.arg("--card-key").arg(folder.path().join("other.json"));
        }
        let mut process = process.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let said: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        let addr = said["health"].as_str().unwrap().trim_start_matches("http://").trim_end_matches("/health");
        let id: EntityId = said["entity_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(devnet.record(&id).unwrap().entity_url, published);

        let path = "/.well-known/agent-card.json?asked=7";
        let mut card = ask(addr.parse().unwrap(), "GET", path, &[], "").await.json();
        assert_eq!(lines.next_line().await.unwrap().unwrap(), format!("GET {path} 200"));
        assert_eq!(
            (&card["x-zynd"]["entityId"], &card["url"]),
            (&said["entity_id"], &format!("{published}/a2a/v1").into())
        );
        let shown = &card["x-zynd"]["publicKey"];
        assert_eq!(shown != &said["public_key"], other_key);
        let key = PublicKey::from_wire(shown.as_str().unwrap()).unwrap();
        let signatures = card.as_object_mut().unwrap().remove("signatures").unwrap();
        let protected = signatures[0]["protected"].as_str().unwrap();
        let signed = format!("{protected}.{}", URL_SAFE_NO_PAD.encode(canonical_json(&card)));
        let signature = URL_SAFE_NO_PAD.decode(signatures[0]["signature"].as_str().unwrap()).unwrap();
        assert!(key.verifies(signed.as_bytes(), &Signature::from_bytes(signature.try_into().unwrap())));
    }
}

#[tokio::test]
async fn it_may_never_beat() {
    let devnet = devnet().await;
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(&devnet, &folder.path().join("agent.json"), "never").await;
    assert_eq!(agent.health().await["status"], "ok");
    assert_eq!((devnet.sockets(&agent.id), devnet.beats(&agent.id).len()), (0, 0));
}

#[tokio::test]
async fn bad_input_gets_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.json");
    std::fs::write(&file, r#"{"private_key":"AAAA"}"#).unwrap();
    let run = async |registry: &str, behaviour: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_beatkeeper-demo-agent"))
            .args(["--registry", registry, "--name", "x", "--behaviour", behaviour, "--key"])
            .arg(&file)
            .output()
            .await
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let broken = run("http://127.0.0.1:1", "beat").await;
    assert!(broken.contains("is no key file: its private_key has 3 bytes instead of 32 or 64"), "{broken}");
    assert!(run("http://127.0.0.1:1", "dance").await.contains("silent-after=SECONDS"));
    assert!(run("https://127.0.0.1:1", "beat").await.contains("speaks http only"));
}
