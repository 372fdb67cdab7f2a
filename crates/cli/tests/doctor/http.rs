//! As much of HTTP/1.1 as a thing between two programs has to understand.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest head that a client of ours sends, and more.
const LONGEST: usize = 64 * 1024;

/// The head of a request, and what came after it.
pub struct Head {
    pub line: String,
    fields: Vec<(String, String)>,
    rest: Vec<u8>,
}

impl Head {
    /// Nothing, when the connection ends before a head is there.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
                let mut lines = text.split("\r\n");
                let line = lines.next()?.to_owned();
                let fields = lines.filter_map(|line| line.split_once(':'));
                let fields = fields.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
                return Some(Self { line, fields, rest: bytes.split_off(end + 4) });
            }
            if bytes.len() > LONGEST || stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Puts a field in the place of all that have its name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|(known, _)| known != name);
    }

    pub fn wants_upgrade(&self) -> bool {
        self.field("upgrade").is_some_and(|wanted| wanted.eq_ignore_ascii_case("websocket"))
    }

    /// The method and the target.
    pub fn asks(&self) -> (&str, &str) {
        let mut words = self.line.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// The same with another target.
    pub fn redirect(&mut self, target: &str) {
        let (method, _) = self.asks();
        self.line = format!("{method} {target} HTTP/1.1");
    }

    /// As it goes on over the wire, with what had come after it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line);
        for (name, value) in &self.fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        [text.as_bytes(), &self.rest].concat()
    }
}

/// A whole answer, after which the connection ends.
pub fn answer(status: &str, fields: &[(&str, &str)], body: &str) -> Vec<u8> {
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

/// A connection on which a test speaks, one head at a time.
pub struct Client(TcpStream);

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).expect("somebody listens"))
    }

    /// How long an answer is waited for.
    pub fn patience(&self, patience: Duration) {
        self.0.set_read_timeout(Some(patience)).expect("it has a patience");
    }

    /// Asks for a path, and answers the head of what came back.
    pub fn get(&mut self, path: &str, fields: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: registry.example\r\n{fields}\r\n"))
    }

    /// Asks to go on as a WebSocket.
    pub fn upgrade(&mut self, path: &str) -> String {
        self.get(
            path,
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        )
    }

    /// Sends a text, and answers the head of what came back; nothing when the connection ended.
    pub fn send(&mut self, text: &str) -> String {
        self.0.write_all(text.as_bytes()).expect("it is sent");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && matches!(self.0.read(&mut byte), Ok(1)) {
            head.push(byte[0]);
        }
        String::from_utf8(head).expect("text")
    }

    /// What comes until the other side ends the connection.
    pub fn rest(mut self) -> String {
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = self.0.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// A WebSocket ping without a payload, and the pong of as many bytes.
    pub fn ping(&mut self) -> bool {
        let mut pong = [0; 2];
        self.0.write_all(&[0x89, 0x80, 0, 0, 0, 0]).is_ok() && self.0.read_exact(&mut pong).is_ok() && pong[0] == 0x8a
    }
}
