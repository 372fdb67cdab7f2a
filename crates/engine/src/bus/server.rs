//! The servers of a bus: how they are reached, and what their refusals mean.

use std::time::Duration;

use beatkeeper_core::failure::{Failure, Fatal, Transient};
use beatkeeper_vault::{ChannelSecret, Vault};
use redis::aio::{MultiplexedConnection, PubSub};
use redis::cluster_async::ClusterConnection;
use redis::{
    Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo as _, Pipeline, RedisError, RedisFuture, RedisResult,
    ServerErrorKind, Value,
};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::cluster::{self, Node};
use super::{dial, sentinel};
use crate::settings::{BusEntry, BusMode};

/// How long a dial may take, with all that must be asked first.
const DIAL_WITHIN: Duration = Duration::from_secs(10);
/// A keychain that takes longer has a prompt open, or hangs.
const PASSWORD_WITHIN: Duration = Duration::from_secs(4);

/// Where a bus is, and where its password is kept.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) entry: BusEntry,
    pub(crate) vault: Vault,
}

/// The connection that commands go over. Cheap to clone: all clones share it.
#[derive(Clone)]
pub(super) enum Commands {
    One(MultiplexedConnection),
    Cluster(ClusterConnection<Node>),
}

/// A bus that was reached.
pub(super) struct Reached {
    pub(super) commands: Commands,
    pub(super) ears: PubSub,
}

impl Server {
    /// Reaches it with two connections: one for commands, and one to listen with.
    pub(super) async fn reach(&self) -> Result<Reached, Failure> {
        let password = self.password().await?;
        reach(&self.entry, password.as_ref()).await
    }

    async fn password(&self) -> Result<Option<SecretString>, Failure> {
        let (secrets, name) = (self.vault.bus_secrets(), self.entry.name.clone());
        match tokio::task::spawn_blocking(move || secrets.read(&name)).await {
            Ok(ChannelSecret::Present(password)) => Ok(Some(password)),
            Ok(ChannelSecret::Absent) => Ok(None),
            Ok(ChannelSecret::Locked(_)) => Err(Fatal::KeyLocked.into()),
            Ok(ChannelSecret::Unavailable(detail)) => Err(Fatal::KeyUnavailable { detail }.into()),
            Err(error) => Err(Fatal::KeyUnavailable { detail: error.to_string() }.into()),
        }
    }
}

/// Whether the bus answers with this password: a PING, before anything is written. Blocks.
///
/// # Errors
/// What is wrong, in a sentence.
pub(crate) fn probe(entry: &BusEntry, password: Option<&SecretString>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answer = runtime.map_err(|error| error.to_string())?.block_on(ping(entry, password));
    answer.map_err(|failure| in_words(&failure))
}

/// The same with the password that this vault has for it; without one where there is no vault.
///
/// # Errors
/// The [`Failure`], sorted.
pub(crate) async fn answers(entry: &BusEntry, vault: Option<&Vault>) -> Result<(), Failure> {
    let password = match vault {
        Some(vault) => {
            let server = Server { entry: entry.clone(), vault: vault.clone() };
            let read = tokio::time::timeout(PASSWORD_WITHIN, server.password()).await;
            read.unwrap_or_else(|_| Err(Fatal::KeyUnavailable { detail: "no answer in time".to_owned() }.into()))?
        }
        None => None,
    };
    ping(entry, password.as_ref()).await
}

async fn ping(entry: &BusEntry, password: Option<&SecretString>) -> Result<(), Failure> {
    let mut reached = reach(entry, password).await?;
    let answer = redis::cmd("PING").query_async::<Value>(&mut reached.commands).await;
    answer.map(drop).map_err(|error| failure(&error))
}

/// A failure, as it is said of a bus.
pub(super) fn in_words(failure: &Failure) -> String {
    match failure {
        Failure::Fatal(Fatal::Forbidden { .. }) => {
            "the server refuses the password, the user, or what the user may do".to_owned()
        }
        Failure::Fatal(_) | Failure::Transient(_) => failure.to_string(),
    }
}

async fn reach(entry: &BusEntry, password: Option<&SecretString>) -> Result<Reached, Failure> {
    let servers = servers(entry, password)?;
    let dial = async {
        match entry.mode {
            BusMode::Single => dial::both(servers.first().ok_or_else(no_server)?).await,
            BusMode::Sentinel => sentinel::reach(entry, &servers).await,
            BusMode::Cluster => cluster::reach(servers).await,
        }
    };
    tokio::time::timeout(DIAL_WITHIN, dial).await.unwrap_or_else(|_| Err(Transient::DialTimeout.into()))
}

fn servers(entry: &BusEntry, password: Option<&SecretString>) -> Result<Vec<ConnectionInfo>, Failure> {
    if !entry.allow_plain && entry.servers().any(goes_plain) {
        return Err(Fatal::PlainNotAllowed.into());
    }
    let info = |url: &Url| with_password(url, password).map_err(|error| failure(&error));
    entry.servers().map(info).collect()
}

/// What an error of the library means.
pub(super) fn failure(error: &RedisError) -> Failure {
    if error.is_connection_refusal() {
        Transient::Refused.into()
    } else if error.is_timeout() {
        Transient::DialTimeout.into()
    } else if is_a_refusal(error) {
        Fatal::Forbidden { status: 401 }.into()
    } else {
        Transient::Broken { detail: error.to_string() }.into()
    }
}

/// Every bus has one; the configuration sees to it.
pub(super) fn no_server() -> Failure {
    Transient::Protocol { detail: "a bus has at least one server".into() }.into()
}

/// Reads the server's clock and its own, in milliseconds; positive when it is ahead of ours.
pub(super) async fn clock_ahead_ms(commands: &mut Commands) -> RedisResult<i64> {
    let left = jiff::Timestamp::now();
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(commands).await?;
    let back = jiff::Timestamp::now();
    let ours = i64::midpoint(left.as_millisecond(), back.as_millisecond());
    Ok(seconds.saturating_mul(1000).saturating_add(micros / 1000).saturating_sub(ours))
}

/// Whether the server said that this user may not do this.
pub(super) fn is_a_refusal(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}

fn with_password(url: &Url, password: Option<&SecretString>) -> RedisResult<ConnectionInfo> {
    let info = url.as_str().into_connection_info()?;
    Ok(match password {
        Some(password) => {
            let settings = info.redis_settings().clone().set_password(password.expose_secret());
            info.set_redis_settings(settings)
        }
        None => info,
    })
}

/// Whether it would go to another computer unencrypted.
fn goes_plain(url: &Url) -> bool {
    url.scheme() == "redis" && !is_here(url)
}

/// Whether it is on another computer, and needs a network.
pub(crate) fn is_remote(entry: &BusEntry) -> bool {
    entry.servers().any(|url| !is_here(url))
}

fn is_here(url: &Url) -> bool {
    url.host_str().is_none_or(|host| is_this_computer(host.trim_matches(['[', ']'])))
}

/// Whether a name or an address without brackets is this computer's own.
pub(super) fn is_this_computer(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

impl redis::aio::ConnectionLike for Commands {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(one) => one.req_packed_command(command),
            Self::Cluster(cluster) => cluster.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(one) => one.req_packed_commands(pipeline, offset, count),
            Self::Cluster(all) => cluster::ask(all, pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(one) => one.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_this_computer_unencrypted_is_plain() {
        for (url, plain) in [
            ("redis://127.0.0.1:6379", false),
            ("redis://localhost/1", false),
            ("redis://[::1]", false),
            ("redis://r.example", true),
            ("redis://10.0.0.7", true),
            ("rediss://r.example", false),
            ("unix:///run/redis.sock", false),
        ] {
            assert_eq!(goes_plain(&url.parse().unwrap()), plain, "{url}");
        }
    }

    #[test]
    fn a_refused_password_needs_a_person() {
        let refused = RedisError::from((ErrorKind::AuthenticationFailed, "Password authentication failed"));
        assert_eq!(failure(&refused), Fatal::Forbidden { status: 401 }.into());
        let gone = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(failure(&gone.into()), Transient::Refused.into());
    }
}
