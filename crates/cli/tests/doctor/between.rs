//! What stands between an agent and its registry, and what it does to connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::http::{Head, answer};
use crate::net::Served;

const HTML: (&str, &str) = ("Content-Type", "text/html");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// What a thing between does. What it leaves alone goes through.
pub enum Does {
    /// As a reverse proxy that knows nothing of WebSockets (protocols.md 1.10).
    StripsUpgrade,
    /// This answer, to who wants a WebSocket.
    TurnsAway(Answer),
    /// Ends a connection on which the registry was silent for this long.
    CutsIdle(Duration),
    /// Ends a WebSocket when it is as old as the next of these, over and over.
    CutsAged(Vec<Duration>),
    /// The first of these that fits.
    Answers(Vec<Answer>),
    /// Takes connections, and says nothing.
    KeepsSilent,
}

/// An answer that does not come from the registry.
pub struct Answer {
    /// How the request begins, as in `GET /v1/info`; every request, when it is empty.
    to: String,
    bytes: Vec<u8>,
}

impl Answer {
    fn new(to: &str, status: &str, fields: &[(&str, &str)], body: &str) -> Self {
        Self { to: to.to_owned(), bytes: answer(status, fields, body) }
    }

    pub fn json(to: &str, status: &str, body: &serde_json::Value) -> Self {
        Self::new(to, status, &[JSON], &body.to_string())
    }

    /// A page for people, to every request.
    pub fn page(status: &str, text: &str) -> Self {
        Self::new("", status, &[HTML], &format!("<!DOCTYPE html>\n<html><body><h1>{text}</h1></body></html>\n"))
    }

    /// "It is over there", to every request.
    pub fn elsewhere(url: &str) -> Self {
        Self::new("", "301 Moved Permanently", &[HTML, ("Location", url)], "")
    }

    fn fits(&self, head: &Head) -> bool {
        head.line.replace("%3A", ":").replace("%3a", ":").starts_with(&self.to)
    }
}

/// A thing between.
pub struct Between(Served);

impl Between {
    pub fn start(behind: SocketAddr, does: Does) -> Self {
        let shared = Arc::new((does, AtomicUsize::new(0)));
        Self(Served::new(move |stream| {
            let shared = Arc::clone(&shared);
            async move { treat(stream, behind, &shared.0, &shared.1).await }
        }))
    }

    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    pub fn url(&self) -> String {
        self.0.url()
    }
}

async fn treat(mut client: TcpStream, behind: SocketAddr, does: &Does, sockets: &AtomicUsize) {
    let Some(mut head) = Head::read(&mut client).await else { return };
    let upgrade = head.wants_upgrade();
    let mut limits = Limits::default();
    match does {
        Does::StripsUpgrade => head.remove("upgrade"),
        Does::TurnsAway(answer) if upgrade => return say(client, &answer.bytes).await,
        Does::Answers(answers) => {
            if let Some(answer) = answers.iter().find(|answer| answer.fits(&head)) {
                return say(client, &answer.bytes).await;
            }
        }
        Does::CutsIdle(limit) => limits.idle = Some(*limit),
        Does::CutsAged(ages) if upgrade => {
            limits.age = Some(ages[sockets.fetch_add(1, Ordering::Relaxed) % ages.len()]);
        }
        Does::KeepsSilent => return std::future::pending().await,
        Does::TurnsAway(_) | Does::CutsAged(_) => {}
    }
    if head.field("upgrade").is_none() {
        // One request a connection: each of them is looked at.
        head.set("connection", "close");
    }
    pass(client, &head, behind, limits).await;
}

async fn say(mut client: TcpStream, bytes: &[u8]) {
    // Who has left is told nothing.
    let _ = client.write_all(bytes).await;
    let _ = client.shutdown().await;
    // What is left unread would be answered with a reset, which can overtake the answer.
    let _ = tokio::io::copy(&mut client, &mut tokio::io::sink()).await;
}

/// When a connection is cut.
#[derive(Clone, Copy, Default)]
struct Limits {
    /// Without a byte from the registry.
    idle: Option<Duration>,
    age: Option<Duration>,
}

/// Sends a request on, and both ways what follows, until one side ends or a limit is reached.
async fn pass(client: TcpStream, head: &Head, behind: SocketAddr, limits: Limits) {
    let Ok(mut server) = TcpStream::connect(behind).await else { return };
    if server.write_all(&head.bytes()).await.is_err() {
        return;
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let down = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = from_server.read(&mut buffer);
            let read = match limits.idle {
                Some(limit) => timeout(limit, read).await,
                None => Ok(read.await),
            };
            let Ok(Ok(length @ 1..)) = read else { return };
            if to_client.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    let old = async {
        match limits.age {
            Some(age) => sleep(age).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = down => {}
        () = old => {}
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::Client;
    use crate::net::{nobody, run};
    use crate::registry::Registry;

    const SOON: Duration = Duration::from_millis(50);

    fn socket(between: &Between, registry: &Registry) -> (Client, String) {
        let mut client = Client::connect(between.address());
        let head = client.upgrade(&registry.socket_path());
        (client, head)
    }

    fn record(between: &Between, registry: &Registry) -> String {
        Client::connect(between.address()).get(&registry.record_path(), "")
    }

    #[test]
    fn a_stripped_upgrade_is_answered_by_the_registry_itself() {
        let registry = Registry::with_agent();
        let between = Between::start(registry.address(), Does::StripsUpgrade);
        let (_, head) = socket(&between, &registry);
        assert!(
            head.starts_with("HTTP/1.1 400") && head.to_lowercase().contains("sec-websocket-version: 13"),
            "{head}"
        );
        assert!(record(&between, &registry).starts_with("HTTP/1.1 200"));
    }

    #[test]
    fn only_who_wants_a_socket_is_turned_away() {
        let registry = Registry::with_agent();
        for answer in [Answer::page("403 Forbidden", "No"), Answer::page("404 Not Found", "What?")] {
            let status = String::from_utf8_lossy(&answer.bytes[..12]).into_owned();
            let between = Between::start(registry.address(), Does::TurnsAway(answer));
            assert!(socket(&between, &registry).1.starts_with(&status));
            assert!(record(&between, &registry).starts_with("HTTP/1.1 200"));
        }
        let away = Answer::elsewhere("https://registry.example/");
        let between = Between::start(registry.address(), Does::TurnsAway(away));
        assert!(socket(&between, &registry).1.contains("Location: https://registry.example/\r\n"));
    }

    #[test]
    fn a_silent_socket_is_cut_and_an_aged_one_too() {
        let registry = Registry::with_agent();
        for does in [Does::CutsIdle(SOON), Does::CutsAged(vec![SOON])] {
            let between = Between::start(registry.address(), does);
            let (client, head) = socket(&between, &registry);
            assert!(head.starts_with("HTTP/1.1 101"), "{head}");
            assert_eq!(client.rest(), "", "it ends by itself, without a close frame");
            let gone = registry.devnet.wait_for(|state| state.sockets(&registry.id()) == 0);
            run(gone).expect("the registry lost it, too");
        }
    }

    #[test]
    fn what_it_leaves_alone_goes_through_both_ways() {
        let registry = Registry::with_agent();
        let between = Between::start(registry.address(), Does::Answers(Vec::new()));
        let (mut client, head) = socket(&between, &registry);
        assert!(head.starts_with("HTTP/1.1 101") && client.ping() && client.ping(), "{head}");
    }

    #[test]
    fn one_that_keeps_silent_takes_a_request_and_answers_nothing() {
        let between = Between::start(nobody(), Does::KeepsSilent);
        let mut client = Client::connect(between.address());
        client.patience(SOON);
        assert_eq!(client.get("/v1/info", ""), "");
    }

    #[test]
    fn an_answer_of_its_own_stands_for_the_registrys() {
        let registry = Registry::with_agent();
        let entity = format!("GET {} ", registry.record_path());
        let other = Answer::json(&entity, "200 OK", &json!({ "tombstoned": true }));
        let between = Between::start(registry.address(), Does::Answers(vec![other]));
        let mut client = Client::connect(between.address());
        client.get(&registry.record_path().replace("zns:", "zns%3A"), "");
        assert_eq!(client.rest(), "{\"tombstoned\":true}");
        assert!(Client::connect(between.address()).get("/v1/info", "").starts_with("HTTP/1.1 200"));

        let portal = Between::start(registry.address(), Does::Answers(vec![Answer::page("200 OK", "Sign in")]));
        let mut client = Client::connect(portal.address());
        assert!(client.get("/v1/info", "").contains("text/html"));
        assert!(client.rest().contains("Sign in"));
    }
}
