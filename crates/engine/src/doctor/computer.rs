//! This computer: its network and its proxy.

use std::time::Duration;

use beatkeeper_core::doctor::{NetworkSeen, ProxySeen, Reading, Way};
use beatkeeper_core::failure::{Failure, Transient};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use url::Url;

use crate::links::dial::{connect, from_io};

/// How long a proxy may take.
const WITHIN: Duration = Duration::from_secs(4);
/// Where programs look for a proxy.
const VARIABLES: [&str; 8] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];

pub(super) fn own_network(near: bool) -> Reading {
    NetworkSeen { route: crate::surroundings::network::has_route(), near }.read()
}

/// The same rules by which requests to registries find their proxy: none to this computer, else that of the environment, then
/// that of the system.
pub(super) async fn proxy(url: &Url, near: bool) -> (Reading, bool) {
    let set = VARIABLES
        .iter()
        .filter_map(|name| Some((name, std::env::var(name).ok().filter(|value| !value.is_empty())?)))
        .map(|(name, value)| format!("{name}={}", without_login(&value)))
        .collect();
    let way = match way(url).filter(|_| !near) {
        None => Way::Direct,
        Some(proxy) if proxy.scheme != "http" => {
            Way::Untried { proxy: format!("{}://{}:{}", proxy.scheme, proxy.host, proxy.port) }
        }
        Some(proxy) => {
            let told = format!("{}:{}", proxy.host, proxy.port);
            let said = tokio::time::timeout(WITHIN, proxy.ask(url)).await.unwrap_or(Err(Transient::DialTimeout));
            Way::Through { proxy: told, said }
        }
    };
    let through = matches!(way, Way::Through { said: Ok(None), .. } | Way::Untried { .. });
    (ProxySeen { set, way }.read(), through)
}

struct Proxy {
    scheme: String,
    host: String,
    port: u16,
    login: Option<String>,
}

fn way(url: &Url) -> Option<Proxy> {
    let target = url.as_str().parse().ok()?;
    let intercept = Matcher::from_system().intercept(&target)?;
    let uri = intercept.uri();
    let usual = match uri.scheme_str() {
        Some("https") => 443,
        Some("socks5" | "socks5h" | "socks4" | "socks4a") => 1080,
        _ => 80,
    };
    let login = intercept.basic_auth().and_then(|value| value.to_str().ok()).map(str::to_owned);
    let scheme = uri.scheme_str().unwrap_or("http").to_owned();
    Some(Proxy { scheme, host: uri.host()?.to_owned(), port: uri.port_u16().unwrap_or(usual), login })
}

impl Proxy {
    /// What it says to a request for `url`: nothing when it lets it through.
    async fn ask(&self, url: &Url) -> Result<Option<u16>, Transient> {
        let stream = connect(self.host.trim_matches(['[', ']']), self.port).await.map_err(|failure| match failure {
            Failure::Transient(transient) => transient,
            Failure::Fatal(fatal) => Transient::Broken { detail: fatal.to_string() },
        })?;
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(443);
        let login = self.login.as_ref().map(|login| format!("Proxy-Authorization: {login}\r\n")).unwrap_or_default();
        let line = if url.scheme() == "https" {
            format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}\r\n")
        } else {
            format!("GET {url} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n{login}\r\n")
        };
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(line.as_bytes()).await.map_err(|error| from_io(&error))?;
        let mut answer = String::new();
        let read = tokio::io::AsyncReadExt::take(&mut stream, 256).read_line(&mut answer).await;
        read.map_err(|error| from_io(&error))?;
        let status: u16 = answer
            .split_whitespace()
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| Transient::Protocol { detail: "the proxy does not speak HTTP".into() })?;
        let let_through = match url.scheme() {
            "https" => (200..300).contains(&status),
            // What else a plain request is answered may be the registry's own word.
            _ => status != 407,
        };
        Ok((!let_through).then_some(status))
    }
}

/// A proxy's password is nobody's business.
fn without_login(value: &str) -> String {
    match (value.split_once("://"), value.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        (_, None) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_not_told() {
        assert_eq!(without_login("http://me:s3cret@proxy:3128"), "http://proxy:3128");
        assert_eq!(without_login("me:p@ss@proxy:3128"), "proxy:3128");
        assert_eq!(without_login("localhost,.example"), "localhost,.example");
    }
}
