//! A window that stays closed gives its memory back, and comes back as it was.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use beatkeeper_tests::{App, Item, Key, Screen, TrayHost, WindowState, alive, alone, offspring, registry, until};
use xtask::rig::{Desktop, Keychain, Notifications, Parts};
use xtask::say;

const PARTS: Parts =
    Parts { keychain: Keychain::Unlocked, notifications: Notifications::None, tray_host: xtask::rig::TrayHost::None };
/// As much as the kernel keeps of a process's name.
const WEB_PROCESS: &str = "WebKitWebProces";
/// The table and the agent's page. Above them the registry's clock goes on.
const QUIET: (u32, u32) = (112, 640);
/// Letters are not drawn alike to the last pixel where a part is drawn anew, and a scrollbar fades. A row that is one
/// pixel lower, another selection or another focus are thousands.
const BLUR: u64 = 600;
const AGENTS: usize = 80;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_stays_closed_is_let_go_and_comes_back_as_it_was() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(PARTS).unwrap();
    let devnet = registry(&[]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    quiet_fleet(&app, 0).unwrap();
    let host = TrayHost::start(&desktop).await.unwrap();
    let pid = app.launch(&mut desktop, &[]).unwrap();
    let item = host.item().await.unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
    Screen::put(&desktop, (90, 70), (1000, 640)).unwrap();
    Screen::park(&desktop).unwrap();
    let top = settled(&desktop, "top").await.unwrap();

    // Far down, with an agent's page open and three agents selected, by keyboard.
    Screen::press(&desktop, &["j", "Page_Down", "Page_Down", "Page_Down", "Return"]).unwrap();
    Screen::press(&desktop, &["Down", "space", "shift+Down", "shift+Down"]).unwrap();
    let before = settled(&desktop, "before").await.unwrap();
    let moved = Screen::difference(&desktop, &top, &before).unwrap();
    assert!(moved > 10 * BLUR, "otherwise the pictures prove nothing: {moved} pixels");
    let place = Screen::place(&desktop).unwrap();
    picture(&desktop, "release-1-before").unwrap();

    // With 0 it only hides, and its page goes on.
    let web = offspring(pid, WEB_PROCESS);
    assert_eq!(web.len(), 1, "one page is one process");
    let open = private_memory(pid).unwrap();
    Screen::close(&desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Gone).await.unwrap();
    assert_eq!(offspring(pid, WEB_PROCESS), web);

    // The setting changes while it is closed.
    quiet_fleet(&app, 1).unwrap();
    until("the page's process to end", async || Ok(offspring(pid, WEB_PROCESS).is_empty().then_some(())))
        .await
        .unwrap();
    assert!(alive(pid), "the last window is gone, and the app is not");
    assert_eq!(item.lines().await.unwrap()[0].label, app.sentence().await.unwrap(), "tray and engine go on");
    let released = private_memory(pid).unwrap();

    let seconds = back(&desktop, &item, &before).await.unwrap();
    picture(&desktop, "release-2-after").unwrap();
    assert_eq!(Screen::place(&desktop).unwrap(), place);
    assert_eq!(Screen::pid(&desktop).unwrap(), pid);
    assert_ne!(offspring(pid, WEB_PROCESS), web, "another page");
    say::line(&format!(
        "private memory open {open} kB, released {released} kB; looks the same after {seconds:.2} s, comparing included"
    ));

    // And a second time: what comes back is a page like the first.
    Screen::close(&desktop).await.unwrap();
    until("the page's process to end", async || Ok(offspring(pid, WEB_PROCESS).is_empty().then_some(())))
        .await
        .unwrap();
    let seconds = back(&desktop, &item, &before).await.unwrap();
    assert_eq!(Screen::place(&desktop).unwrap(), place);
    say::line(&format!("the second time after {seconds:.2} s"));

    let drawn = app.logged("the window has its rows").unwrap();
    assert_eq!(drawn.len(), 3, "each page says once when its rows are on the screen: {drawn:?}");
    for line in drawn {
        say::line(&line);
    }

    // It is kept for this run alone.
    item.choose("Quit").await.unwrap();
    App::ended(&mut desktop).await.unwrap();
    app.launch(&mut desktop, &[]).unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
    Screen::park(&desktop).unwrap();
    looks_like(&desktop, &top).await.unwrap();
    app.quit().await.unwrap();
    App::ended(&mut desktop).await.unwrap();
}

/// Has the tray bring the window, and waits until it looks like this. Answers how long it took at most.
async fn back(desktop: &Desktop, item: &Item, before: &Path) -> Result<f64> {
    Screen::park(desktop)?;
    let asked = Instant::now();
    item.activate().await?;
    looks_like(desktop, before).await?;
    Ok(asked.elapsed().as_secs_f64())
}

async fn looks_like(desktop: &Desktop, before: &Path) -> Result<()> {
    let mut last = 0;
    let same = until("the same picture", async || {
        if Screen::state(desktop)? != WindowState::Shown {
            return Ok(None);
        }
        let now = look(desktop, "now")?;
        last = Screen::difference(desktop, before, &now)?;
        Ok((last <= BLUR).then_some(()))
    });
    same.await.with_context(|| format!("{last} pixels differ"))
}

/// The picture, once it holds still.
async fn settled(desktop: &Desktop, name: &str) -> Result<PathBuf> {
    let mut same = 0;
    look(desktop, name)?;
    until("a picture that holds still", async || {
        let now = look(desktop, "now")?;
        let before = desktop.dir().join(name).with_extension("png");
        same = if Screen::difference(desktop, &before, &now)? == 0 { same + 1 } else { 0 };
        fs::rename(now, &before)?;
        Ok((same == 5).then_some(before))
    })
    .await
}

fn look(desktop: &Desktop, name: &str) -> Result<PathBuf> {
    let file = desktop.dir().join(name).with_extension("png");
    Screen::picture(desktop, QUIET.0, QUIET.1, &file)?;
    Ok(file)
}

/// Agents in whose rows nothing moves, and the time after which a closed window is let go.
fn quiet_fleet(app: &App, release_after: u32) -> Result<()> {
    let mut text = app.config()?;
    text.truncate(text.find("\n[window]").unwrap_or(text.len()));
    write!(text, "\n[window]\nrelease_after = {release_after}\n")?;
    for n in 0..AGENTS {
        let name = format!("agent-{n:02}");
        let id = Key::of(&name).id();
        write!(
            text,
            "\n[[agent]]\nentity = \"{id}\"\nname = \"{name}\"\nregistry = \"{}\"\npaused = true\n",
            App::REGISTRY
        )?;
    }
    fs::write(app.config_file(), text)?;
    Ok(())
}

/// What the app and its processes have for themselves, in kB.
fn private_memory(pid: u32) -> Result<u64> {
    let mut total = 0;
    for pid in offspring(pid, "").into_iter().chain([pid]) {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let private = rollup.lines().filter(|line| line.starts_with("Private_"));
        total += private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>();
    }
    Ok(total)
}

/// A picture of the screen under `target/e2e`, for people.
fn picture(desktop: &Desktop, name: &str) -> Result<()> {
    let dir = xtask::paths::target().join("e2e");
    fs::create_dir_all(&dir)?;
    desktop.screenshot(&dir.join(format!("{name}.png")))
}
