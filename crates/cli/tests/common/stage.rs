//! A folder of its own for each test, and the real binary in it.

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Whatever should come to pass does within this time.
pub const WITHIN: Duration = Duration::from_secs(30);

pub const PASSPHRASE: &str = "correct horse battery staple";

/// A folder with a configuration, data and keys.
pub struct Stage {
    dir: TempDir,
    heard: RefCell<Vec<u8>>,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A process that does not outlive its test.
pub struct Process {
    child: Child,
    pub out: PathBuf,
    pub err: PathBuf,
}

impl Stage {
    pub fn new() -> Self {
        let stage = Self { dir: tempfile::tempdir().expect("a temporary folder"), heard: RefCell::default() };
        fs::create_dir(stage.path("logs")).expect("a folder");
        stage
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).expect("the file is written");
        self.path(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is read")
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// Everything that any command and process has said so far.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.borrow().clone()
    }

    /// `beatkeeper` on this stage's configuration, data and vault file.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.with_keychain(arguments);
        command.args(["--vault", "file"]).env("BEATKEEPER_PASSPHRASE", PASSPHRASE);
        command
    }

    /// The same on the keychain of whatever desktop it is given.
    pub fn with_keychain(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(arguments);
        command.arg("--config").arg(self.path("beatkeeper.toml")).arg("--data").arg(self.path("data"));
        command
    }

    fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beatkeeper"));
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null());
        // Nobody's desktop is told of agents that never were.
        for name in ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "BEATKEEPER_LOG"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.hear(self.command(arguments))
    }

    pub fn hear(&self, mut command: Command) -> Said {
        let output = command.output().expect("beatkeeper starts");
        self.heard.borrow_mut().extend([&*output.stdout, &*output.stderr].concat());
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs a command that must succeed, and answers what it wrote to stdout.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        assert!(!said.err.contains("error:"), "{arguments:?}: {said:?}");
        said.out
    }

    /// Runs a command that must be refused, and answers what it wrote to stderr.
    #[track_caller]
    pub fn refused(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{arguments:?}: {said:?}");
        assert!(said.err.contains("error: ") && said.err.contains("\n  remedy: "), "{arguments:?}: {said:?}");
        assert!(!said.err.contains("panicked"), "{arguments:?}: {said:?}");
        said.err
    }

    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).expect("JSON")
    }

    /// Starts a command that goes on.
    pub fn start(&self, name: &str, mut command: Command) -> Process {
        let log = |end: &str| self.path(&format!("logs/{name}.{end}"));
        let (out, err) = (log("out"), log("err"));
        let file = |path: &Path| File::create(path).expect("a log");
        let child = command.stdout(file(&out)).stderr(file(&err)).spawn().expect("beatkeeper starts");
        Process { child, out, err }
    }

    /// The engine, once it answers.
    pub fn engine(&self, name: &str, more: &[&str]) -> Process {
        self.answering(name, self.command(&[&["run"], more].concat()))
    }

    /// The engine with something of its surroundings changed, once it answers.
    pub fn engine_with(&self, name: &str, change: impl FnOnce(&mut Command)) -> Process {
        let mut command = self.command(&["run"]);
        change(&mut command);
        self.answering(name, command)
    }

    /// An engine that was started by this command, once it answers.
    pub fn answering(&self, name: &str, command: Command) -> Process {
        let mut engine = self.start(name, command);
        let answered = wait(|| {
            assert!(!engine.has_ended(), "{}", engine.said());
            (self.run(&["status", "--json"]).code == Some(0)).then_some(())
        });
        assert!(answered.is_some(), "{}", engine.said());
        engine
    }

    /// The agent in `status --json`, once `wanted` holds.
    #[track_caller]
    pub fn agent(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = wait(|| {
            let status = self.json(&["status", "--json"]);
            let agents = status["agents"].as_array().cloned().unwrap_or_default();
            last = agents.into_iter().find(|agent| agent["name"] == name).unwrap_or_default();
            (!last.is_null() && wanted(&last)).then(|| last.clone())
        });
        found.unwrap_or_else(|| panic!("{name} did not come to the expected state; it is {last:#}"))
    }
}

impl Process {
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the child is ours").is_some()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its input, where it was started with one.
    pub fn keys(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("it was started with a pipe to it")
    }

    pub fn said(&self) -> String {
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        format!("{}{}", read(&self.out), read(&self.err))
    }

    /// The first line that begins so.
    #[track_caller]
    pub fn line(&mut self, begins: &str) -> String {
        let found = wait(|| {
            let said = self.said();
            let line = said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            let line = line.filter(|line| line.starts_with(begins)).map(str::to_owned).next();
            assert!(line.is_some() || !self.has_ended(), "ended early: {}", self.said());
            line
        });
        found.unwrap_or_else(|| panic!("no line begins with {begins}: {}", self.said()))
    }

    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([&format!("-{signal}"), &self.pid().to_string()]).status();
        assert!(status.expect("kill starts").success());
    }

    /// Its end, which must come by itself.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let ended = wait(|| self.child.try_wait().expect("the child is ours"));
        ended.unwrap_or_else(|| panic!("it did not end: {}", self.said()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until there is an answer.
pub fn wait<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + WITHIN;
    loop {
        match ask() {
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(50)),
            answer => return answer,
        }
    }
}
