//! A stage: a registry, an engine, and waiting for what should come to pass.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey};
use beatkeeper_core::notice::Notice;
use beatkeeper_devnet::{Config, Devnet};
use beatkeeper_engine::command::{Command, Refusal};
use beatkeeper_engine::{Engine, EngineError, Options, Paths, ShimProgram, Shown, Telling, VaultChoice};
use ed25519_dalek::SigningKey;
use serde_json::Value;
use tokio::sync::mpsc::Receiver;

/// Whatever should come to pass does within this time.
const WITHIN: Duration = Duration::from_secs(30);

pub struct Scene {
    pub devnet: Option<Devnet>,
    pub engine: Option<Engine>,
    pub tellings: Receiver<Telling>,
    folder: tempfile::TempDir,
}

/// Thresholds that let a life pass in seconds.
pub const QUICK: &str = "thresholds = { late = 2, stale = 4, offline = 7, inactive_after = 4, sweep = 1 }";

/// What a test that failed left running would hold files and ports for ever: shims outlive whoever started them.
impl Drop for Scene {
    fn drop(&mut self) {
        let runs = std::fs::read_dir(self.folder.path().join("data").join("runs")).into_iter().flatten().flatten();
        for run in runs.filter(|_| std::thread::panicking()) {
            let record = std::fs::read_to_string(run.path()).ok();
            let record: Option<Value> = record.and_then(|text| serde_json::from_str(&text).ok());
            let pids = record.iter().flat_map(|record| [&record["child"]["pid"], &record["shim"]["pid"]]);
            for pid in pids.filter_map(Value::as_u64) {
                let _ = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status();
            }
        }
    }
}

impl Scene {
    /// A registry that knows the agents with these numbers, and an engine without agents.
    pub async fn new(known: &[u8]) -> Self {
        let quick = Config {
            inactive_after: Duration::from_secs(4),
            sweep: Duration::from_secs(1),
            registrations_per_minute: None,
            ..Config::default()
        };
        Self::on(quick, QUICK, known).await
    }

    /// As [`new`](Self::new), on another registry.
    pub async fn on(config: Config, thresholds: &str, known: &[u8]) -> Self {
        let devnet = Devnet::start(config).await.expect("devnet starts");
        for number in known {
            devnet.insert_entity(public(*number), &format!("agent-{number}"), EntityKind::Agent);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = format!("[[registry]]\nname = \"devnet\"\nurl = \"{}\"\n{thresholds}\n", devnet.url());
        std::fs::write(folder.path().join("beatkeeper.toml"), config).expect("the configuration is written");
        let (engine, tellings) = start(&folder).await.expect("the engine starts");
        Self { devnet: Some(devnet), engine: Some(engine), tellings, folder }
    }

    pub fn devnet(&self) -> &Devnet {
        self.devnet.as_ref().expect("devnet runs")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> String {
        std::fs::read_to_string(self.path("beatkeeper.toml")).expect("the configuration")
    }

    pub fn write_config(&self, text: &str) {
        std::fs::write(self.path("beatkeeper.toml"), text).expect("the configuration is written");
    }

    pub fn options(&self) -> Options {
        options(&self.folder)
    }

    pub async fn execute(&self, command: Command) -> Result<Value, Refusal> {
        self.engine.as_ref().expect("the engine runs").handle().execute(command).await
    }

    /// Imports agent `number` and has it beat every second.
    pub async fn import(&self, number: u8) -> EntityId {
        self.import_only(number).await;
        let config = self.config().replace("registry = \"devnet\"\n", "registry = \"devnet\"\ninterval = 1\n");
        self.write_config(&config.replace("interval = 1\ninterval = 1\n", "interval = 1\n"));
        id(number)
    }

    pub async fn import_only(&self, number: u8) -> Value {
        let path = self.path(&format!("key-{number}.json"));
        write_key(&path, number);
        let name = Some(format!("agent-{number}"));
        let command = Command::AgentImport {
            path,
            registry: "devnet".into(),
            name,
            allow_loose: false,
            kind: None,
            project: None,
            replace: None,
        };
        self.execute(command).await.expect("the key is imported")
    }

    pub async fn agent(&self, id: &EntityId) -> Value {
        let status = self.execute(Command::Status).await.expect("a status");
        let agents = status["agents"].as_array().expect("agents").clone();
        agents.into_iter().find(|agent| agent["id"] == id.as_str()).unwrap_or(Value::Null)
    }

    /// Waits until the agent is as described; answers it.
    pub async fn until(&self, id: &EntityId, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        self.within(WITHIN, id, what, is).await
    }

    /// As [`until`](Self::until), with another deadline.
    pub async fn within(&self, patience: Duration, id: &EntityId, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + patience;
        loop {
            let agent = self.agent(id).await;
            if is(&agent) {
                return agent;
            }
            assert!(Instant::now() < deadline, "never came to pass: {what}; it is {agent:#}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    pub async fn until_verdict(&self, id: &EntityId, code: &str) -> Value {
        self.until(id, code, |agent| agent["verdict"]["code"] == code).await
    }

    /// What the desktop is asked for next.
    pub async fn telling(&mut self) -> Telling {
        tokio::time::timeout(WITHIN, self.tellings.recv()).await.expect("a telling in time").expect("the engine runs")
    }

    /// The next notice, which the desktop shows.
    pub async fn notice(&mut self) -> Notice {
        loop {
            let Telling::Show(notice) = self.telling().await else { continue };
            let shown = Shown { notice: notice.id, outcome: Ok(()) };
            self.engine.as_ref().expect("the engine runs").handle().shown(shown).await;
            return *notice;
        }
    }

    pub async fn restart_engine(&mut self) {
        self.engine.take().expect("the engine runs").shutdown().await;
        self.start_engine().await;
    }

    /// After it was shut down.
    pub async fn start_engine(&mut self) {
        let (engine, tellings) = start(&self.folder).await.expect("the engine starts again");
        self.engine = Some(engine);
        self.tellings = tellings;
    }
}

/// A port that is free now.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A program of the workspace, built with the tests: it lies in the folder above this test's own.
pub fn built(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("this test's program");
    let folder = this.parent().and_then(std::path::Path::parent).expect("the folder of built programs");
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} is not built: cargo build --workspace --bins", program.display());
    program
}

fn options(folder: &tempfile::TempDir) -> Options {
    Options {
        paths: Paths { config: folder.path().join("beatkeeper.toml"), data: folder.path().join("data") },
        vault: VaultChoice::File { passphrase: "correct horse".to_owned().into() },
        shim: Some(ShimProgram::at(built("beatkeeper-shim"))),
    }
}

async fn start(folder: &tempfile::TempDir) -> Result<(Engine, Receiver<Telling>), EngineError> {
    let mut engine = Engine::start(options(folder)).await?;
    let tellings = engine.tellings().expect("taken once");
    Ok((engine, tellings))
}

pub fn signing(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub fn public(number: u8) -> PublicKey {
    PublicKey::from_bytes(signing(number).verifying_key().to_bytes())
}

pub fn id(number: u8) -> EntityId {
    EntityId::from_key(&public(number), EntityKind::Agent)
}

pub fn write_key(path: &std::path::Path, number: u8) {
    let key = serde_json::json!({
        "public_key": STANDARD.encode(public(number).as_bytes()),
        "private_key": STANDARD.encode([number; 32]),
    });
    std::fs::write(path, key.to_string()).expect("the key file is written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    }
}
