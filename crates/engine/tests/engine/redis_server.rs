//! A real Redis server of the test's own, on a free port of loopback.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{Client, Connection, FromRedisValue};

use crate::scene::free_port;

/// Of every cluster.
const SLOTS: usize = 16_384;
/// Whatever should come to pass does within this time.
const WITHIN: Duration = Duration::from_secs(60);

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
        let (folder, port) = (tempfile::tempdir().expect("a temporary folder"), free_port());
        let usual = ["--save", "", "--appendonly", "no"];
        let arguments = usual.iter().chain(arguments).map(ToString::to_string).collect();
        Self::launch(Self { port, login: login.to_owned(), arguments, folder, child: None })
    }

    /// A Sentinel that alone decides who is the master of this name; `more` are lines of its file.
    pub fn sentinel(name: &str, master: &Self, more: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a temporary folder"), free_port());
        let file = folder.path().join("sentinel.conf");
        let text = format!(
            "sentinel monitor {name} 127.0.0.1 {} 1\nsentinel down-after-milliseconds {name} 2000\n\
             sentinel failover-timeout {name} 10000\n{more}",
            master.port
        );
        std::fs::write(&file, text).expect("its file is written");
        let arguments = vec![file.display().to_string(), "--sentinel".into()];
        Self::launch(Self { port, login: String::new(), arguments, folder, child: None })
    }

    fn launch(mut self) -> Self {
        self.start_again();
        self
    }

    /// On the same port, and empty.
    pub fn start_again(&mut self) {
        let child = Command::new("redis-server")
            .args(&self.arguments)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--dir"])
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts: it is in the package redis-server (apt), redis (dnf, brew), valkey (pacman)");
        self.child = Some(child);
        self.until("it answers", || self.connect().is_ok());
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, is: impl Fn() -> bool) {
        let deadline = Instant::now() + WITHIN;
        while !is() {
            assert!(Instant::now() < deadline, "the redis-server at {} never came to this: {what}", self.port);
            std::thread::sleep(Duration::from_millis(20));
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
        self.asked(words).expect("an answer")
    }

    /// As [`run`](Self::run), where the answer may be no.
    pub fn asked<T: FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(word);
        }
        command.query(&mut self.connect()?)
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

    /// Three masters that share all slots, and a replica of the first.
    pub fn cluster() -> Vec<Self> {
        let node = || {
            let bus = free_port().to_string();
            let enabled = ["--cluster-enabled", "yes", "--cluster-node-timeout", "3000", "--cluster-port", &bus];
            (Self::with("", &enabled), bus)
        };
        let nodes: Vec<(Self, String)> = (0..4).map(|_| node()).collect();
        for (place, (node, _)) in nodes.iter().enumerate().take(3) {
            let (from, to) = (SLOTS * place / 3, SLOTS * (place + 1) / 3 - 1);
            node.run::<()>(&["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()]);
        }
        let (first, _) = &nodes[0];
        // Each must have an epoch of its own, as `redis-cli --cluster create` gives them.
        for (place, (node, _)) in nodes.iter().enumerate() {
            node.run::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &(place + 1).to_string()]);
        }
        for (node, bus) in &nodes[1..] {
            first.run::<()>(&["CLUSTER", "MEET", "127.0.0.1", &node.port.to_string(), bus]);
        }
        let (replica, _) = &nodes[3];
        let id: String = first.run(&["CLUSTER", "MYID"]);
        replica.until("it knows whose replica it is", || replica.asked::<()>(&["CLUSTER", "REPLICATE", &id]).is_ok());
        let nodes: Vec<Self> = nodes.into_iter().map(|(node, _)| node).collect();
        for node in &nodes {
            node.until("the cluster is whole", || {
                let info: String = node.run(&["CLUSTER", "INFO"]);
                let known: String = node.run(&["CLUSTER", "NODES"]);
                info.contains("cluster_state:ok") && known.lines().count() == 4 && known.contains("slave ")
            });
        }
        nodes[3].until("the replica has a copy", || {
            nodes[3].run::<String>(&["INFO", "replication"]).contains("master_link_status:up")
        });
        nodes
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
