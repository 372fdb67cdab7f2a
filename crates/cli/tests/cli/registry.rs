//! `beatkeeper devnet` as a child, and registrations at it.

use std::process::Command;

use crate::golden::{PRIVATE, PUBLIC, SEED, key_file, write_key};
use crate::registration::{register, request};
use crate::stage::{Process, Stage};

pub struct Registry {
    pub process: Process,
    pub url: String,
}

impl Registry {
    /// Starts one whose agents live and die within seconds.
    pub fn start(stage: &Stage, name: &str, listen: &str, more: &[&str]) -> Self {
        let arguments = ["devnet", "--listen", listen, "--inactive-after", "6", "--sweep", "1"];
        let mut process = stage.start(name, stage.command(&[&arguments, more].concat()));
        let line = process.line("devnet listening on ");
        Self { process, url: line["devnet listening on ".len()..].to_owned() }
    }

    pub fn address(&self) -> &str {
        &self.url["http://".len()..]
    }

    /// Registers an agent with this seed, under a developer of its own.
    #[track_caller]
    pub fn register(&self, seed: &[u8; 32], name: &str) {
        register(self.address(), seed, name, "http://127.0.0.1:1");
    }

    pub fn get(&self, path: &str) -> String {
        request(self.address(), &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    }
}

#[test]
fn the_registry_in_a_box_serves_until_it_is_told_to_stop() {
    let stage = Stage::new();
    let mut registry = Registry::start(&stage, "devnet", "127.0.0.1:0", &["--fault", "html"]);
    assert!(stage.read("logs/devnet.out").starts_with("devnet listening on http://127.0.0.1:"));
    assert!(registry.get("/v1/info").contains("<html"), "the fault is in force");

    let taken = stage.refused(&["devnet", "--listen", registry.address()]);
    assert!(taken.contains(registry.address()) && taken.contains("--listen"), "{taken}");

    registry.process.signal("TERM");
    assert!(registry.process.ended().success(), "{}", registry.process.said());
}

#[test]
fn a_registry_needs_neither_configuration_nor_home() {
    let stage = Stage::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_beatkeeper"));
    command.args(["devnet", "--listen", "127.0.0.1:0"]).env_clear();
    let mut devnet = stage.start("bare", command);
    devnet.line("devnet listening on ");
    devnet.signal("INT");
    assert!(devnet.ended().success());
}

#[test]
fn a_registry_that_speaks_as_its_guide_says_is_found_out() {
    for (form, dialect) in [("documented", "zynd_documented"), ("documented-shared", "zynd_documented_shared")] {
        let stage = Stage::new();
        let registry = Registry::start(&stage, "devnet", "127.0.0.1:0", &["--speech", form]);
        registry.register(&SEED, "weather");
        stage.write("beatkeeper.toml", &format!("[[registry]]\nname = \"local\"\nurl = \"{}\"\n", registry.url));
        write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));
        stage.ok(&["agent", "import", "key.json", "--registry", "local", "--name", "weather"]);
        let config = stage.read("beatkeeper.toml");
        stage.write("beatkeeper.toml", &config.replace("registry = \"local\"", "registry = \"local\"\ninterval = 1"));
        let _engine = stage.engine("engine", &[]);
        stage.agent("weather", |agent| agent["verdict"]["code"] == "ok");
        assert_eq!(stage.json(&["status", "--json"])["registries"][0]["dialect"], dialect);
    }
}

#[test]
fn an_artcafe_server_stands_beside_it_and_acknowledges_as_it_is_told() {
    let stage = Stage::new();
    stage.write("weather.pub", include_str!("../../../vault/tests/rsa/public.openssh"));
    write_key(&stage, "weather.pem", include_str!("../../../vault/tests/rsa/pkcs8.pem"));
    let cafe = ["--artcafe", "weather=weather.pub", "--artcafe-listen", "127.0.0.1:0", "--organization", "acme"];
    let begins = "ArtCafe listening on ";
    for (acks, code) in [("always", "ok"), ("never", "artcafe.ignores_heartbeats")] {
        let mut registry =
            Registry::start(&stage, &format!("cafe-{acks}"), "127.0.0.1:0", &[&cafe[..], &["--acks", acks]].concat());
        let url = registry.process.line(begins)[begins.len()..].to_owned();
        stage.write(
            "beatkeeper.toml",
            &format!(
                "[[registry]]\nname = \"cafe\"\nurl = \"{url}\"\ndialect = \"artcafe\"\norganization = \"acme\"\n\
                 timeout_multiplier = 2.0\n"
            ),
        );
        let imported = stage.run(&["agent", "import", "weather.pem", "--registry", "cafe", "--name", "weather"]);
        assert_eq!(imported.code, Some(0), "{imported:?}");
        let config = stage.read("beatkeeper.toml");
        stage.write("beatkeeper.toml", &config.replace("registry = \"cafe\"", "registry = \"cafe\"\ninterval = 1"));
        let _engine = stage.engine("engine", &[]);
        stage.agent("weather", |agent| agent["verdict"]["code"] == code);
    }
    stage.write("other.pub", "ssh-ed25519 AAAA");
    let refused = stage.refused(&["devnet", "--artcafe", "weather=other.pub"]);
    assert!(refused.contains("other.pub") && refused.contains("ssh-rsa"), "{refused}");
}
