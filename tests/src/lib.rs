//! What the black-box tests share: an agent's key, the installed app, its window, and the desktop around it.
#![cfg(target_os = "linux")]

mod app;
mod key;
mod keyboard;
mod leftovers;
mod notification_server;
mod notifier;
mod page;
pub mod pictures;
mod redis_server;
mod screen;
mod tray_host;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use beatkeeper_core::identity::EntityKind;
use beatkeeper_devnet::{Config, Devnet};
use tokio::sync::{Mutex, MutexGuard};

pub use app::App;
pub use key::Key;
pub use leftovers::Leftovers;
pub use notification_server::{Audience, Clicks, Manners, Notification, NotificationServer};
pub use notifier::{Clicked, Notifier, Tried};
pub use page::{Page, Press, Row};
pub use redis_server::{RedisServer, Stranger};
pub use screen::{Screen, WindowState};
pub use tray_host::{Item, Line, TrayHost};

/// Whatever should come to pass does within this time, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(40);

/// The tests of one program run one after the other: a window on two busy cores is slow enough alone.
pub async fn alone() -> MutexGuard<'static, ()> {
    static STAGE: Mutex<()> = Mutex::const_new(());
    STAGE.lock().await
}

/// Asks `probe` until it has an answer; an error that names `what` when [`PATIENCE`] ends first.
pub async fn until<T>(what: &str, probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    within(PATIENCE, what, probe).await
}

/// As [`until`], with another deadline.
pub async fn within<T>(patience: Duration, what: &str, mut probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = probe().await.with_context(|| format!("while waiting for {what}"))? {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            bail!("gave up after {} s waiting for {what}", patience.as_secs());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A registry that forgets quickly and knows these agents.
pub async fn registry(known: &[(&Key, &str)]) -> Result<Devnet> {
    let config = Config {
        inactive_after: Duration::from_secs(6),
        sweep: Duration::from_secs(1),
        registrations_per_minute: None,
        ..Config::default()
    };
    let devnet = Devnet::start(config).await?;
    for (key, name) in known {
        devnet.insert_entity(key.public(), name, EntityKind::Agent);
    }
    Ok(devnet)
}

/// A program of this workspace, as `cargo xtask test` builds it.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = xtask::paths::debug_binary(name);
    ensure!(
        path.is_file(),
        "{} is not built yet: run `cargo xtask test e2e`, or `npm run build` in ui and then \
         `cargo build -p beatkeeper-desktop -p beatkeeper-cli`",
        path.display()
    );
    Ok(path)
}

/// The processes that this one has started, and theirs, whose name begins like this.
#[must_use]
pub fn offspring(pid: u32, name: &str) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    // 12 (name) S 7 …: the name may hold anything but is closed by the last parenthesis.
    let parsed: Vec<(u32, u32, String)> = stats
        .filter_map(|stat| {
            let (head, rest) = stat.rsplit_once(") ")?;
            let (child, name) = head.split_once(" (")?;
            Some((child.parse().ok()?, rest.split(' ').nth(1)?.parse().ok()?, name.to_owned()))
        })
        .collect();
    let mut family = vec![pid];
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        family.extend(parsed.iter().filter(|(_, of, _)| *of == parent).map(|(child, _, _)| *child));
        at += 1;
    }
    let named = |pid: &u32| parsed.iter().any(|(child, _, its)| child == pid && its.starts_with(name));
    family.into_iter().skip(1).filter(named).filter(|pid| alive(*pid)).collect()
}

/// Whether a process runs. One that ended and was not asked for its status yet does not.
#[must_use]
pub fn alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The name in parentheses may hold anything, the state follows it.
    !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
}
