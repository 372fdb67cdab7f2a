//! An HTTP server that answers as it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A status, header lines, a body.
    Status(u16, &'static str, String),
    /// This status, and in the body all that it was asked, as some servers and proxies do.
    Echo(u16),
    /// Nothing, for ever.
    Hang,
    /// It breaks the connection.
    Reset,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self::Status(status, "", String::new())
    }
}

#[derive(Clone, Debug)]
pub struct Request {
    /// The request line and the headers, as they came.
    pub head: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Clone)]
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    script: Arc<Mutex<VecDeque<Answer>>>,
    always: Arc<Mutex<Answer>>,
}

impl Server {
    /// Gives these answers one after the other, then 200.
    pub async fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            requests: Arc::default(),
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            always: Arc::new(Mutex::new(Answer::status(200))),
        };
        let all = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(all.clone(), stream));
            }
        });
        server
    }

    /// Gives this answer each time.
    pub async fn always(answer: Answer) -> Self {
        let server = Self::start([]).await;
        server.now(answer);
        server
    }

    pub fn now(&self, answer: Answer) {
        *self.always.lock().unwrap() = answer;
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    fn next(&self) -> Answer {
        let next = self.script.lock().unwrap().pop_front();
        next.unwrap_or_else(|| self.always.lock().unwrap().clone())
    }
}

async fn serve(server: Server, mut stream: TcpStream) {
    let Some(request) = read(&mut stream).await else { return };
    server.requests.lock().unwrap().push(request.clone());
    match server.next() {
        Answer::Status(status, headers, body) => answer(&mut stream, status, headers, &body).await,
        Answer::Echo(status) => answer(&mut stream, status, "", &request.head).await,
        Answer::Hang => std::future::pending().await,
        // What the client still hears is the system's own reset.
        Answer::Reset => drop(stream),
    }
}

async fn answer(stream: &mut TcpStream, status: u16, headers: &str, body: &str) {
    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    let _ = stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        bytes.push(stream.read_u8().await.ok()?);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { head: head.clone(), path, headers, body: String::from_utf8(body).unwrap() })
}
