//! A real Redis server of the test's own, on a free port of loopback.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{Client, Connection, FromRedisValue};

use crate::scene::free_port;

/// Whatever should come to pass does within this time.
const WITHIN: Duration = Duration::from_secs(30);

pub struct RedisServer {
    pub port: u16,
    /// Before the host, for our own questions: `user:password@`.
    pub login: String,
    arguments: Vec<String>,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl RedisServer {
    pub fn start() -> Self {
        Self::with("", &[])
    }

    /// With more arguments, and the login that they ask for.
    pub fn with(login: &str, arguments: &[&str]) -> Self {
        let mut server = Self {
            port: free_port(),
            login: login.to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            folder: tempfile::tempdir().expect("a temporary folder"),
            child: None,
        };
        server.start_again();
        server
    }

    /// On the same port, and empty.
    pub fn start_again(&mut self) {
        let child = Command::new("redis-server")
            .args([
                "--port",
                &self.port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
            ])
            .arg(self.folder.path())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts: it is in the package redis-server (apt), redis (dnf, brew), valkey (pacman)");
        self.child = Some(child);
        let deadline = Instant::now() + WITHIN;
        while let Err(error) = self.connect() {
            assert!(Instant::now() < deadline, "redis-server does not answer: {error}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Without a last word.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().and_then(|()| child.wait()).expect("it ends");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn url_with_login(&self) -> String {
        format!("redis://{}127.0.0.1:{}", self.login, self.port)
    }

    pub fn connect(&self) -> redis::RedisResult<Connection> {
        let mut connection = Client::open(self.url_with_login())?.get_connection()?;
        redis::cmd("PING").query::<String>(&mut connection).map(|_| connection)
    }

    /// Runs one command, as `redis-cli` takes it.
    pub fn run<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(word);
        }
        command.query(&mut self.connect().expect("connected")).expect("an answer")
    }

    /// Publishes a beat.
    pub fn beat(&self, name: &str, sequence: u64) {
        let now = jiff::Timestamp::now().as_millisecond();
        let message = serde_json::json!({
            "agentId": name, "agentType": "worker", "timestamp": now, "sequence": sequence, "status": "healthy",
            "metrics": { "cpuPercent": 5.5, "memoryMB": 64 }, "intervalMs": 1000,
        });
        self.run::<i64>(&["PUBLISH", "heartbeats", &message.to_string()]);
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
