//! Dialling a WebSocket, with every way to fail sorted.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::failure::{Failure, Fatal, Transient};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, http};
use tokio_util::either::Either;
use url::{Host, Url};

use super::connect::{connect, from_io};
use super::proxy::{Proxy, Way};

/// An open WebSocket, encrypted or not.
pub type Socket = WebSocketStream<Either<Way, Box<TlsStream<Way>>>>;

/// What a frame from a server may be at most; a heartbeat socket never sends any, an activity frame has a few hundred
/// bytes.
const MAX_FRAME: usize = 64 * 1024;

/// What is expected to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Hardly anything: pongs and a goodbye.
    Silence,
    /// Frames of some hundred bytes, many at once.
    Stream,
}

impl Traffic {
    /// Bytes that are read at once. The library's default takes 128 KiB a socket.
    const fn buffer(self) -> usize {
        match self {
            Self::Silence => 128,
            Self::Stream => 4 * 1024,
        }
    }
}

/// Opens a WebSocket at a `ws` or `wss` URL, through the proxy that stands before it.
///
/// # Errors
/// The [`Failure`], sorted.
pub async fn dial(url: &Url, tls: &Arc<ClientConfig>, traffic: Traffic) -> Result<Socket, Failure> {
    let host = host(url);
    let way = match Proxy::before(url) {
        Some(proxy) => proxy.tunnel(url, tls).await?,
        None => Either::Left(connect(&host, url.port_or_known_default().unwrap_or(443)).await?),
    };
    let stream = if url.scheme() == "wss" {
        Either::Right(Box::new(encrypt(way, &host, tls).await?))
    } else {
        Either::Left(way)
    };
    let request = url.as_str().into_client_request().map_err(|error| protocol(&error))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(traffic.buffer())
        // A beat and a ping leave in one write; whoever sends flushes.
        .write_buffer_size(512)
        .max_write_buffer_size(MAX_FRAME)
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(refused(&response)),
        Err(Error::Io(error)) => Err(from_io(&error).into()),
        Err(error) => Err(protocol(&error)),
    }
}

fn host(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => String::new(),
    }
}

/// Encrypts a stream to this host, whose certificate must be for it.
///
/// # Errors
/// The [`Failure`], sorted.
pub(crate) async fn encrypt<S>(stream: S, host: &str, tls: &Arc<ClientConfig>) -> Result<TlsStream<S>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| Failure::from(Fatal::Certificate { detail: error.to_string() }))?;
    TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(|error| {
        if crate::tls::is_certificate_error(&error) {
            Fatal::Certificate { detail: error.to_string() }.into()
        } else {
            Transient::TlsHandshake { detail: error.to_string() }.into()
        }
    })
}

fn refused(response: &http::Response<Option<Vec<u8>>>) -> Failure {
    let header = |name: http::HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after =
        header(http::header::RETRY_AFTER).and_then(|value| value.trim().parse().ok()).map(Duration::from_secs);
    Failure::from_upgrade_status(response.status().as_u16(), header(http::header::LOCATION), retry_after)
}

fn protocol(error: &Error) -> Failure {
    Transient::Protocol { detail: error.to_string() }.into()
}

/// Sorts what ended an open WebSocket.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else the library says, the socket is broken")]
pub fn from_socket(error: &Error) -> Transient {
    match error {
        Error::Io(error) => Transient::Broken { detail: error.to_string() },
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Transient::Broken { detail: String::new() },
        other => Transient::Broken { detail: other.to_string() },
    }
}
