//! A desktop of the test's own: a message bus, and a keychain on it or none.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use beatkeeper_private_bus::Bus;

use crate::stage::{Stage, wait};

/// A bus, and what stands on it. Both end with it.
pub struct Desktop {
    bus: Bus,
    keyring: Option<Child>,
}

impl Desktop {
    /// Without a keychain.
    pub fn bare() -> Self {
        Self { bus: Bus::start(), keyring: None }
    }

    /// With a keychain that is locked, and nobody there to be asked for its password.
    pub fn locked(stage: &Stage) -> Self {
        let mut desktop = Self::bare();
        let home = stage.path("home");
        // It makes its collection when it is first unlocked.
        desktop.start(&home, &["--unlock"]);
        let made = home.join(".local/share/keyrings/login.keyring");
        // An empty file keeps its place until it is written.
        let whole = || fs::metadata(&made).is_ok_and(|file| file.len() > 0);
        wait(|| whole().then_some(())).expect("a collection is made");
        desktop.stop();
        desktop.start(&home, &[]);
        desktop
    }

    /// What a program needs to know to sit at this desktop.
    pub fn address(&self) -> &str {
        self.bus.address()
    }

    fn start(&mut self, home: &Path, more: &[&str]) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(more);
        command.env("DBUS_SESSION_BUS_ADDRESS", self.bus.address()).env("HOME", home).env("XDG_RUNTIME_DIR", home);
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "GNOME_KEYRING_CONTROL", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keyring = command.spawn().expect("gnome-keyring-daemon is needed (package gnome-keyring)");
        let mut stdin = keyring.stdin.take().expect("its input");
        stdin.write_all(b"correct horse").expect("it reads a password");
        self.keyring = Some(keyring);
    }

    fn stop(&mut self) {
        if let Some(mut keyring) = self.keyring.take() {
            // One that ended by itself is as good.
            let _ = keyring.kill();
            let _ = keyring.wait();
        }
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use crate::scene::Scene;

    fn becomes(desktop: impl FnOnce(&Stage) -> Desktop, presence: &str) {
        let mut scene = Scene::new(Registry::start());
        let desktop = desktop(&scene.stage);
        scene.sits_at(desktop, presence);
    }

    #[test]
    fn a_keychain_is_locked() {
        becomes(Desktop::locked, "locked");
    }

    #[test]
    fn a_desktop_without_a_keychain_has_none() {
        becomes(|_| Desktop::bare(), "unavailable");
    }
}
