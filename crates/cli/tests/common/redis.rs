//! A real redis-server, which ends with its test.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::stage::{Process, Stage, wait};

pub struct Redis {
    pub port: u16,
    _process: Process,
}

impl Redis {
    /// With more on its command line. It answers PING, be it with a refusal.
    pub fn start(stage: &Stage, more: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut server = Command::new("redis-server");
        server.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"]).arg(stage.root());
        let server = Self {
            port,
            _process: stage.start("redis", {
                server.args(more);
                server
            }),
        };
        let answers = |said: String| said == "PONG" || said.starts_with("NOAUTH");
        wait(|| answers(server.asks(&["PING"])).then_some(())).expect("redis-server answers");
        server
    }

    pub fn asks(&self, words: &[&str]) -> String {
        let mut client = Command::new("redis-cli");
        let output = client.args(["-p", &self.port.to_string()]).args(words).stdin(Stdio::null()).output();
        String::from_utf8_lossy(&output.expect("redis-cli starts").stdout).trim().to_owned()
    }
}
