//! The tray icon as its host sees it, and what the app does where there is no host.
#![cfg(target_os = "linux")]

use anyhow::Result;
use beatkeeper_tests::{App, Item, Key, Line, Page, Screen, TrayHost, WindowState, alive, alone, registry, until};
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
    let below: Vec<&str> = line.below.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(below, ["Open", "Restart", "Snooze 1 h"]);

    // What can be done about it can be done there, without the window.
    Screen::close(&desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Gone).await.unwrap();
    let agent = async || app.agent(&key.id()).await;
    item.choose_below(NAME, "Snooze 1 h").await.unwrap();
    until("the snooze", async || Ok(agent().await?["snoozed_until"].as_str().map(drop))).await.unwrap();
    let woken = item.line("the way back", |_, line| below_starts(line, "End snooze (until ")).await.unwrap();
    item.choose_below(NAME, &woken.below[2].label).await.unwrap();
    until("the end of the snooze", async || Ok(agent().await?["snoozed_until"].is_null().then_some(()))).await.unwrap();
    // It waits to dial again for longer and longer; whoever restarts it does not.
    until("a wait", async || Ok((agent().await?["link"]["attempt"].as_u64() >= Some(4)).then_some(()))).await.unwrap();
    item.choose_below(NAME, "Restart").await.unwrap();
    until("the restart", async || Ok((agent().await?["link"]["attempt"].as_u64() < Some(4)).then_some(())))
        .await
        .unwrap();
    item.choose("Acknowledge all").await.unwrap();
    until("the acknowledgement", async || Ok(acknowledged(&app).await?.then_some(()))).await.unwrap();
    until("the line to go", async || {
        Ok(item.lines().await?.iter().all(|line| line.label != "Acknowledge all").then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(Screen::state(&desktop).unwrap(), WindowState::Gone);
    item.choose_below(NAME, "Open").await.unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
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

fn below_starts(line: &Line, start: &str) -> bool {
    line.below.iter().any(|line| line.label.starts_with(start))
}

/// Whether a person knows of the only agent's incident.
async fn acknowledged(app: &App) -> Result<bool> {
    let delta = app.ask(serde_json::json!({ "command": "fleet_delta", "since": 0 })).await?;
    Ok(delta["rows"][0]["incident"]["acknowledged_until"].is_number())
}

/// Waits until the menu's first line is this sentence, which is the engine's, too.
async fn first_line(item: &Item, app: &App, sentence: &str) -> Result<()> {
    let line = item.line(sentence, |at, line| at == 0 && line.label == sentence).await?;
    anyhow::ensure!(!line.enabled, "the sentence is not to be chosen");
    anyhow::ensure!(app.sentence().await? == sentence, "the engine says otherwise");
    Ok(())
}
