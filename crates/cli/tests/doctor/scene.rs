//! A scene: a registry, an agent that lives there, and Beatkeeper, all in order. A cause changes something of it.

use std::any::Any;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::agent::Agent;
use crate::between::{Between, Does};
use crate::golden::{ID, PRIVATE, PUBLIC, key_file, write_key};
use crate::keychain::Desktop;
use crate::registry::{NAME, Registry};
use crate::stage::{Process, Said, Stage, wait};

/// Thresholds that let a life pass in seconds.
const QUICK: &str = "thresholds = { late = 2, stale = 4, offline = 7, inactive_after = 4, sweep = 1 }";

/// What the surroundings of a test could say of the network or of agents.
const FOREIGN: [&str; 12] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "ZYND_HOME",
    "ZYND_REGISTRY_URL",
];

pub struct Scene {
    /// Where Beatkeeper believes the registry to be.
    pub url: String,
    /// Lines of the registry's entry, after those that it must have.
    pub registry_entry: String,
    /// Lines of the agent's entry, after those that it must have.
    pub entry: String,
    environment: Vec<(&'static str, OsString)>,
    /// Whether its keys are in the keychain.
    keychain: bool,
    // They end in this order.
    engine: Option<Process>,
    agent: Option<Agent>,
    /// What has to last as long as the scene.
    props: Vec<Box<dyn Any>>,
    pub registry: Registry,
    pub stage: Stage,
}

/// What Beatkeeper started outlives it when it is killed, so that it can be taken up again.
impl Drop for Scene {
    fn drop(&mut self) {
        self.engine = None;
        let runs = fs::read_dir(self.stage.path("data/runs")).into_iter().flatten().flatten();
        for run in runs {
            let record: Option<Value> =
                fs::read_to_string(run.path()).ok().and_then(|text| serde_json::from_str(&text).ok());
            let pids = record.iter().flat_map(|record| [&record["child"]["pid"], &record["shim"]["pid"]]);
            for pid in pids.filter_map(Value::as_u64) {
                // It may have ended by itself.
                let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status();
            }
        }
    }
}

impl Scene {
    /// A registry, and the golden key in Beatkeeper's vault.
    pub fn new(registry: Registry) -> Self {
        let stage = Stage::new();
        fs::create_dir(stage.path("home")).expect("a folder");
        write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));
        let url = registry.url();
        let scene = Self {
            url,
            registry_entry: "allow_plain = true\n".to_owned(),
            entry: String::new(),
            environment: Vec::new(),
            keychain: false,
            engine: None,
            agent: None,
            props: Vec::new(),
            registry,
            stage,
        };
        scene.stage.write("beatkeeper.toml", &scene.registry_lines());
        scene.stage.ok(&["agent", "import", "key.json", "--registry", "here", "--name", NAME]);
        scene
    }

    /// The agent's own program, which serves and leaves beating to Beatkeeper; registered where it serves.
    pub fn with_agent(self) -> Self {
        self.with_agent_that("idle", &[])
    }

    /// The same with another behaviour, or told more.
    pub fn with_agent_that(mut self, behaviour: &str, more: &[&str]) -> Self {
        let agent = Agent::start(&self.stage, "agent", &self.registry, "key.json", behaviour, more);
        self.entry = format!("health = \"{}\"\n", agent.health());
        self.agent = Some(agent);
        self
    }

    /// Puts something between Beatkeeper and its registry.
    pub fn between(&mut self, does: Does) {
        let between = Between::start(self.registry.address(), does);
        self.url = between.url();
        self.keep(between);
    }

    /// Lets something last as long as the scene does.
    pub fn keep(&mut self, prop: impl Any) {
        self.props.push(Box::new(prop));
    }

    /// Sets a variable for Beatkeeper and all that it starts.
    pub fn environment(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.environment.push((name, value.into()));
    }

    /// Has the keys in the keychain of this desktop, once the agent's is seen to be so.
    #[track_caller]
    pub fn sits_at(&mut self, desktop: Desktop, presence: &str) {
        self.keychain = true;
        self.environment("DBUS_SESSION_BUS_ADDRESS", desktop.address());
        self.keep(desktop);
        self.write_config();
        let mut last = Value::Null;
        let seen = wait(|| {
            let said = self.stage.hear(self.command(&["agent", "show", NAME, "--json"]));
            last = serde_json::from_str(&said.out).expect("JSON");
            (last["key"]["presence"] == presence).then_some(())
        });
        assert!(seen.is_some(), "its key is not {presence}: {last:#}");
    }

    /// The configuration as it is meant now.
    fn write_config(&self) {
        let mut text = self.registry_lines();
        write!(text, "\n[[agent]]\nentity = \"{ID}\"\nname = \"{NAME}\"\nregistry = \"here\"\ninterval = 1\n")
            .expect("text");
        self.stage.write("beatkeeper.toml", &(text + &self.entry));
    }

    fn registry_lines(&self) -> String {
        format!("[[registry]]\nname = \"here\"\nurl = \"{}\"\n{QUICK}\n{}", self.url, self.registry_entry)
    }

    /// Starts Beatkeeper, and waits until it sees the agent so.
    #[track_caller]
    pub fn engine(&mut self, sees: impl Fn(&Value) -> bool) {
        self.write_config();
        let command = self.command(&["run"]);
        self.engine = Some(self.stage.answering("engine", command));
        self.stage.agent(NAME, sees);
    }

    /// Starts Beatkeeper, and waits until it has this verdict.
    #[track_caller]
    pub fn engine_until(&mut self, code: &str) {
        self.engine(|agent| agent["verdict"]["code"] == code);
    }

    /// Has Beatkeeper end in good order, so that all that it found out is kept.
    #[track_caller]
    pub fn engine_ends(&mut self) {
        let mut engine = self.engine.take().expect("it runs");
        engine.signal("TERM");
        assert!(engine.ended().success(), "{}", engine.said());
    }

    /// `beatkeeper`, as it runs in this scene.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let stage = &self.stage;
        let mut command = if self.keychain { stage.with_keychain(arguments) } else { stage.command(arguments) };
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.env("HOME", self.stage.path("home"));
        command.envs(self.environment.iter().cloned());
        command
    }

    /// Asks the doctor about the agent.
    pub fn doctor(&self, asked: &[&str]) -> Said {
        if self.engine.is_none() {
            self.write_config();
        }
        self.stage.hear(self.command(&[&["doctor", NAME], asked].concat()))
    }
}
