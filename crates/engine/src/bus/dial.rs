//! Dialling one Redis server, with the TLS configuration that everything else is dialled with: the library has one of its
//! own, which reads the system's certificates anew each time and gives up at the first that it cannot read.

use std::path::Path;
use std::time::Duration;

use beatkeeper_core::failure::{Failure, Transient};
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, ConnectionAddr, ConnectionInfo};
use tokio::io::{AsyncRead, AsyncWrite};

use super::server::{Commands, Reached, failure};
use crate::links::connect::connect;
use crate::links::dial::encrypt;
use crate::tls;

/// How long an answer may take.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A stream of any kind.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Two connections: one for commands, and one to listen with.
pub(super) async fn both(server: &ConnectionInfo) -> Result<Reached, Failure> {
    Ok(Reached { commands: Commands::One(commands(server).await?), ears: ears(server).await? })
}

/// A connection for commands.
pub(super) async fn commands(server: &ConnectionInfo) -> Result<MultiplexedConnection, Failure> {
    commands_with(server, AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER_WITHIN))).await
}

/// As [`commands`], otherwise configured.
pub(super) async fn commands_with(
    server: &ConnectionInfo,
    config: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, Failure> {
    let stream = stream(server.addr()).await?;
    let (connection, driver) = MultiplexedConnection::new_with_config(server.redis_settings(), stream, config)
        .await
        .map_err(|error| failure(&error))?;
    // It ends with the last clone of the connection.
    tokio::spawn(driver);
    Ok(connection)
}

/// A connection to listen with.
pub(super) async fn ears(server: &ConnectionInfo) -> Result<PubSub, Failure> {
    let stream = stream(server.addr()).await?;
    PubSub::new(server.redis_settings(), stream).await.map_err(|error| failure(&error))
}

async fn stream(place: &ConnectionAddr) -> Result<Box<dyn Stream>, Failure> {
    match place {
        ConnectionAddr::Tcp(host, port) => Ok(Box::new(connect(host, *port).await?)),
        ConnectionAddr::TcpTls { host, port, .. } => {
            let config = tls::client_config()
                .map_err(|error| Failure::from(Transient::TlsHandshake { detail: error.to_string() }))?;
            Ok(Box::new(encrypt(connect(host, *port).await?, host, &config).await?))
        }
        ConnectionAddr::Unix(path) => at(path).await,
        _ => Err(Transient::Protocol { detail: "an address of an unknown kind".into() }.into()),
    }
}

#[cfg(unix)]
async fn at(path: &Path) -> Result<Box<dyn Stream>, Failure> {
    match tokio::net::UnixStream::connect(path).await {
        Ok(stream) => Ok(Box::new(stream)),
        // A server that does not run has no socket in the file system.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Transient::Refused.into()),
        Err(error) => Err(crate::links::connect::from_io(&error).into()),
    }
}

#[cfg(not(unix))]
async fn at(path: &Path) -> Result<Box<dyn Stream>, Failure> {
    let detail = format!("there are no Unix sockets on this system: {}", path.display());
    std::future::ready(Err(Transient::Protocol { detail }.into())).await
}
