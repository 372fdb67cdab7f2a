//! The private desktop itself: what the other end-to-end tests take for granted.
#![cfg(target_os = "linux")]

use std::time::Duration;

use xtask::rig::{Desktop, Keychain, Notice, Notifications, Parts, TrayHost};
use xtask::{exec, wait};

const BARE: Parts = Parts { keychain: Keychain::Absent, notifications: Notifications::None, tray_host: TrayHost::None };
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the keychain took a secret.
fn store(desktop: &Desktop, secret: &str) -> bool {
    let mut command = desktop.command("sh");
    let script = "printf %s \"$0\" | secret-tool store --label=rig service rig account a";
    exec::succeeds(command.args(["-c", script, secret]))
}

fn lookup(desktop: &Desktop) -> Option<String> {
    let mut command = desktop.command("secret-tool");
    exec::output(command.args(["lookup", "service", "rig", "account", "a"])).ok()
}

fn notify(desktop: &Desktop, summary: &str, body: &str) -> anyhow::Result<String> {
    let mut command = desktop.command("gdbus");
    command.args(["call", "--session", "--dest", "org.freedesktop.Notifications"]);
    command.args(["--object-path", "/org/freedesktop/Notifications"]);
    command.args(["--method", "org.freedesktop.Notifications.Notify"]);
    command.args(["rig", "0", "", summary, body, r#"["open", "Open"]"#, r#"{"urgency": <byte 2>}"#, "5000"]);
    exec::output(&mut command)
}

#[test]
fn an_unlocked_keychain_keeps_a_secret_and_a_locked_one_gives_nothing_away() {
    let mut desktop = Desktop::start(Parts { keychain: Keychain::Unlocked, ..BARE }).unwrap();
    assert!(store(&desktop, "s3cret"));
    assert_eq!(lookup(&desktop).as_deref(), Some("s3cret"));

    desktop.set_keychain(Keychain::Locked).unwrap();
    assert!(desktop.bus_name_owned("org.freedesktop.secrets").unwrap(), "locked is not absent");
    assert_eq!(lookup(&desktop), None);
    assert!(!store(&desktop, "another"));

    desktop.set_keychain(Keychain::Absent).unwrap();
    assert!(!desktop.bus_name_owned("org.freedesktop.secrets").unwrap());
    assert_eq!(lookup(&desktop), None);

    desktop.set_keychain(Keychain::Unlocked).unwrap();
    assert_eq!(lookup(&desktop).as_deref(), Some("s3cret"), "nothing was lost meanwhile");
}

#[test]
fn a_notice_is_shown_and_written_down() {
    let desktop = Desktop::start(Parts { notifications: Notifications::Dunst, ..BARE }).unwrap();
    assert_eq!(desktop.notices(), []);
    notify(&desktop, "weather-agent went stale", "last beat 14:02:11\n5 min ago").unwrap();
    let notices = wait::until("the notice", PATIENCE, || {
        let notices = desktop.notices();
        Ok((!notices.is_empty()).then_some(notices))
    });
    let expected = Notice {
        app: "rig".to_owned(),
        summary: "weather-agent went stale".to_owned(),
        body: "last beat 14:02:11\n5 min ago".to_owned(),
        urgency: "CRITICAL".to_owned(),
        actions: vec![("open".to_owned(), "Open".to_owned())],
    };
    assert_eq!(notices.unwrap(), [expected]);
}

#[test]
fn a_tray_host_comes_and_goes() {
    let mut desktop = Desktop::start(Parts { tray_host: TrayHost::Xfce4Panel, ..BARE }).unwrap();
    let hosted = |desktop: &Desktop| desktop.bus_name_owned("org.kde.StatusNotifierWatcher").unwrap();
    assert!(hosted(&desktop));
    desktop.set_tray_host(TrayHost::None).unwrap();
    assert!(!hosted(&desktop));
    desktop.set_tray_host(TrayHost::Xfce4Panel).unwrap();
    assert!(hosted(&desktop));
}

#[test]
fn what_is_absent_is_absent_and_does_not_start_by_itself() {
    let desktop = Desktop::start(BARE).unwrap();
    assert!(!store(&desktop, "s3cret"));
    assert!(notify(&desktop, "nobody", "reads this").is_err());
    for name in ["org.freedesktop.secrets", "org.freedesktop.Notifications", "org.kde.StatusNotifierWatcher"] {
        assert!(!desktop.bus_name_owned(name).unwrap(), "{name} has an owner");
    }
}

#[test]
fn two_desktops_share_nothing() {
    let (one, other) = (Desktop::start(BARE).unwrap(), Desktop::start(BARE).unwrap());
    assert_ne!(one.display(), other.display());
    assert_ne!(one.dir(), other.dir());
    let pictures = [one.dir().join("one.png"), other.dir().join("other.png")];
    one.screenshot(&pictures[0]).unwrap();
    other.screenshot(&pictures[1]).unwrap();
    assert!(pictures.iter().all(|picture| picture.metadata().unwrap().len() > 100));
}

#[test]
fn nothing_is_left_behind() {
    let mut desktop = Desktop::start(Parts::default()).unwrap();
    let dir = desktop.dir().to_path_buf();
    let mut program = desktop.command("sh");
    program.args(["-c", "sleep 300 & wait"]);
    desktop.spawn("program", program).unwrap();
    // Every process of the desktop, and whatever it started, carries the private home in its environment.
    let home = dir.join("home").display().to_string();
    assert!(living_with(&home) >= 7, "display, bus, window manager, keychain, notices, panel, program");
    drop(desktop);
    wait::until("the last process to end", PATIENCE, || Ok((living_with(&home) == 0).then_some(()))).unwrap();
    assert!(!dir.exists());
}

/// How many processes have `HOME=home`.
fn living_with(home: &str) -> usize {
    let variable = format!("HOME={home}").into_bytes();
    let has_it = |environment: &Vec<u8>| environment.split(|byte| *byte == 0).any(|one| one == variable);
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("environ")).ok())
        .filter(has_it)
        .count()
}
