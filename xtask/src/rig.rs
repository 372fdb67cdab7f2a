//! A private desktop: display, window manager, session bus, keychain, notification server and tray host of its own.
//!
//! Nothing of the person's own desktop is touched: every part gets a private home and runtime directory, the bus knows
//! no services but ours, and everything ends with the [`Desktop`], also when its owner panics or is killed.

mod bus;
mod files;
mod keychain;
mod notices;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};

pub use self::notices::Notice;
use crate::children::Children;
use crate::{exec, wait};

/// How long a part may take to be ready, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The four answers of a keychain, less the one that an app gives itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keychain {
    /// A Secret Service with an open default collection.
    Unlocked,
    /// A Secret Service whose default collection exists and stays locked: nobody answers its prompt.
    Locked,
    /// No Secret Service at all.
    Absent,
}

/// Who shows notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notifications {
    /// dunst, which also writes down each notice it receives.
    Dunst,
    /// Nobody.
    None,
}

/// Who shows tray icons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrayHost {
    /// A panel that owns `org.kde.StatusNotifierWatcher`.
    Xfce4Panel,
    /// Nobody.
    None,
}

/// Which parts the desktop has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The keychain.
    pub keychain: Keychain,
    /// The notification server.
    pub notifications: Notifications,
    /// The tray host.
    pub tray_host: TrayHost,
}

impl Default for Parts {
    /// Everything is there and works.
    fn default() -> Self {
        Self { keychain: Keychain::Unlocked, notifications: Notifications::Dunst, tray_host: TrayHost::Xfce4Panel }
    }
}

/// A running private desktop.
#[derive(Debug)]
pub struct Desktop {
    children: Children,
    dir: PathBuf,
    display: String,
    parts: Parts,
}

impl Desktop {
    /// Width and height of the display.
    pub const SIZE: (u32, u32) = (1280, 860);

    /// Starts the parts, each ready before the next one needs it.
    pub fn start(parts: Parts) -> Result<Self> {
        if !cfg!(target_os = "linux") {
            bail!("the private desktop is built from Linux programs; use a real display on this system");
        }
        let dir = files::private_dir(&format!("beatkeeper-rig-{}-{}", std::process::id(), next_number()))?;
        let children = Children::new(Some(&dir))?;
        let mut desktop = Self { children, dir, display: String::new(), parts };
        files::lay_out(&desktop.dir)?;
        desktop.start_display()?;
        desktop.start_bus()?;
        desktop.start_window_manager()?;
        desktop.set_keychain(parts.keychain)?;
        desktop.set_notifications(parts.notifications)?;
        desktop.set_tray_host(parts.tray_host)?;
        Ok(desktop)
    }

    /// What a program needs to know to run on this desktop and on no other.
    #[must_use]
    pub fn envs(&self) -> Vec<(String, String)> {
        let dir = |name: &str| self.dir.join(name).display().to_string();
        let mut envs = vec![
            ("HOME", dir("home")),
            ("TMPDIR", dir("tmp")),
            ("XDG_CONFIG_HOME", dir("home/.config")),
            ("XDG_DATA_HOME", dir("home/.local/share")),
            ("XDG_STATE_HOME", dir("home/.local/state")),
            ("XDG_CACHE_HOME", dir("home/.cache")),
            ("XDG_RUNTIME_DIR", dir("run")),
            ("XDG_SESSION_TYPE", "x11".to_owned()),
            ("XDG_CURRENT_DESKTOP", "XFCE".to_owned()),
            ("DBUS_SESSION_BUS_ADDRESS", files::bus_address(&self.dir)),
            // No system bus: sleep, network and sessions of this machine are none of the desktop's business.
            ("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", dir("run/no-system-bus"))),
            ("GDK_BACKEND", "x11".to_owned()),
            ("GTK_USE_PORTAL", "0".to_owned()),
            ("NO_AT_BRIDGE", "1".to_owned()),
            ("GSETTINGS_BACKEND", "memory".to_owned()),
            // There is no graphics processor: WebKit must neither look for one nor pass buffers through it.
            ("LIBGL_ALWAYS_SOFTWARE", "1".to_owned()),
            ("WEBKIT_DISABLE_DMABUF_RENDERER", "1".to_owned()),
            ("WEBKIT_DISABLE_COMPOSITING_MODE", "1".to_owned()),
        ];
        if !self.display.is_empty() {
            envs.push(("DISPLAY", self.display.clone()));
        }
        envs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// A command that runs on this desktop.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.envs());
        for foreign in ["WAYLAND_DISPLAY", "SESSION_MANAGER", "GNOME_KEYRING_CONTROL", "SSH_AUTH_SOCK", "XAUTHORITY"] {
            command.env_remove(foreign);
        }
        command
    }

    /// Starts a program that ends with the desktop, its output in [`Desktop::log`]. Returns its pid.
    pub fn spawn(&mut self, name: &str, mut command: Command) -> Result<u32> {
        let log = File::create(self.log_path(name))?;
        command.stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log);
        self.children.start(name, command)
    }

    /// The programs that end with the desktop, by name.
    pub fn children(&mut self) -> &mut Children {
        &mut self.children
    }

    /// What a started program has printed so far.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        fs::read(self.log_path(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The desktop's own directory; it goes away with it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The display, such as `:7`.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The parts it has now.
    #[must_use]
    pub fn parts(&self) -> Parts {
        self.parts
    }

    /// Whether anyone owns a name on the session bus.
    pub fn bus_name_owned(&self, name: &str) -> Result<bool> {
        bus::name_owned(self, name)
    }

    /// A picture of what a person would see.
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        exec::run(self.command("import").args(["-silent", "-window", "root"]).arg(path)).context("taking a screenshot")
    }

    /// The window with a title that fits.
    pub fn window(&self, title: &str) -> Result<String> {
        let found = exec::output(self.command("xdotool").args(["search", "--onlyvisible", "--name", title]))?;
        Ok(found.lines().last().with_context(|| format!("no window is called {title}"))?.to_owned())
    }

    /// A picture of a window with its frame, and of nothing around it.
    pub fn picture_of(&self, window: &str, path: &Path) -> Result<()> {
        let mut import = self.command("import");
        exec::run(import.args(["-silent", "-frame", "-window", window]).arg(path)).context("taking a picture")
    }

    /// The notices shown so far, oldest first.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        notices::parse(&self.log("dunst"))
    }

    /// Replaces the keychain; what it holds is kept.
    pub fn set_keychain(&mut self, keychain: Keychain) -> Result<()> {
        keychain::set(self, keychain)?;
        self.parts.keychain = keychain;
        Ok(())
    }

    /// Starts or stops the notification server.
    pub fn set_notifications(&mut self, notifications: Notifications) -> Result<()> {
        self.children.stop("dunst");
        if notifications == Notifications::Dunst {
            let mut dunst = self.command("dunst");
            dunst.arg("-print").arg("-conf").arg(self.dir.join("dunstrc"));
            self.spawn("dunst", dunst)?;
            self.await_bus_name("dunst", "org.freedesktop.Notifications")?;
        }
        self.parts.notifications = notifications;
        Ok(())
    }

    /// Starts or stops the tray host.
    pub fn set_tray_host(&mut self, tray_host: TrayHost) -> Result<()> {
        self.children.stop("xfce4-panel");
        match tray_host {
            TrayHost::Xfce4Panel => {
                let panel = self.command("xfce4-panel");
                self.spawn("xfce4-panel", panel)?;
                self.await_bus_name("xfce4-panel", "org.kde.StatusNotifierWatcher")?;
            }
            TrayHost::None => {
                let name = "org.kde.StatusNotifierWatcher";
                wait::until("the tray host to leave the bus", PATIENCE, || {
                    Ok((!self.bus_name_owned(name)?).then_some(()))
                })?;
            }
        }
        self.parts.tray_host = tray_host;
        Ok(())
    }

    fn start_display(&mut self) -> Result<()> {
        let mut server = self.command("Xvfb");
        let (width, height) = Self::SIZE;
        // The server picks a free number itself and says it once it listens.
        server.args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", &format!("{width}x{height}x24")]);
        // Without it the server starts anew whenever its last client leaves: our own question whether a window manager is
        // there would now and then throw out the window manager that is just coming.
        server.arg("-noreset");
        let said = self.dir.join("display");
        server.stdin(Stdio::null()).stdout(File::create(&said)?).stderr(File::create(self.log_path("xvfb"))?);
        self.children.start("xvfb", server)?;
        let number = self.await_part("xvfb", "the display", |_| {
            let text = fs::read_to_string(&said)?;
            Ok(text.strip_suffix('\n').map(str::to_owned))
        })?;
        self.display = format!(":{number}");
        Ok(())
    }

    fn start_bus(&mut self) -> Result<()> {
        let mut daemon = self.command("dbus-daemon");
        daemon.arg("--nofork").arg(format!("--config-file={}", self.dir.join("bus.conf").display()));
        self.spawn("dbus-daemon", daemon)?;
        self.await_part("dbus-daemon", "the session bus", |desktop| Ok(bus::answers(desktop).then_some(())))
    }

    fn start_window_manager(&mut self) -> Result<()> {
        let mut openbox = self.command("openbox");
        openbox.arg("--config-file").arg(self.dir.join("openbox.xml"));
        self.spawn("openbox", openbox)?;
        self.await_part("openbox", "the window manager", |desktop| {
            let mut ask = desktop.command("xprop");
            let said = exec::output(ask.args(["-root", "_NET_SUPPORTING_WM_CHECK"]))?;
            Ok(said.contains("window id").then_some(()))
        })
    }

    fn await_bus_name(&mut self, part: &str, name: &str) -> Result<()> {
        self.await_part(part, name, |desktop| Ok(desktop.bus_name_owned(name)?.then_some(())))
    }

    /// Waits for a part; when it ends or the wait does, the error carries what the part had to say.
    fn await_part<T>(
        &mut self,
        part: &str,
        what: &str,
        mut ready: impl FnMut(&Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let answer = wait::until(what, PATIENCE, || {
            if let Some(status) = self.children.ended(part)? {
                bail!("{part} ended early: {status}");
            }
            ready(self)
        });
        answer.with_context(|| format!("{part} does not work here; it said:\n{}", self.log(part).trim_end()))
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.dir.join("logs").join(format!("{name}.log"))
    }
}

fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
