//! Agents at ArtCafe: a challenge that a real RSA key signs, presence, and heartbeats that are acknowledged or not.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use beatkeeper_core::identity::EntityId;
use beatkeeper_devnet::{Acks, ArtCafe, CafeConfig, ChallengeAnswer, TurnsAway};
use beatkeeper_engine::command::Command;
use beatkeeper_vault::RsaKey;
use serde_json::Value;

use crate::scene::Scene;

const PEM: &[u8] = include_bytes!("../../../vault/tests/rsa/pkcs8.pem");
const NAME: &str = "weather";

fn public_key() -> Vec<u8> {
    let key = RsaKey::from_pem(PEM).expect("a key");
    key.signer().expect("it signs").public_der().to_vec()
}

fn knows_it() -> CafeConfig {
    CafeConfig { organization: "acme".into(), agents: vec![(NAME.into(), public_key())], ..CafeConfig::default() }
}

fn write_pem(path: PathBuf) -> PathBuf {
    std::fs::write(&path, PEM).expect("the key file is written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    }
    path
}

/// A server, and an engine that beats there for one agent every second.
async fn stage(config: CafeConfig) -> (ArtCafe, Scene, EntityId) {
    let cafe = ArtCafe::start(config).await.expect("the server starts");
    let scene = Scene::new(&[]).await;
    let entry = format!(
        "[[registry]]\nname = \"cafe\"\nurl = \"{}\"\ndialect = \"artcafe\"\norganization = \"acme\"\n",
        cafe.url()
    );
    scene.write_config(&format!("{}{entry}", scene.config()));
    let imported = scene
        .execute(Command::AgentImport {
            path: write_pem(scene.path("weather.pem")),
            registry: "cafe".into(),
            name: None,
            allow_loose: false,
            kind: None,
            project: None,
            replace: None,
        })
        .await
        .expect("the key is imported");
    assert_eq!(imported["id"], "artcafe:acme/weather");
    scene.write_config(&scene.config().replace("registry = \"cafe\"\n", "registry = \"cafe\"\ninterval = 1\n"));
    (cafe, scene, EntityId::artcafe("acme", NAME).expect("an id"))
}

async fn connections(scene: &Scene, id: &EntityId) -> Vec<Value> {
    let history = scene.execute(Command::AgentHistory { id: id.clone(), limit: 50 }).await.expect("a history");
    history["connections"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_heartbeat_is_a_confirmed_one() {
    let (cafe, scene, id) = stage(knows_it()).await;
    let agent = scene.until(&id, "three beats", |agent| agent["beats"]["confirmed"].as_u64() >= Some(3)).await;
    assert_eq!((&agent["liveness"], &agent["verdict"]["code"]), (&"active".into(), &"ok".into()));
    let health = &agent["connection"];
    assert_eq!((&health["healthy"], &health["connected"]), (&true.into(), &true.into()));
    assert!(health["last_heartbeat_ack"].as_str().is_some_and(|at| at.ends_with('Z')), "{health}");
    assert!(health["seconds_since_ack"].as_f64() < Some(3.0), "{health}");
    assert_eq!(health["reconnect_attempts"], 0);
    assert_eq!(cafe.state().presences(NAME), ["online"]);
    // Who is let go says goodbye.
    scene.execute(Command::AgentSetPaused { id: id.clone(), paused: true }).await.expect("paused");
    cafe.wait_for(|state| state.sockets(NAME) == 0).await.expect("the socket is closed");
    assert_eq!(cafe.state().presences(NAME), ["online", "offline"]);
    let key = scene.execute(Command::AgentKey { id }).await.expect("a look");
    assert!(key["public_key"].as_str().is_some_and(|key| key.starts_with("ssh-rsa ")), "{key}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ignores_heartbeats_is_found_out_at_three_intervals() {
    let (cafe, scene, id) = stage(CafeConfig { acks: Acks::Never, ..knows_it() }).await;
    let agent = scene.until_verdict(&id, "artcafe.ignores_heartbeats").await;
    assert_eq!(agent["beats"]["confirmed"], 0);
    assert_eq!(
        (&agent["connection"]["healthy"], &agent["connection"]["seconds_since_ack"]),
        (&false.into(), &Value::Null)
    );
    cafe.wait_for(|state| state.openings(NAME) >= 2).await.expect("it is dialled again");
    let connections = connections(&scene, &id).await;
    let lost = connections.iter().find(|one| one["cause"] == "link.unacknowledged");
    let lost = lost.unwrap_or_else(|| panic!("{connections:#?}"));
    let length = lost["closed_at"].as_u64().zip(lost["opened_at"].as_u64()).map(|(to, from)| to - from);
    assert!(length.is_some_and(|length| (2_900..4_000).contains(&length)), "given up at three intervals: {lost:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stops_answering_is_told_from_one_that_never_did() {
    let (_cafe, scene, id) = stage(CafeConfig { acks: Acks::Until(2), ..knows_it() }).await;
    let agent = scene.until_verdict(&id, "link.unacknowledged").await;
    assert!(agent["connection"]["seconds_since_ack"].as_f64() >= Some(1.0), "{agent:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_close_is_followed_by_another_dial() {
    let (cafe, scene, id) = stage(CafeConfig { close_after: Some(1), ..knows_it() }).await;
    cafe.wait_for(|state| state.openings(NAME) >= 2 && state.acks(NAME) >= 3).await.expect("it beats again");
    let connections = connections(&scene, &id).await;
    assert!(connections.iter().any(|one| one["close_code"] == 1000), "{connections:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_at_the_server_is_said_in_its_words() {
    let mut other = public_key();
    // A bit of the modulus: as long a number, and another key.
    other[100] ^= 1;
    let refusing = || CafeConfig { agents: vec![(NAME.into(), other.clone())], ..knows_it() };
    let (_cafe, scene, id) = stage(refusing()).await;
    let agent = scene.until_verdict(&id, "link.rejected").await;
    let sentence = agent["verdict"]["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("Invalid signature (1008)"), "{sentence}");
    assert_eq!(agent["link"]["state"], "blocked");
    // One that does not even open the socket has no words.
    let (_cafe, scene, id) = stage(CafeConfig { turns_away: TurnsAway::AtHandshake, ..refusing() }).await;
    let agent = scene.until_verdict(&id, "link.rejected").await;
    let sentence = agent["verdict"]["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("signature (403)"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_is_none_is_said_in_a_sentence() {
    let (_cafe, scene, id) = stage(CafeConfig { agents: Vec::new(), ..knows_it() }).await;
    let agent = scene.until_verdict(&id, "registry.not_registered").await;
    assert!(agent["verdict"]["remedy"].as_str().is_some_and(|remedy| remedy.contains("challenge")), "{agent:#}");
    for answer in [ChallengeAnswer::Html, ChallengeAnswer::Huge] {
        let asked = Instant::now();
        let (_cafe, scene, id) = stage(CafeConfig { challenge: answer, ..knows_it() }).await;
        let agent = scene.until_verdict(&id, "link.protocol").await;
        let sentence = agent["verdict"]["sentence"].as_str().unwrap_or_default();
        assert!(sentence.contains("no challenge"), "{sentence}");
        assert!(asked.elapsed() < Duration::from_secs(60), "it does not hang");
    }
}
