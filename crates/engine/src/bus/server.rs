//! The servers of a bus: how they are reached, and what their refusals mean.

use std::time::Duration;

use beatkeeper_core::failure::{Failure, Fatal, Transient};
use beatkeeper_vault::{ChannelSecret, Vault};
use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo as _, Pipeline, RedisError,
    RedisFuture, RedisResult, ServerErrorKind, TlsMode, Value,
};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use crate::settings::{BusEntry, BusMode};

/// How long a dial may take.
const DIAL_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

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
    Cluster(ClusterConnection),
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
        let servers = self.servers(password.as_ref())?;
        let dial = async {
            match self.entry.mode {
                BusMode::Single => over(&first(&servers)?).await,
                BusMode::Sentinel => over(&self.master(servers, password.as_ref()).await?).await,
                BusMode::Cluster => cluster(servers).await,
            }
        };
        match tokio::time::timeout(DIAL_WITHIN * 2, dial).await {
            Ok(reached) => reached.map_err(|error| self.failure(&error)),
            Err(_) => Err(Transient::DialTimeout.into()),
        }
    }

    /// What an error of the library means.
    pub(super) fn failure(&self, error: &RedisError) -> Failure {
        let host = self.entry.url.host_str().unwrap_or_default().to_owned();
        let said = error.to_string();
        if error.is_connection_refusal() {
            Transient::Refused.into()
        } else if error.is_timeout() {
            Transient::DialTimeout.into()
        } else if said.contains("lookup address") || said.contains("No such host") {
            Transient::Dns { host }.into()
        } else if said.contains("invalid peer certificate") {
            Fatal::Certificate { detail: said }.into()
        } else if is_a_refusal(error) {
            Fatal::Forbidden { status: 401 }.into()
        } else {
            Transient::Broken { detail: said }.into()
        }
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

    fn servers(&self, password: Option<&SecretString>) -> Result<Vec<ConnectionInfo>, Failure> {
        if self.entry.servers().any(|url| !self.entry.allow_plain && goes_plain(url)) {
            return Err(Fatal::PlainNotAllowed.into());
        }
        let info = |url: &Url| with_password(url, password).map_err(|error| self.failure(&error));
        self.entry.servers().map(info).collect()
    }

    /// The master, as the Sentinels know it. The password is the master's: Sentinels are asked without one.
    async fn master(&self, servers: Vec<ConnectionInfo>, password: Option<&SecretString>) -> RedisResult<Client> {
        let settings = first(&servers)?.get_connection_info().redis_settings().clone();
        let mut of_master = SentinelNodeConnectionInfo::default().set_redis_connection_info(settings);
        if self.entry.url.scheme() == "rediss" {
            of_master = of_master.set_tls_mode(TlsMode::Secure);
        }
        let sentinels = match password {
            Some(_) => self.entry.servers().map(|url| with_password(url, None)).collect::<RedisResult<_>>()?,
            None => servers,
        };
        let master = self.entry.master.as_deref().unwrap_or_default();
        let mut sentinels = SentinelClient::build(sentinels, master, Some(of_master), SentinelServerType::Master)?;
        sentinels.async_get_client().await
    }
}

/// Whether each server answers with this password: a PING, before anything is written. Blocks.
///
/// # Errors
/// What is wrong, in a sentence.
pub(crate) fn probe(entry: &BusEntry, password: Option<&SecretString>) -> Result<(), String> {
    for url in entry.servers() {
        if !entry.allow_plain && goes_plain(url) {
            return Err(Fatal::PlainNotAllowed.to_string());
        }
        let asked = with_password(url, password).and_then(|info| {
            let mut connection = Client::open(info)?.get_connection_with_timeout(DIAL_WITHIN)?;
            connection.set_read_timeout(Some(ANSWER_WITHIN))?;
            redis::cmd("PING").query::<Value>(&mut connection)
        });
        asked.map_err(|error| error.to_string())?;
    }
    Ok(())
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

async fn over(client: &Client) -> RedisResult<Reached> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(DIAL_WITHIN))
        .set_response_timeout(Some(ANSWER_WITHIN));
    let commands = client.get_multiplexed_async_connection_with_config(&config).await?;
    Ok(Reached { commands: Commands::One(commands), ears: client.get_async_pubsub().await? })
}

/// What is published anywhere in a cluster is heard at each of its servers.
async fn cluster(servers: Vec<ConnectionInfo>) -> RedisResult<Reached> {
    let mut ears = Err(RedisError::from((ErrorKind::InvalidClientConfig, "a bus has at least one server")));
    for server in &servers {
        ears = Client::open(server.clone())?.get_async_pubsub().await;
        if ears.is_ok() {
            break;
        }
    }
    let ears = ears?;
    let client =
        ClusterClientBuilder::new(servers).connection_timeout(DIAL_WITHIN).response_timeout(ANSWER_WITHIN).build()?;
    Ok(Reached { commands: Commands::Cluster(client.get_async_connection().await?), ears })
}

fn first(servers: &[ConnectionInfo]) -> RedisResult<Client> {
    match servers.first() {
        Some(server) => Client::open(server.clone()),
        None => Err((ErrorKind::InvalidClientConfig, "a bus has at least one server").into()),
    }
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
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    }
}

impl ConnectionLike for Commands {
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
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
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
        let server = Server {
            entry: BusEntry::new("team".into(), "redis://r.example".parse().unwrap()),
            vault: Vault::keychain(),
        };
        let refused = RedisError::from((ErrorKind::AuthenticationFailed, "Password authentication failed"));
        assert_eq!(server.failure(&refused), Fatal::Forbidden { status: 401 }.into());
        let gone = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(server.failure(&gone.into()), Transient::Refused.into());
    }
}
