//! A message bus of one's own, for tests of whatever talks to the desktop or the system over one. It starts no program by
//! itself, and allows everything.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A bus, which ends when it is dropped.
#[derive(Debug)]
pub struct Bus {
    daemon: Child,
    address: String,
    /// It goes with the bus.
    folder: Option<TempDir>,
}

impl Bus {
    /// One in a folder of its own.
    ///
    /// # Panics
    /// As [`start_in`](Self::start_in).
    #[must_use]
    pub fn start() -> Self {
        // Its path is a socket's, which has about a hundred bytes.
        let folder = tempfile::Builder::new().prefix("bus").tempdir().expect("a temporary folder");
        let mut bus = Self::start_in(folder.path());
        bus.folder = Some(folder);
        bus
    }

    /// One in this folder: another one there later has the same address.
    ///
    /// # Panics
    /// When `dbus-daemon` is not installed or does not start.
    #[must_use]
    pub fn start_in(folder: &Path) -> Self {
        let config = folder.join("bus.conf");
        // The printed one has the daemon's own id in it, which another daemon at the same place does not have.
        let address = format!("unix:path={}", folder.join("bus").display());
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth><policy \
             context='default'><allow send_destination='*'/><allow send_type='signal'/><allow \
             receive_sender='*'/><allow own='*'/></policy></busconfig>"
        );
        std::fs::write(&config, text).expect("the bus's configuration is written");
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(&config).args(["--nofork", "--nopidfile", "--print-address=1"]);
        let mut daemon = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is needed (package dbus-daemon)");
        // It prints its address once it listens.
        let mut line = String::new();
        let output = daemon.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        assert!(line.starts_with("unix:"), "dbus-daemon did not start: {line:?}");
        Self { daemon, address, folder: None }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // One that ended by itself is as good.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
