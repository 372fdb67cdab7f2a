//! How long the doctor takes at a healthy registry, against the one request that a person would begin with: reading the
//! record on a new connection. Both are asked in turns, on loopback.
//!
//! `cargo bench -p beatkeeper-engine --bench doctor [-- VISITS]`
//!
//! Figures are printed and never fail; a visit that does not find all well ends the run.
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey};
use beatkeeper_devnet::{Config, Devnet};
use beatkeeper_engine::command::Command;
use beatkeeper_engine::{Engine, Handle, Options, Paths, VaultChoice};
use ed25519_dalek::SigningKey;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Whatever goes wrong ends the benchmark with its sentence.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const VISITS: usize = 40;
/// What a visit may take at a healthy registry.
const TO_HOLD: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(1);
const NUMBER: u8 = 7;

#[tokio::main]
async fn main() -> Outcome<()> {
    let visits = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(VISITS);
    let devnet = Devnet::start(Config { searches_per_minute: None, ..Config::default() }).await?;
    let signing = SigningKey::from_bytes(&[NUMBER; 32]);
    let public = PublicKey::from_bytes(signing.verifying_key().to_bytes());
    let id = devnet.insert_entity(public, "weather", EntityKind::Agent);
    // It is published nowhere, so nobody can fail to reach it.
    devnet.edit_record(&id, |record| record.entity_url.clear());
    let folder = tempfile::tempdir()?;
    let engine = start(&folder, &devnet, &public).await?;
    until_it_beats(&engine.handle(), &id).await?;

    let (mut bare, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..visits {
        bare.push(read_record(&devnet, &id).await?);
        whole.push(visit(&engine.handle(), &id).await?);
    }
    engine.shutdown().await;
    let (bare, whole) = (Figures::of(bare), Figures::of(whole));
    println!("{visits} visits at a healthy registry on loopback");
    println!("  reading the record   p50 {:>8.2?}  p95 {:>8.2?}  most {:>8.2?}", bare.p50, bare.p95, bare.most);
    println!("  the whole visit      p50 {:>8.2?}  p95 {:>8.2?}  most {:>8.2?}", whole.p50, whole.p95, whole.most);
    println!("  as many records      p50 {:>8.1}", whole.p50.as_secs_f64() / bare.p50.as_secs_f64());
    println!("  to hold: at most {TO_HOLD:?}: {}", if whole.most <= TO_HOLD { "held" } else { "NOT HELD" });
    Ok(())
}

async fn start(folder: &tempfile::TempDir, devnet: &Devnet, public: &PublicKey) -> Outcome<Engine> {
    let path = |name: &str| folder.path().join(name);
    let config = format!("[[registry]]\nname = \"devnet\"\nurl = \"{}\"\n", devnet.url());
    std::fs::write(path("beatkeeper.toml"), config)?;
    let key = serde_json::json!({
        "public_key": STANDARD.encode(public.as_bytes()),
        "private_key": STANDARD.encode([NUMBER; 32]),
    });
    std::fs::write(path("key.json"), key.to_string())?;
    let engine = Engine::start(Options {
        paths: Paths { config: path("beatkeeper.toml"), data: path("data") },
        vault: VaultChoice::File { passphrase: "correct horse".to_owned().into() },
        shim: None,
    })
    .await?;
    let import = Command::AgentImport {
        path: path("key.json"),
        registry: "devnet".into(),
        name: Some("weather".into()),
        allow_loose: true,
        kind: None,
        project: None,
        replace: None,
    };
    engine.handle().execute(import).await?;
    Ok(engine)
}

async fn until_it_beats(handle: &Handle, id: &EntityId) -> Outcome<()> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        let status = handle.execute(Command::Status).await?;
        let agents = status["agents"].as_array().cloned().unwrap_or_default();
        if agents.iter().any(|agent| agent["id"] == id.as_str() && agent["verdict"]["code"] == "ok") {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err("the agent never beat".into())
}

async fn read_record(devnet: &Devnet, id: &EntityId) -> Outcome<Duration> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(devnet.addr()).await?;
    let request = format!("GET /v1/entities/{id} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", devnet.addr());
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    if !answer.starts_with(b"HTTP/1.1 200") {
        return Err("the record cannot be read".into());
    }
    Ok(began.elapsed())
}

async fn visit(handle: &Handle, id: &EntityId) -> Outcome<Duration> {
    let began = Instant::now();
    handle.execute(Command::DoctorStart { id: id.clone(), symptom: None, hold: None, listen: false }).await?;
    loop {
        let run: Value = handle.execute(Command::DoctorLook { id: id.clone(), started_at: None }).await?;
        if run["done"] == true {
            if run["diagnosis"]["code"] != "ok" {
                return Err(format!("not all is well: {:#}", run["diagnosis"]).into());
            }
            return Ok(began.elapsed());
        }
        tokio::time::sleep(LOOK).await;
    }
}

struct Figures {
    p50: Duration,
    p95: Duration,
    most: Duration,
}

impl Figures {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied();
        let [p50, p95, most] = [at(50), at(95), times.last().copied()].map(Option::unwrap_or_default);
        Self { p50, p95, most }
    }
}
