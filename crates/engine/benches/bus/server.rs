//! A redis-server of the benchmark's own, and redis-benchmark against it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Outcome;

/// It answers within this time, or never.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Messages that are published to measure one.
const MESSAGES: u32 = 300_000;
/// Connections that they go over; what redis-benchmark takes by itself.
const CONNECTIONS: &str = "50";
const CHANNEL: &str = "heartbeats";

/// One way to publish.
#[derive(Clone, Copy)]
pub(crate) struct Publish {
    /// Messages on their way at once on each connection.
    pub(crate) at_once: u32,
    /// Whether somebody listens, as an engine does to its own beats.
    pub(crate) heard: bool,
}

/// It ends with the benchmark.
pub(crate) struct Server {
    port: u16,
    process: Child,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Outcome<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()]);
        // A listener that falls behind is waited for: one that is cut off would make the rest cheap.
        command.args(["--client-output-buffer-limit", "pubsub", "0", "0", "0", "--dir"]);
        let process = command.arg(folder).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let server = Self { port, process: process.map_err(|error| format!("redis-server does not start: {error}"))? };
        let deadline = Instant::now() + ANSWERS_WITHIN;
        while let Err(error) = server.connect() {
            if Instant::now() > deadline {
                return Err(format!("redis-server does not answer: {error}").into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What it has computed, by its own count.
    pub(crate) fn busy(&self) -> Outcome<Duration> {
        let seconds: f64 = self.info("cpu", &["used_cpu_sys", "used_cpu_user"])?.iter().sum();
        Ok(Duration::from_secs_f64(seconds))
    }

    /// How many messages were ever published at it.
    pub(crate) fn published(&self) -> Outcome<f64> {
        Ok(self.info("commandstats", &["cmdstat_publish"])?.iter().sum())
    }

    /// Waits for a message, and answers what it says.
    pub(crate) fn one_message(&self) -> Outcome<String> {
        let mut connection = self.connect()?;
        let mut ears = connection.as_pubsub();
        ears.subscribe(CHANNEL)?;
        Ok(ears.get_message()?.get_payload()?)
    }

    /// Has redis-benchmark publish this many times; answers what one message cost the server, and how long it took in all.
    pub(crate) fn publish(&self, how: Publish, message: &str) -> Outcome<(Duration, Duration)> {
        let ears = how.heard.then(|| self.listener()).transpose()?;
        let (count, at_once) = (MESSAGES.to_string(), how.at_once.to_string());
        let mut command = Command::new("redis-benchmark");
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-c",
            CONNECTIONS,
            "-n",
            &count,
            "-P",
            &at_once,
        ]);
        let (before, started) = (self.busy()?, Instant::now());
        let output = command.args(["-q", "PUBLISH", CHANNEL, message]).stdin(Stdio::null()).output()?;
        let (took, busy) = (started.elapsed(), self.busy()? - before);
        if let Some(mut ears) = ears {
            ears.kill()?;
            ears.wait()?;
        }
        if !output.status.success() {
            return Err(format!("redis-benchmark failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok((busy / MESSAGES, took / MESSAGES))
    }

    /// Somebody who listens and does nothing with it.
    fn listener(&self) -> Outcome<Child> {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "SUBSCRIBE", CHANNEL]);
        let ears = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let deadline = Instant::now() + ANSWERS_WITHIN;
        while redis::cmd("PUBSUB").arg("NUMSUB").arg(CHANNEL).query::<(String, u32)>(&mut self.connect()?)?.1 == 0 {
            if Instant::now() > deadline {
                return Err("redis-cli does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(ears)
    }

    /// These figures of a section of INFO: the first number of each.
    fn info(&self, section: &str, names: &[&str]) -> Outcome<Vec<f64>> {
        let text: String = redis::cmd("INFO").arg(section).query(&mut self.connect()?)?;
        let value = |name: &&str| -> Outcome<f64> {
            let line = text.lines().find_map(|line| line.strip_prefix(*name)?.strip_prefix(':'));
            let first = line.unwrap_or("0").trim_start_matches("calls=").split(',').next().unwrap_or_default();
            Ok(first.trim().parse()?)
        };
        names.iter().map(value).collect()
    }

    fn connect(&self) -> redis::RedisResult<redis::Connection> {
        redis::Client::open(self.url())?.get_connection()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // However it ends, it is over.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
