//! A forward proxy, as an office or a hotel has one: it tunnels what is encrypted, and passes on what is not.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::http::{Head, answer};
use crate::net::Served;

/// What a proxy does.
#[derive(Clone, Default)]
pub struct Rules {
    /// It is for who knows this `user:password` alone.
    pub login: Option<&'static str>,
    /// It passes requests on, and opens no tunnels.
    pub no_tunnels: bool,
    /// Whatever it is asked for is there: it knows names that nobody else does.
    pub leads_to: Option<SocketAddr>,
}

/// A proxy, and what it was asked for.
pub struct ForwardProxy {
    served: Served,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ForwardProxy {
    pub fn start(rules: Rules) -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&asked);
        let served = Served::new(move |stream| treat(stream, rules.clone(), Arc::clone(&lines)));
        Self { served, asked }
    }

    /// One for who knows this `user:password`.
    pub fn with_login(login: &'static str) -> Self {
        Self::start(Rules { login: Some(login), ..Rules::default() })
    }

    /// Its address, with this login in it.
    pub fn url(&self, login: Option<&str>) -> String {
        let login = login.map(|login| format!("{login}@")).unwrap_or_default();
        format!("http://{login}{}", self.served.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.served.address
    }

    /// The first line of every request so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

async fn treat(mut client: TcpStream, rules: Rules, asked: Arc<Mutex<Vec<String>>>) {
    let Some(mut head) = Head::read(&mut client).await else { return };
    asked.lock().expect("nobody panicked").push(head.line.clone());
    let login = rules.login.map(|login| format!("Basic {}", STANDARD.encode(login)));
    let refusal = if login.is_some() && head.field("proxy-authorization") != login.as_deref() {
        let fields = [("Proxy-Authenticate", "Basic realm=\"office\"")];
        Some(answer("407 Proxy Authentication Required", &fields, "Who are you?\n"))
    } else if rules.no_tunnels && head.asks().0 == "CONNECT" {
        Some(answer("403 Forbidden", &[], "No tunnels here\n"))
    } else {
        pass(&mut client, &mut head, rules.leads_to).await.err()
    };
    if let Some(refusal) = refusal {
        let _ = client.write_all(&refusal).await;
        let _ = client.shutdown().await;
    }
}

/// Ends when both sides have, or with the answer why not.
async fn pass(client: &mut TcpStream, head: &mut Head, leads_to: Option<SocketAddr>) -> Result<(), Vec<u8>> {
    let bad = || answer("502 Bad Gateway", &[], "It cannot be reached\n");
    let (method, target) = head.asks();
    let (tunnel, target) = (method == "CONNECT", target.to_owned());
    let (authority, path) = match target.strip_prefix("http://") {
        Some(rest) => rest.split_once('/').map_or((rest, "/".to_owned()), |(host, path)| (host, format!("/{path}"))),
        None => (target.as_str(), String::new()),
    };
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    let host = host.trim_matches(['[', ']']);
    let port: u16 = port.parse().map_err(|_| bad())?;
    let dialled = match (leads_to, host.parse::<IpAddr>()) {
        (Some(place), _) => TcpStream::connect(place).await,
        (None, Ok(address)) => TcpStream::connect((address, port)).await,
        (None, Err(_)) => TcpStream::connect((host, port)).await,
    };
    let mut server = dialled.map_err(|_| bad())?;
    let begin = if tunnel {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await
    } else {
        head.redirect(&path);
        head.remove("proxy-authorization");
        head.remove("proxy-connection");
        head.set("connection", "close");
        server.write_all(&head.bytes()).await
    };
    if begin.is_ok() {
        let _ = tokio::io::copy_bidirectional(client, &mut server).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Client;
    use crate::registry::Registry;

    #[test]
    fn it_passes_requests_on_and_tunnels() {
        let registry = Registry::with_agent();
        let proxy = ForwardProxy::start(Rules::default());
        let url = format!("{}{}", registry.url(), registry.record_path());
        let head = Client::connect(proxy.address()).get(&url, "Proxy-Connection: keep-alive\r\n");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");

        let mut client = Client::connect(proxy.address());
        let tunnel = client.send(&format!("CONNECT {} HTTP/1.1\r\n\r\n", registry.address()));
        assert!(tunnel.starts_with("HTTP/1.1 200"), "{tunnel}");
        assert!(client.upgrade(&registry.socket_path()).starts_with("HTTP/1.1 101"));
        assert_eq!(proxy.asked().len(), 2);

        let nobody = format!("CONNECT {} HTTP/1.1\r\n\r\n", crate::net::nobody());
        assert!(Client::connect(proxy.address()).send(&nobody).starts_with("HTTP/1.1 502"));
    }

    #[test]
    fn it_wants_to_know_who_asks() {
        let registry = Registry::with_agent();
        let proxy = ForwardProxy::with_login("me:secret");
        let url = format!("{}/v1/info", registry.url());
        let head = Client::connect(proxy.address()).get(&url, "");
        assert!(head.starts_with("HTTP/1.1 407") && head.contains("Basic realm="), "{head}");
        let login = "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n";
        assert!(Client::connect(proxy.address()).get(&url, login).starts_with("HTTP/1.1 200"));
        assert!(proxy.url(Some("me:secret")).starts_with("http://me:secret@127.0.0.1:"));
    }
}
