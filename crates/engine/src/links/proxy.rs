//! The proxy that stands before a server, and the tunnel through it. Requests find theirs by the same rules, inside reqwest.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::base_url::is_only_here;
use beatkeeper_core::failure::{Failure, ProxyTrouble, Transient};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_socks::tcp::{Socks4Stream, Socks5Stream};
use tokio_util::either::Either;
use url::{Host, Url};

use super::connect::{connect, from_io};
use super::dial::encrypt;

/// A stream to a server: straight, through a tunnel, or through a tunnel inside TLS.
pub(crate) type Way = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// How long a proxy may take: less than any dial, so that it is the proxy that is named.
const WITHIN: Duration = Duration::from_secs(4);
/// What a proxy may say before the tunnel begins.
const MAX_ANSWER: usize = 8 * 1024;
/// Of these, so many are fields.
const MAX_FIELDS: usize = 64;

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `CONNECT` (RFC 9110, section 9.3.6), in the open or inside TLS.
    Http { encrypted: bool },
    /// SOCKS 4 or 5 (RFC 1928). With `4a` and `5h` the proxy looks names up.
    Socks { five: bool, looks_up: bool },
}

/// A proxy.
pub(crate) struct Proxy {
    kind: Kind,
    host: String,
    port: u16,
    intercept: Intercept,
}

impl Proxy {
    /// The one that stands before this URL: none on the way to this computer, else that of the environment, then that of the
    /// system. Requests go by the rules that applied when their client was made, sockets by those of now.
    pub(crate) fn before(url: &Url) -> Option<Self> {
        if is_only_here(url) { None } else { Self::by(&Matcher::from_system(), url) }
    }

    fn by(rules: &Matcher, url: &Url) -> Option<Self> {
        // They know the schemes of requests alone.
        let scheme = if matches!(url.scheme(), "https" | "wss") { "https" } else { "http" };
        let intercept = rules.intercept(&format!("{scheme}://{}/", authority(url)).parse().ok()?)?;
        let uri = intercept.uri();
        let (kind, usual) = match uri.scheme_str()? {
            "https" => (Kind::Http { encrypted: true }, 443),
            "socks4" => (Kind::Socks { five: false, looks_up: false }, 1080),
            "socks4a" => (Kind::Socks { five: false, looks_up: true }, 1080),
            "socks5" => (Kind::Socks { five: true, looks_up: false }, 1080),
            "socks5h" => (Kind::Socks { five: true, looks_up: true }, 1080),
            _ => (Kind::Http { encrypted: false }, 80),
        };
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        Some(Self { kind, host, port: uri.port_u16().unwrap_or(usual), intercept })
    }

    /// Scheme, host and port, without any login.
    pub(crate) fn name(&self) -> String {
        // What is left of a login that has an @ in it is a part of the URI.
        let uri = self.intercept.uri();
        let port = uri.port_u16().map_or_else(String::new, |port| format!(":{port}"));
        format!("{}://{}{port}", uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default())
    }

    /// A stream to where `url` points.
    ///
    /// # Errors
    /// The [`Failure`], sorted: what the proxy itself does is [`Transient::Proxy`].
    pub(crate) async fn tunnel(&self, url: &Url, tls: &Arc<ClientConfig>) -> Result<Way, Failure> {
        let opened = tokio::time::timeout(WITHIN, self.open(url, tls)).await;
        opened.unwrap_or_else(|_| Err(self.unreachable(&Transient::DialTimeout.into())))
    }

    async fn open(&self, url: &Url, tls: &Arc<ClientConfig>) -> Result<Way, Failure> {
        match self.kind {
            Kind::Http { encrypted: false } => {
                let mut stream = self.reach().await?;
                self.ask(&mut stream, url).await?;
                Ok(Either::Left(stream))
            }
            Kind::Http { encrypted: true } => {
                let stream = self.reach().await?;
                let mut stream =
                    encrypt(stream, &self.host, tls).await.map_err(|failure| self.unreachable(&failure))?;
                self.ask(&mut stream, url).await?;
                Ok(Either::Right(Box::new(stream)))
            }
            Kind::Socks { five, looks_up } => {
                let port = port(url);
                let target = match url.host() {
                    Some(Host::Domain(name)) if looks_up => name.to_owned(),
                    _ => address(url).await?.to_string(),
                };
                self.socks(five, (target, port)).await.map(Either::Left)
            }
        }
    }

    async fn reach(&self) -> Result<TcpStream, Failure> {
        connect(&self.host, self.port).await.map_err(|failure| match failure {
            // That says nothing of the proxy: this computer has no network.
            Failure::Transient(Transient::Unreachable) => failure,
            Failure::Transient(_) | Failure::Fatal(_) => self.unreachable(&failure),
        })
    }

    /// Asks for a tunnel.
    async fn ask<S>(&self, stream: &mut S, url: &Url) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let target = authority(url);
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
        if let Some(login) = self.intercept.basic_auth() {
            request.extend_from_slice(&[b"Proxy-Authorization: ", login.as_bytes(), b"\r\n"].concat());
        }
        request.extend_from_slice(b"\r\n");
        let broken = |error: &std::io::Error| self.unreachable(&from_io(error).into());
        stream.write_all(&request).await.map_err(|error| broken(&error))?;
        stream.flush().await.map_err(|error| broken(&error))?;
        let mut answer = Vec::new();
        loop {
            // Nobody behind the proxy speaks before we do, so what comes is the proxy's answer alone.
            if stream.read_buf(&mut answer).await.map_err(|error| broken(&error))? == 0 {
                return Err(self.refused("it hangs up"));
            }
            let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
            let mut read = httparse::Response::new(&mut fields);
            match (read.parse(&answer), read.code) {
                (Ok(httparse::Status::Complete(_)), Some(200..=299)) => return Ok(()),
                (Ok(httparse::Status::Complete(_)), Some(407)) => return Err(self.trouble(ProxyTrouble::Login)),
                (Ok(httparse::Status::Complete(_)), Some(status)) => return Err(self.refused(&status.to_string())),
                (Ok(httparse::Status::Partial), _) if answer.len() < MAX_ANSWER => {}
                _ => return Err(self.refused("it does not speak HTTP")),
            }
        }
    }

    async fn socks(&self, five: bool, target: (String, u16)) -> Result<TcpStream, Failure> {
        let stream = self.reach().await?;
        let said = match (five, self.intercept.raw_auth()) {
            (true, None) => Socks5Stream::connect_with_socket(stream, target).await.map(Socks5Stream::into_inner),
            (true, Some((user, password))) => {
                let opened = Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await;
                opened.map(Socks5Stream::into_inner)
            }
            (false, None) => Socks4Stream::connect_with_socket(stream, target).await.map(Socks4Stream::into_inner),
            (false, Some((user, _))) => {
                let opened = Socks4Stream::connect_with_userid_and_socket(stream, target, user).await;
                opened.map(Socks4Stream::into_inner)
            }
        };
        said.map_err(|error| self.sorted(&error))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "every other word of it is a refusal")]
    fn sorted(&self, error: &tokio_socks::Error) -> Failure {
        use tokio_socks::Error;
        match error {
            Error::Io(error) => self.unreachable(&from_io(error).into()),
            Error::PasswordAuthFailure(_) | Error::NoAcceptableAuthMethods | Error::InvalidAuthValues(_) => {
                self.trouble(ProxyTrouble::Login)
            }
            other => self.refused(&other.to_string()),
        }
    }

    fn unreachable(&self, failure: &Failure) -> Failure {
        self.trouble(ProxyTrouble::Unreachable { detail: failure.to_string() })
    }

    fn refused(&self, words: &str) -> Failure {
        self.trouble(ProxyTrouble::Refused { words: words.to_owned() })
    }

    fn trouble(&self, trouble: ProxyTrouble) -> Failure {
        Transient::Proxy { proxy: self.name(), trouble }.into()
    }
}

/// `host:port`, as an URI has it.
fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), port(url))
}

fn port(url: &Url) -> u16 {
    url.port_or_known_default().unwrap_or(443)
}

/// Looked up here, for a proxy that knows addresses alone.
async fn address(url: &Url) -> Result<IpAddr, Failure> {
    let name = match url.host() {
        Some(Host::Ipv4(address)) => return Ok(address.into()),
        Some(Host::Ipv6(address)) => return Ok(address.into()),
        Some(Host::Domain(name)) => name,
        None => "",
    };
    let addresses = tokio::net::lookup_host((name, port(url))).await.ok();
    let first = addresses.and_then(|mut addresses| addresses.next());
    first.map(|address| address.ip()).ok_or_else(|| Transient::Dns { host: name.to_owned() }.into())
}

#[cfg(test)]
mod tests;
