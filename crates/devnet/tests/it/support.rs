//! A client that shows everything: raw HTTP answers, and sockets as they end.

use std::net::SocketAddr;
use std::time::Duration;

use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey, Signature};
use beatkeeper_core::wire::zynd::{beat_frame, beat_timestamp, heartbeat_path};
use beatkeeper_devnet::{Config, Devnet, Fault, FaultKind};
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message, protocol::CloseFrame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Nothing on loopback takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn devnet() -> Devnet {
    devnet_with(|_| {}).await
}

pub(crate) async fn devnet_with(change: impl FnOnce(&mut Config)) -> Devnet {
    let mut config = Config { registrations_per_minute: None, searches_per_minute: None, ..Config::default() };
    change(&mut config);
    Devnet::start(config).await.unwrap()
}

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub(crate) fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().to_bytes())
}

pub(crate) fn sign(key: &SigningKey, message: impl AsRef<[u8]>) -> Signature {
    Signature::from_bytes(key.sign(message.as_ref()).to_bytes())
}

/// Puts an agent with this key on the registry.
pub(crate) fn agent(devnet: &Devnet, number: u8) -> (SigningKey, EntityId) {
    let key = key(number);
    let id = devnet.insert_entity(public(&key), &format!("agent-{number}"), EntityKind::Agent);
    (key, id)
}

pub(crate) fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(seconds)
}

pub(crate) fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

pub(crate) fn fault_of(id: &EntityId, kind: FaultKind) -> Fault {
    Fault::of(id.clone(), kind)
}

// Sockets.

pub(crate) async fn dial(devnet: &Devnet, id: &EntityId) -> Socket {
    try_dial(devnet, &heartbeat_path(id)).await.unwrap()
}

pub(crate) async fn try_dial(devnet: &Devnet, path: &str) -> Result<Socket, Error> {
    let url = format!("ws://{}/{path}", devnet.addr());
    timeout(PATIENCE, Box::pin(connect_async(url))).await.unwrap().map(|(socket, _)| socket)
}

/// The status of a handshake that was refused.
pub(crate) fn status(refused: Result<Socket, Error>) -> u16 {
    match refused {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("not an answer: {other}"),
        Ok(_) => panic!("the socket opened"),
    }
}

pub(crate) fn beat_now(key: &SigningKey) -> String {
    beat_at(key, &beat_timestamp(Timestamp::now()))
}

pub(crate) fn beat_at(key: &SigningKey, timestamp: &str) -> String {
    beat_frame(timestamp, &sign(key, timestamp))
}

pub(crate) async fn say(socket: &mut Socket, text: impl Into<String>) {
    socket.send(Message::text(text.into())).await.unwrap();
}

/// What comes next on a socket.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Text(String),
    Pong,
    /// A close frame with this code.
    Closed(u16),
    /// TCP ended without a close frame: what a browser calls 1006.
    Dropped,
}

pub(crate) async fn hear(socket: &mut Socket) -> Heard {
    match timeout(PATIENCE, socket.next()).await.expect("nothing was heard") {
        Some(Ok(Message::Text(text))) => Heard::Text(text.to_string()),
        Some(Ok(Message::Pong(_))) => Heard::Pong,
        Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => Heard::Closed(code.into()),
        Some(Ok(other)) => panic!("unexpected {other:?}"),
        Some(Err(_)) | None => Heard::Dropped,
    }
}

/// The next activity event, as its type and the rest.
pub(crate) async fn event(stream: &mut Socket) -> (String, Value) {
    match hear(stream).await {
        Heard::Text(text) => {
            let event: Value = serde_json::from_str(&text).unwrap();
            (event["type"].as_str().unwrap().to_owned(), event)
        }
        other => panic!("not an event: {other:?}"),
    }
}

/// Asks for a pong: the socket is alive, and nothing was said before it.
pub(crate) async fn is_open(socket: &mut Socket) -> bool {
    socket.send(Message::Ping(b"?".as_slice().into())).await.is_ok() && hear(socket).await == Heard::Pong
}

// Requests.

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned())
    }
}

pub(crate) async fn get(devnet: &Devnet, path: &str) -> Reply {
    ask(devnet.addr(), "GET", path, &[], "").await
}

pub(crate) async fn post(devnet: &Devnet, path: &str, body: &str) -> Reply {
    ask(devnet.addr(), "POST", path, &[], body).await
}

pub(crate) async fn ask(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    if !headers.contains("Connection:") {
        headers.push_str("Connection: close\r\n");
    }
    let length = body.len();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    try_ask(addr, &request).await.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

/// Sends the bytes of one request and reads the answer, which may also end with its connection.
pub(crate) async fn try_ask(addr: SocketAddr, request: &str) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    let reading = async {
        while stream.read_buf(&mut bytes).await? > 0 {
            if is_whole(&bytes) {
                break;
            }
        }
        std::io::Result::Ok(())
    };
    timeout(PATIENCE, reading).await.expect("no answer")?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(std::io::Error::other("the connection ended without an answer"));
    };
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Ok(Reply { status, headers, body: body.to_owned() })
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|length| length.parse().unwrap());
    head.starts_with("http/1.1 101") || length.is_some_and(|length: usize| answer.len() >= end + 4 + length)
}
