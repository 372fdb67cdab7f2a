//! The ArtCafe server, as its clients see it (protocols.md 5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::wire::artcafe::{
    Challenge, TENANT_HEADER, challenge_path, heartbeat, presence, socket_path, socket_query,
};
use beatkeeper_devnet::{Acks, ArtCafe, CafeConfig, TurnsAway};
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{PATIENCE, Socket};

fn key() -> RsaKeyPair {
    let pem = include_bytes!("../../../vault/tests/rsa/pkcs8.pem");
    RsaKeyPair::from_pkcs8(PrivatePkcs8KeyDer::from_pem_slice(pem).unwrap().secret_pkcs8_der()).unwrap()
}

fn config() -> CafeConfig {
    let public = key().public_key().as_ref().to_vec();
    CafeConfig { organization: "acme".into(), agents: vec![("a b".into(), public)], ..CafeConfig::default() }
}

/// Status and body.
async fn ask(cafe: &ArtCafe, agent: &str, header: &str) -> (u16, String) {
    let url = cafe.url();
    let address = url.trim_start_matches("http://");
    let path = challenge_path(agent);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

async fn challenge(cafe: &ArtCafe) -> String {
    let (status, body) = ask(cafe, "a b", &format!("{TENANT_HEADER}: acme\r\n")).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str::<Challenge>(&body).unwrap().challenge
}

fn signature(challenge: &str) -> String {
    let key = key();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), challenge.as_bytes(), &mut signature).unwrap();
    STANDARD.encode(signature)
}

async fn dial(cafe: &ArtCafe, agent: &str, challenge: &str, signature: &str) -> Result<Socket, Error> {
    let base = format!("{}/{}", cafe.url().replace("http", "ws"), socket_path(agent));
    let mut query = String::new();
    for (name, value) in socket_query("acme", agent, challenge, signature) {
        let value = value.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D").replace(' ', "%20");
        query.push_str(&format!("{}{name}={value}", if query.is_empty() { '?' } else { '&' }));
    }
    timeout(PATIENCE, connect_async(format!("{base}{query}"))).await.unwrap().map(|(socket, _)| socket)
}

async fn next(socket: &mut Socket) -> Message {
    timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap()
}

async fn told(socket: &mut Socket) -> Value {
    serde_json::from_str(next(socket).await.to_text().unwrap()).unwrap()
}

async fn opened(cafe: &ArtCafe) -> Socket {
    let challenge = challenge(cafe).await;
    let mut socket = dial(cafe, "a b", &challenge, &signature(&challenge)).await.unwrap();
    assert_eq!(told(&mut socket).await["type"], "welcome");
    socket
}

#[tokio::test]
async fn a_challenge_is_for_agents_of_the_organization() {
    let cafe = ArtCafe::start(config()).await.unwrap();
    let challenge = challenge(&cafe).await;
    assert!(challenge.len() == 64 && challenge.bytes().all(|digit| digit.is_ascii_hexdigit()), "{challenge}");
    assert_eq!(ask(&cafe, "a b", "").await.0, 422);
    assert_eq!(ask(&cafe, "a b", &format!("{TENANT_HEADER}: other\r\n")).await.0, 404);
    assert_eq!(ask(&cafe, "nobody", &format!("{TENANT_HEADER}: acme\r\n")).await.0, 404);
}

#[tokio::test]
async fn what_an_agent_says_is_answered_and_noted() {
    let cafe = ArtCafe::start(CafeConfig { acks: Acks::Until(1), ..config() }).await.unwrap();
    let mut socket = opened(&cafe).await;
    for frame in [
        presence("a b", true),
        heartbeat(Timestamp::now()),
        heartbeat(Timestamp::now()),
        "no JSON".into(),
        r#"{"type":"subscribe","channel":"tasks"}"#.into(),
        r#"{"type":"ping"}"#.into(),
        presence("a b", false),
    ] {
        socket.send(Message::text(frame)).await.unwrap();
    }
    assert_eq!(told(&mut socket).await["type"], "heartbeat_ack");
    let subscribed = told(&mut socket).await;
    assert_eq!((&subscribed["type"], &subscribed["subject"]), (&"subscribed".into(), &"tasks".into()));
    assert_eq!(told(&mut socket).await["type"], "pong");
    cafe.wait_for(|state| state.presences("a b") == ["online", "offline"]).await.unwrap();
    assert_eq!((cafe.state().beats("a b"), cafe.state().acks("a b"), cafe.state().sockets("a b")), (2, 1, 1));
    drop(socket);
    cafe.wait_for(|state| state.sockets("a b") == 0).await.unwrap();
}

#[tokio::test]
async fn who_cannot_prove_it_is_turned_away_with_the_reason() {
    let cafe = ArtCafe::start(config()).await.unwrap();
    let good = challenge(&cafe).await;
    for (agent, challenge, signature, reason) in [
        ("nobody", good.as_str(), "", "Agent not found"),
        ("a b", "of my own choice", &signature("of my own choice"), "Authentication failed"),
        ("a b", &good, &signature("another"), "Invalid signature"),
        // It was redeemed, although in vain.
        ("a b", &good, &signature(&good), "Authentication failed"),
    ] {
        let mut socket = dial(&cafe, agent, challenge, signature).await.unwrap();
        let Message::Close(Some(frame)) = next(&mut socket).await else { panic!("no goodbye: {reason}") };
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1008, reason));
    }
    assert_eq!(cafe.state().openings("a b"), 0);
}

#[tokio::test]
async fn a_server_may_refuse_the_handshake_instead() {
    let cafe = ArtCafe::start(CafeConfig { turns_away: TurnsAway::AtHandshake, ..config() }).await.unwrap();
    let refused = dial(&cafe, "a b", "x", "y").await.unwrap_err();
    assert!(matches!(&refused, Error::Http(response) if response.status() == 403), "{refused}");
}

#[tokio::test]
async fn it_says_goodbye_once_when_it_is_told_to() {
    let cafe = ArtCafe::start(CafeConfig { close_after: Some(1), acks: Acks::Never, ..config() }).await.unwrap();
    let mut socket = opened(&cafe).await;
    socket.send(Message::text(heartbeat(Timestamp::now()))).await.unwrap();
    let Message::Close(Some(frame)) = next(&mut socket).await else { panic!("no goodbye") };
    assert_eq!(u16::from(frame.code), 1000);
    let mut again = opened(&cafe).await;
    again.send(Message::text(heartbeat(Timestamp::now()))).await.unwrap();
    again.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    assert_eq!(told(&mut again).await["type"], "pong");
}
