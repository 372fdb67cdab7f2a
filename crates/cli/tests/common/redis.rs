//! A real redis-server, which ends with its test.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::stage::{Process, Stage, wait};

/// Somebody else may take a port before the server does.
const TRIES: usize = 5;

pub struct Redis {
    pub port: u16,
    process: Process,
}

impl Redis {
    /// With more on its command line. It answers PING, be it with a refusal.
    pub fn start(stage: &Stage, more: &[&str]) -> Self {
        let mut said = String::new();
        for _ in 0..TRIES {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
            let port = free.expect("a port").port();
            let mut command = Command::new("redis-server");
            command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"]);
            command.arg(stage.root()).args(more);
            let mut server = Self { port, process: stage.start("redis", command) };
            let answers = wait(|| {
                let said = server.asks(&["PING"]);
                let ended = server.process.has_ended();
                (said == "PONG" || said.starts_with("NOAUTH") || ended).then_some(!ended)
            });
            if answers == Some(true) {
                return server;
            }
            said = server.process.said();
        }
        panic!("redis-server does not answer: {said}");
    }

    pub fn asks(&self, words: &[&str]) -> String {
        let mut client = Command::new("redis-cli");
        let output = client.args(["-p", &self.port.to_string()]).args(words).stdin(Stdio::null()).output();
        String::from_utf8_lossy(&output.expect("redis-cli starts").stdout).trim().to_owned()
    }
}
