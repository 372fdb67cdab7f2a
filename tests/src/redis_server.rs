//! A real Redis server, which ends with the desktop, and somebody who beats on it.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use redis::{Client, Connection};
use serde_json::json;
use xtask::rig::Desktop;

use crate::until;

const NAME: &str = "redis-server";
/// Between two beats of a stranger.
const BEATS_EVERY: Duration = Duration::from_secs(1);

/// The server.
#[derive(Clone, Debug)]
pub struct RedisServer {
    port: u16,
}

impl RedisServer {
    /// Starts one on a free port of loopback.
    pub async fn start(desktop: &mut Desktop) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = desktop.command(NAME);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no", "--dir"]);
        command.arg(desktop.dir());
        desktop.spawn(NAME, command).context("redis-server is in the package of this name")?;
        let server = Self { port };
        until("redis-server", async || {
            if let Some(status) = desktop.children().ended(NAME)? {
                bail!("it ended early: {status}; it said:\n{}", desktop.log(NAME));
            }
            Ok(server.connect().is_ok().then_some(()))
        })
        .await?;
        Ok(server)
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A field of an agent's hash.
    pub fn field(&self, agent: &str, field: &str) -> Result<Option<String>> {
        Ok(redis::cmd("HGET").arg(format!("agent:{agent}")).arg(field).query(&mut self.connect()?)?)
    }

    fn connect(&self) -> redis::RedisResult<Connection> {
        let mut connection = Client::open(self.url())?.get_connection()?;
        redis::cmd("PING").query::<String>(&mut connection).map(|_| connection)
    }
}

/// Another program's agent: it beats once a second, and says that it does so less often.
pub struct Stranger {
    silent: Arc<AtomicBool>,
    thread: Option<JoinHandle<redis::RedisResult<()>>>,
}

impl Stranger {
    /// Begins to beat.
    pub fn beat(server: &RedisServer, name: &str, says: Duration) -> Result<Self> {
        let silent = Arc::new(AtomicBool::new(false));
        let (ends, name, mut connection) = (Arc::clone(&silent), name.to_owned(), server.connect()?);
        let thread = std::thread::spawn(move || {
            for sequence in 1_u64.. {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let message = json!({
                    "agentId": name, "agentType": "summariser", "sequence": sequence, "status": "busy",
                    "timestamp": u64::try_from(now.as_millis()).unwrap_or_default(),
                    "metrics": { "cpuPercent": 12.5, "memoryMB": 310, "queueDepth": 51 },
                    "currentTask": "weekly report", "taskProgress": 0.25,
                    "intervalMs": u64::try_from(says.as_millis()).unwrap_or_default(),
                });
                let hash = format!("agent:{name}");
                let mut beat = redis::pipe();
                beat.cmd("PUBLISH").arg("heartbeats").arg(message.to_string()).ignore();
                beat.cmd("HSET").arg(&hash).arg("status").arg("busy").arg("sequence").arg(sequence).ignore();
                beat.cmd("EXPIRE").arg(&hash).arg(says.as_secs() * 4).ignore();
                beat.query::<()>(&mut connection)?;
                std::thread::sleep(BEATS_EVERY);
            }
            Ok(())
        });
        Ok(Self { silent, thread: Some(thread) })
    }

    /// Falls silent without a goodbye.
    pub fn fall_silent(mut self) -> Result<()> {
        self.silent.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(beaten)) => Ok(beaten?),
            Some(Err(_)) => bail!("the stranger panicked"),
            None => Ok(()),
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.silent.store(true, Ordering::Relaxed);
    }
}
