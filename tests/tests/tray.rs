//! The tray icon as its host sees it, and what the app does where there is no host.
#![cfg(target_os = "linux")]

use anyhow::Result;
use beatkeeper_tests::{App, Item, Key, Page, Screen, TrayHost, WindowState, alive, alone, registry, until};
use xtask::rig::{Desktop, Keychain, Notifications, Parts};

const NAME: &str = "weather-agent";
const PARTS: Parts =
    Parts { keychain: Keychain::Unlocked, notifications: Notifications::None, tray_host: xtask::rig::TrayHost::None };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_icon_says_how_the_fleet_is_and_obeys() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(PARTS).unwrap();
    let key = Key::of(NAME);
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let host = TrayHost::start(&desktop).await.unwrap();
    let pid = app.launch(&mut desktop, &["--hidden"]).unwrap();

    let item = host.item().await.unwrap();
    assert_eq!(item.says("Id").await.unwrap(), "beatkeeper");
    assert_eq!(item.says("Title").await.unwrap(), "Beatkeeper");
    assert_eq!(item.says("Status").await.unwrap(), "Active");
    first_line(&item, &app, "No agents yet").await.unwrap();
    let labels: Vec<String> = item.lines().await.unwrap().into_iter().map(|line| line.label).collect();
    assert_eq!(labels, ["No agents yet", "", "Show window", "", "Pause alerts for 1 h", "", "Quit"]);

    app.import(&key, NAME).await.unwrap();
    first_line(&item, &app, "1 active").await.unwrap();
    assert_eq!(Screen::state(&desktop).unwrap(), WindowState::Gone, "it was asked to start hidden");

    // A left click opens the window, closing hides it, and the menu opens it again.
    item.activate().await.unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
    assert_eq!(Screen::pid(&desktop).unwrap(), pid);
    Screen::close(&desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Gone).await.unwrap();
    item.choose("Show window").await.unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();

    // Who needs a person is in the menu, with the reason.
    let stopped = devnet.shutdown().await;
    first_line(&item, &app, "1 offline").await.unwrap();
    let attention = format!("{NAME}: offline, ");
    let line = item.line("the agent", |_, line| line.label.starts_with(&attention)).await.unwrap();
    assert!(line.enabled && line.label.len() > attention.len(), "{line:?}");
    let devnet = stopped.start().await.unwrap();
    first_line(&item, &app, "1 active").await.unwrap();

    item.choose("Pause alerts for 1 h").await.unwrap();
    item.line("the way back", |_, line| line.label.starts_with("Resume alerts")).await.unwrap();

    item.choose("Quit").await.unwrap();
    App::ended(&mut desktop).await.unwrap();
    assert!(!alive(pid));
    devnet.wait_for(|state| state.open_sockets() == 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_host_the_window_says_why_and_the_icon_comes_with_the_host() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(PARTS).unwrap();
    let devnet = registry(&[]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let page = Page::open(&mut desktop, &app).await.unwrap();
    let banner = page.until_text("banner-tray", |text| !text.is_empty()).await.unwrap();
    assert!(banner.contains("org.kde.StatusNotifierWatcher"), "the missing piece is named: {banner}");
    assert!(banner.contains("Status Tray"), "and what to do about it on this desktop: {banner}");

    // What could not be brought back must not be hidden.
    Screen::close(&desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Minimised).await.unwrap();
    Screen::restore(&desktop).unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();

    let host = TrayHost::start(&desktop).await.unwrap();
    let item = host.item().await.unwrap();
    first_line(&item, &app, "No agents yet").await.unwrap();
    page.gone("banner-tray").await.unwrap();
    Screen::close(&desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Gone).await.unwrap();

    // A host that crashes takes the only way in with it.
    host.stop().await.unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
    page.element("banner-tray").await.unwrap();

    // And one that comes back is found again.
    let host = TrayHost::start(&desktop).await.unwrap();
    let item = host.item().await.unwrap();
    page.gone("banner-tray").await.unwrap();
    let pid = Screen::pid(&desktop).unwrap();
    item.choose("Quit").await.unwrap();
    until("the app to end", async || Ok((!alive(pid)).then_some(()))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_not_start_hidden_where_nothing_could_show_it() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(PARTS).unwrap();
    let devnet = registry(&[]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    app.launch(&mut desktop, &["--hidden"]).unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
    app.quit().await.unwrap();
    App::ended(&mut desktop).await.unwrap();
}

/// Waits until the menu's first line is this sentence, which is the engine's, too.
async fn first_line(item: &Item, app: &App, sentence: &str) -> Result<()> {
    let line = item.line(sentence, |at, line| at == 0 && line.label == sentence).await?;
    anyhow::ensure!(!line.enabled, "the sentence is not to be chosen");
    anyhow::ensure!(app.sentence().await? == sentence, "the engine says otherwise");
    Ok(())
}
