//! Agents that do not hold their key: what is signed for them, and for nobody else.

use std::path::Path;
use std::time::Duration;

use beatkeeper_core::identity::{EntityId, Signature};
use beatkeeper_engine::command::Command;
use beatkeeper_vault::Vault;
use interprocess::local_socket::GenericFilePath;
use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::tokio::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use crate::scene::{Scene, built, id, public};

/// Agent 1 runs a program that has these signed, and does not hold its key.
async fn stage(payloads: &[&str]) -> (Scene, EntityId) {
    let scene = Scene::new(&[1]).await;
    scene.import_only(1).await;
    let mut command = vec![built("beatkeeper-sign-once").display().to_string()];
    command.extend(payloads.iter().map(|payload| (*payload).to_owned()));
    let folder = json!(scene.path("").display().to_string());
    let run = format!("[agent.run]\ncommand = {}\nfolder = {folder}\nkey = \"signer\"\n", json!(command));
    let leave = "[processes]\non_quit = \"leave\"\n";
    scene.write_config(&format!("{}\n{run}\n{leave}", scene.config()));
    scene.until(&id(1), "its process is ours", |agent| agent["process"]["run"].is_object()).await;
    scene.execute(Command::AgentUp { ids: vec![id(1)] }).await.expect("an answer");
    (scene, id(1))
}

impl Scene {
    /// What the program printed, once it is so many lines.
    async fn said(&self, id: &EntityId, count: usize) -> Vec<Value> {
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        loop {
            let page = Command::AgentLog { id: id.clone(), after: None, before: None, limit: 1000 };
            let page = self.execute(page).await.expect("a page");
            let lines = page["lines"].as_array().cloned().unwrap_or_default();
            let said: Vec<Value> = lines
                .iter()
                .filter_map(|line| serde_json::from_str(line["text"].as_str()?).ok())
                .filter(Value::is_object)
                .collect();
            if said.len() >= count {
                return said;
            }
            assert!(std::time::Instant::now() < deadline, "not {count} answers: {page:#}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    async fn audit(&self, id: &EntityId) -> Vec<Value> {
        let audit = self.execute(Command::SignerAudit { id: id.clone() }).await.expect("an audit");
        audit["entries"].as_array().expect("a list").clone()
    }

    async fn end(&self, id: &EntityId) {
        self.execute(Command::AgentDown { ids: vec![id.clone()] }).await.expect("an answer");
        self.until(id, "it is stopped", |agent| agent["process"]["state"] == "stopped").await;
    }
}

/// What this process hears, which is none of the agent's.
async fn ask(address: &Path, request: &[u8]) -> Value {
    let name = address.to_owned().to_fs_name::<GenericFilePath>().expect("a name");
    let mut stream = BufReader::new(Stream::connect(name).await.expect("the signer listens"));
    stream.get_mut().write_all(request).await.expect("asked");
    let mut line = String::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_line(&mut line)).await.expect("in time").expect("a line");
    let mut more = Vec::new();
    // It may also be closed with what it did not read.
    let _ = stream.read_to_end(&mut more).await;
    assert!(more.is_empty(), "a stranger is let go after one word");
    serde_json::from_str(&line).expect("JSON")
}

fn signature(said: &Value) -> Signature {
    let wire = said["answer"]["signature"].as_str().unwrap_or_else(|| panic!("no signature: {said}"));
    Signature::from_wire(wire).expect("a signature as a beat has it")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_its_key_has_its_beats_signed_and_nothing_else() {
    let own = format!("{}{{unix}}", id(1));
    let others = format!("{}{{unix}}", id(2));
    let registration = json!({"entity_id": id(1), "name": "weather", "timestamp": "{now}"}).to_string();
    let long = "0".repeat(300);
    let payloads = ["{now}", &own, &others, &registration, "{now}\n", "2099-01-01T00:00:00Z"];
    let (scene, id) = stage(&payloads).await;
    let said = scene.said(&id, 1 + payloads.len()).await;
    for signed in &said[1..3] {
        let payload = signed["asked"].as_str().expect("what it asked");
        assert!(public(1).verifies(payload.as_bytes(), &signature(signed)), "{signed}");
    }
    let refused: Vec<&Value> = said[3..].iter().map(|said| &said["answer"]["error"]["code"]).collect();
    let no_beat = "signer.not_a_beat";
    assert_eq!(refused, [no_beat, no_beat, no_beat, "signer.not_now"], "{said:#?}");
    assert!(said[3]["answer"]["signature"].is_null() && said[3]["answer"]["error"]["sentence"].is_string());

    // Another process of the same person gets nothing, whatever it asks.
    let address = Path::new(said[0]["signer"].as_str().expect("the address")).to_owned();
    let stranger = json!({"error": {"code": "signer.not_of_the_run",
        "sentence": "Only the processes of the agent that Beatkeeper started get signatures here"}});
    let now = json!({"sign": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()});
    for request in [format!("{now}\n"), "\u{0}\n".into(), format!("{long}\n")] {
        assert_eq!(ask(&address, request.as_bytes()).await, stranger);
    }

    let said = scene.execute(Command::SignerAudit { id: id.clone() }).await.expect("an audit");
    assert_eq!(said["address"].as_str().map(Path::new), Some(&*address));

    let agent = scene.agent(&id).await;
    assert_eq!(agent["process"]["run"]["signer"], json!(true));
    let pid = agent["process"]["run"]["pid"].as_u64().expect("a pid");
    let audit = scene.audit(&id).await;
    let outcomes: Vec<(&str, u64)> =
        audit.iter().filter_map(|entry| Some((entry["outcome"].as_str()?, entry["count"].as_u64()?))).collect();
    assert_eq!(
        outcomes,
        [("signer.not_of_the_run", 3), ("signer.not_now", 1), (no_beat, 3), ("signed", 1), ("signed", 1)]
    );
    assert_eq!((&audit[0]["pid"], &audit[4]["pid"]), (&json!(std::process::id()), &json!(pid)), "{audit:#?}");
    assert_eq!((&audit[4]["kind"], &audit[3]["kind"]), (&json!("timestamp"), &json!("id_and_seconds")));
    assert!(audit[0]["kind"].is_null() && audit[0]["first_at"].as_u64() >= audit[4]["at"].as_u64());

    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let environ = std::fs::read(format!("/proc/{pid}/environ")).expect("its environment");
        let environ = String::from_utf8_lossy(&environ).into_owned();
        let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [1; 32]);
        assert!(!environ.contains(&key) && !environ.contains("ZYND_AGENT_PRIVATE_KEY"), "it holds no key");
        assert!(
            environ.split('\0').any(|entry| entry == "ZYND_AGENT_KEYPAIR_PATH="),
            "and no project's file gives it one"
        );
        let mode = std::fs::metadata(&address).expect("the socket").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the socket is the owner's alone");
    }
    scene.end(&id).await;
    assert!(!cfg!(unix) || !address.exists(), "with the run goes its socket");
    assert_eq!(scene.audit(&id).await.len(), 5, "what was asked is still told");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_beat_a_second_is_refused_and_a_run_that_goes_on_finds_its_signer_again() {
    // However slow it all is, it does not take fifteen seconds.
    let (mut scene, id) = stage(&["{now}"; 20]).await;
    let said = scene.said(&id, 21).await;
    let (signed, refused): (Vec<&Value>, Vec<&Value>) =
        said[1..].iter().map(|said| &said["answer"]).partition(|answer| answer["signature"].is_string());
    assert!(said[1..6].iter().all(|said| said["answer"]["signature"].is_string()), "five at once: {said:#?}");
    assert!(
        signed.len() < 20 && refused.iter().all(|answer| answer["error"]["code"] == "signer.too_often"),
        "{said:#?}"
    );

    scene.restart_engine().await;
    scene.until(&id, "it goes on", |agent| agent["process"]["run"]["reclaimed"] == true).await;
    let address = Path::new(said[0]["signer"].as_str().expect("the address")).to_owned();
    assert_eq!(ask(&address, b"{}\n").await["error"]["code"], "signer.not_of_the_run");
    assert_eq!(scene.audit(&id).await.len(), 1);
    scene.end(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ninth_connection_at_once_is_refused_with_a_sentence() {
    let (scene, id) = stage(&["--idle=8", "{now}"]).await;
    let said = scene.said(&id, 2).await;
    assert_eq!(said[1]["answer"]["error"]["code"], "signer.too_many", "{said:#?}");
    let sentence = said[1]["answer"]["error"]["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("too many connections"), "{sentence}");
    let audit = scene.audit(&id).await;
    assert_eq!((audit.len(), &audit[0]["outcome"]), (1, &json!("signer.too_many")));
    scene.end(&id).await;

    let (scene, id) = stage(&["--idle=7", "{now}"]).await;
    signature(&scene.said(&id, 2).await[1]);
    scene.end(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_outlived_its_key_is_told_so() {
    // In the folder that it runs in.
    let (mut scene, id) = stage(&["--wait-for=go", "{now}", "{now}"]).await;
    scene.said(&id, 1).await;
    scene.engine.take().expect("the engine runs").shutdown().await;
    let vault = Vault::open_file(&scene.path("data").join("keys.vault"), &"correct horse".to_owned().into());
    vault.and_then(|vault| vault.delete(&id, public(1).fingerprint())).expect("the key is deleted");
    scene.start_engine().await;
    scene.until(&id, "it goes on", |agent| agent["process"]["run"]["reclaimed"] == true).await;
    std::fs::write(scene.path("go"), "").expect("it may ask");
    for refused in &scene.said(&id, 3).await[1..] {
        assert_eq!(refused["answer"]["error"]["code"], "signer.no_key", "{refused:#}");
        let sentence = refused["answer"]["error"]["sentence"].as_str().expect("a sentence");
        assert!(sentence.contains("unlock the keychain") && refused["answer"]["signature"].is_null(), "{sentence}");
    }
    let audit = scene.audit(&id).await;
    assert_eq!((audit.len(), &audit[0]["outcome"], &audit[0]["count"]), (1, &json!("signer.no_key"), &json!(2)));
    scene.end(&id).await;
}

/// It has all that a process of the run has, but for its parents.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_copies_the_mark_of_a_run_is_still_no_process_of_it() {
    use std::io::BufRead as _;
    use std::process::{Command as Program, Stdio};

    let (scene, id) = stage(&["{now}"]).await;
    let said = scene.said(&id, 2).await;
    signature(&said[1]);
    let agent = scene.agent(&id).await;
    let pid = agent["process"]["run"]["pid"].as_u64().expect("a pid");
    let environ = std::fs::read(format!("/proc/{pid}/environ")).expect("its environment");
    let environ = String::from_utf8(environ).expect("text");
    let mut program = Program::new(built("beatkeeper-sign-once"));
    program.arg("{now}").envs(environ.split('\0').filter_map(|entry| entry.split_once('='))).stdout(Stdio::piped());
    let mut copy = program.spawn().expect("the copy starts");
    let lines = std::io::BufReader::new(copy.stdout.take().expect("its output")).lines();
    let heard: Vec<Value> =
        lines.take(2).map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON")).collect();
    copy.kill().and_then(|()| copy.wait()).expect("the copy ends");
    assert_eq!(heard[0], said[0], "it asks at the same address");
    assert_eq!(heard[1]["answer"]["error"]["code"], "signer.not_of_the_run", "{heard:#?}");
    let audit = scene.audit(&id).await;
    assert_eq!((audit.len(), &audit[0]["pid"]), (2, &json!(copy.id())));
    scene.end(&id).await;
}
