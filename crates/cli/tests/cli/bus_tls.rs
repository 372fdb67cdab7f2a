//! A Redis bus over TLS: a real redis-server with a certificate that this computer trusts, and with one that it does not.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::stage::{Process, Stage, wait};
use crate::tls::Certified;

/// A server that only speaks TLS.
struct Encrypted {
    port: u16,
    authority: PathBuf,
    _process: Process,
}

impl Encrypted {
    fn start(stage: &Stage) -> Self {
        let certified = Certified::new("localhost", 4000);
        let authority = stage.write("authority.pem", &certified.authority);
        let certificate = stage.write("redis.pem", &certified.certificate.pem());
        let key = stage.write("redis.key", &certified.key.serialize_pem());
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut server = Command::new("redis-server");
        server.args(["--bind", "127.0.0.1", "--port", "0", "--tls-auth-clients", "no", "--save", "", "--dir"]);
        server.arg(stage.root()).arg("--tls-port").arg(port.to_string());
        server.arg("--tls-cert-file").arg(certificate).arg("--tls-key-file").arg(key);
        server.arg("--tls-ca-cert-file").arg(&authority);
        let server = Self { port, authority, _process: stage.start("redis", server) };
        wait(|| (server.asks(&["PING"]) == "PONG").then_some(())).expect("redis-server answers over TLS");
        server
    }

    fn url(&self) -> String {
        format!("rediss://localhost:{}", self.port)
    }

    /// One command, by the server's own client.
    fn asks(&self, words: &[&str]) -> String {
        let mut client = Command::new("redis-cli");
        client.args(["-h", "localhost", "-p", &self.port.to_string(), "--tls", "--cacert"]).arg(&self.authority);
        let output = client.args(words).stdin(Stdio::null()).output().expect("redis-cli starts");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

fn with_agent(stage: &Stage) {
    let agent = "[[agent]]\nentity = \"bus:team/worker\"\nname = \"worker\"\nregistry = \"team\"\ninterval = 1\n";
    stage.write("beatkeeper.toml", &format!("{}\n{agent}", stage.read("beatkeeper.toml")));
}

#[test]
fn a_bus_with_a_certificate_that_this_computer_trusts_is_beaten_on_and_heard() {
    let stage = Stage::new();
    let server = Encrypted::start(&stage);
    let trusting = |command: &mut Command| {
        command.env("SSL_CERT_FILE", &server.authority);
    };
    let mut add = stage.command(&["bus", "add", "team", &server.url()]);
    trusting(&mut add);
    let added = stage.hear(add);
    assert_eq!(added.code, Some(0), "{added:?}");
    with_agent(&stage);
    let _engine = stage.engine_with("engine", trusting);
    stage.agent("worker", |agent| agent["verdict"]["code"] == "ok" && agent["beats"]["confirmed"].as_u64() >= Some(2));
    assert_eq!(server.asks(&["HGET", "agent:worker", "status"]), "healthy");
    let beat = json!({ "agentId": "stranger", "sequence": 1, "status": "healthy" });
    server.asks(&["PUBLISH", "heartbeats", &beat.to_string()]);
    stage.agent("stranger", |agent| agent["liveness"] == "active");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_and_named() {
    let stage = Stage::new();
    let server = Encrypted::start(&stage);
    let refused = stage.refused(&["bus", "add", "team", &server.url()]);
    assert!(refused.contains("certificate is not trusted"), "{refused}");
    stage.ok(&["bus", "add", "team", &server.url(), "--force"]);
    with_agent(&stage);
    let _engine = stage.engine("engine", &[]);
    let agent = stage.agent("worker", |agent| agent["verdict"]["code"] == "link.certificate");
    assert_eq!((&agent["link"]["state"], &agent["beats"]["sent"]), (&"blocked".into(), &0.into()), "{agent:#}");
    let status = stage.json(&["status", "--json"]);
    let problem: &Value = &status["registries"][0]["problem"];
    assert!(problem.as_str().is_some_and(|said| said.contains("certificate is not trusted")), "{status:#}");
}
