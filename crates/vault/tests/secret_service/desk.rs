//! A desk of one's own: a home, a session bus that starts nothing by itself, and a keyring on demand.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The bus has no service folders: only what a test starts is there, whatever the machine has installed.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

pub(crate) struct Desk {
    dir: TempDir,
    address: String,
    _bus: Process,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unlocked {
    Yes,
    No,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("bk").tempdir().unwrap();
        let config = dir.path().join("bus.conf");
        fs::create_dir(dir.path().join("run")).unwrap();
        fs::write(&config, BUS.replace("SOCKET", &dir.path().join("bus").display().to_string())).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(&config).args(["--nofork", "--nopidfile", "--print-address=1"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut bus = Process::start(&mut command, "dbus");
        // It prints its address once it listens.
        let mut address = String::new();
        let stdout = bus.0.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut address).unwrap();
        assert!(address.starts_with("unix:"), "dbus-daemon did not start: {address:?}");
        Self { dir, address: address.trim().to_owned(), _bus: bus }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Gives `command` this desk and nothing of the machine's own.
    pub(crate) fn seat(&self, command: &mut Command) {
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("HOME", self.dir())
            .env("XDG_RUNTIME_DIR", self.dir().join("run"))
            .env("XDG_DATA_HOME", self.dir().join("share"))
            .env("XDG_CONFIG_HOME", self.dir().join("config"));
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "GNOME_KEYRING_CONTROL", "XDG_DATA_DIRS"] {
            command.env_remove(name);
        }
    }

    /// Puts a secret under an id, as another program would.
    pub(crate) fn put(&self, id: &str, secret: &str) {
        let mut command = Command::new("secret-tool");
        command.args(["store", "--label=an agent", "service", "beatkeeper", "username", id]).stdin(Stdio::piped());
        self.seat(&mut command);
        let mut tool = Process::start(&mut command, "libsecret-tools");
        tool.0.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
        assert!(tool.0.wait().unwrap().success(), "secret-tool failed");
    }

    /// Starts a keyring in this home. It is up when the bus knows it, which the caller waits for.
    pub(crate) fn keyring(&self, unlocked: Unlocked) -> Process {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        if unlocked == Unlocked::Yes {
            command.arg("--unlock");
        }
        self.seat(&mut command);
        let mut keyring = Process::start(&mut command, "gnome-keyring");
        let mut stdin = keyring.0.stdin.take().unwrap();
        if unlocked == Unlocked::Yes {
            stdin.write_all(b"correct horse").unwrap();
        }
        keyring
    }
}

/// A process that ends with its handle.
pub(crate) struct Process(Child);

impl Process {
    fn start(command: &mut Command, package: &str) -> Self {
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) => panic!(
                "{:?} cannot be started ({error}): install it with `apt-get install {package}`, or let `cargo xtask test` do it",
                command.get_program()
            ),
        }
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}
