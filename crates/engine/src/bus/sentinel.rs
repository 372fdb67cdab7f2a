//! A bus behind Sentinels: they are asked for the master, which is asked whether it is one, as Redis describes for clients
//! of Sentinel.

use std::time::Duration;

use beatkeeper_core::failure::{Failure, Fatal, Transient};
use redis::{ConnectionAddr, ConnectionInfo, Value};

use super::dial;
use super::server::{Commands, Reached, failure, is_this_computer, no_server};
use crate::settings::BusEntry;

/// How long one Sentinel may take, before the next is asked.
const ASK_WITHIN: Duration = Duration::from_secs(3);

/// Reaches the master. User, password and database are the master's: Sentinels are asked without.
pub(super) async fn reach(entry: &BusEntry, sentinels: &[ConnectionInfo]) -> Result<Reached, Failure> {
    let name = entry.master.as_deref().unwrap_or_default();
    let mut last = no_server();
    for sentinel in sentinels {
        let asked = tokio::time::timeout(ASK_WITHIN, ask(sentinel, name)).await;
        match asked.unwrap_or_else(|_| Err(Transient::DialTimeout.into())) {
            Ok(Some((host, port))) => return master(entry, sentinel, host, port).await,
            Ok(None) => last = no_master(entry),
            Err(why) => last = why,
        }
    }
    Err(last)
}

async fn ask(sentinel: &ConnectionInfo, name: &str) -> Result<Option<(String, u16)>, Failure> {
    let bare = sentinel.clone().set_redis_settings(redis::RedisConnectionInfo::default());
    let mut connection = dial::commands(&bare).await?;
    let asked = redis::cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(name).query_async(&mut connection).await;
    asked.map_err(|error| failure(&error))
}

/// A Sentinel may not know yet that its master was replaced.
async fn master(entry: &BusEntry, sentinel: &ConnectionInfo, host: String, port: u16) -> Result<Reached, Failure> {
    let encrypted = matches!(sentinel.addr(), ConnectionAddr::TcpTls { .. });
    if !encrypted && !entry.allow_plain && !is_this_computer(&host) {
        return Err(Fatal::PlainNotAllowed.into());
    }
    let place = if encrypted {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    let reached = dial::both(&sentinel.clone().set_addr(place)).await?;
    let Commands::One(mut connection) = reached.commands.clone() else { return Ok(reached) };
    let role: Vec<Value> = redis::cmd("ROLE").query_async(&mut connection).await.map_err(|error| failure(&error))?;
    let is_one = matches!(role.first(), Some(Value::BulkString(word)) if word == b"master");
    if is_one { Ok(reached) } else { Err(no_master(entry)) }
}

fn no_master(entry: &BusEntry) -> Failure {
    Transient::NoMaster { name: entry.master.clone().unwrap_or_default() }.into()
}
