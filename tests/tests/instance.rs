//! One instance: a second launch hands over what it was asked for, and goes.
#![cfg(target_os = "linux")]

use beatkeeper_tests::{App, Key, Page, Press, Screen, WindowState, alive, alone, registry, until};
use xtask::rig::{Desktop, Notifications, Parts};

const PARTS: Parts = Parts {
    keychain: xtask::rig::Keychain::Unlocked,
    notifications: Notifications::None,
    tray_host: xtask::rig::TrayHost::Xfce4Panel,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_launch_raises_the_first_and_opens_the_agent_it_was_given() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(PARTS).unwrap();
    let key = Key::of("weather-agent");
    let devnet = registry(&[(&key, "weather-agent")]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let page = Page::open(&mut desktop, &app).await.unwrap();
    app.import(&key, "weather-agent").await.unwrap();
    app.verdict(&key.id(), "ok").await.unwrap();
    let pid = Screen::pid(&desktop).unwrap();

    Screen::close(&desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Gone).await.unwrap();
    app.launch_as("second", &mut desktop, &[]).unwrap();
    App::ended_as("second", &mut desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
    until("the window to have the keyboard", async || Ok(Screen::is_active(&desktop)?.then_some(()))).await.unwrap();
    assert_eq!(Screen::pid(&desktop).unwrap(), pid, "it is the first one's window");
    assert_eq!(page.opened().await.unwrap(), None);

    app.launch_as("third", &mut desktop, &["--agent", key.id().as_str()]).unwrap();
    App::ended_as("third", &mut desktop).await.unwrap();
    until("the agent's page", async || Ok((page.opened().await?.as_deref() == Some(key.id().as_str())).then_some(())))
        .await
        .unwrap();
    assert!(alive(pid));
    assert!(app.answers().await, "the engine is the first one's still");
    app.quit().await.unwrap();
    until("the app to end", async || Ok((!alive(pid)).then_some(()))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_data_folder_is_another_app() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(PARTS).unwrap();
    let devnet = registry(&[]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    app.launch(&mut desktop, &["--hidden"]).unwrap();
    assert_eq!(app.sentence().await.unwrap(), "No agents yet");
    let data = app.file("other-data").display().to_string();
    let other = ["--hidden", "--config", &app.config_file().display().to_string(), "--data", &data].map(str::to_owned);
    let mut command = desktop.command(beatkeeper_tests::program("beatkeeper-desktop").unwrap());
    command.args(other);
    desktop.spawn("other", command).unwrap();
    let socket = app.file("other-data").join("control.sock");
    until("the other engine", async || Ok(socket.exists().then_some(()))).await.unwrap();
    assert!(desktop.children().ended("other").unwrap().is_none(), "both run");
    assert!(app.answers().await);
    app.quit().await.unwrap();
    App::ended(&mut desktop).await.unwrap();
    assert!(desktop.children().ended("other").unwrap().is_none(), "quitting one leaves the other");
    desktop.children().stop("other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_another_engine_kept_from_starting_starts_when_it_is_told_to_retry() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(PARTS).unwrap();
    let devnet = registry(&[]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let mut command = desktop.command(beatkeeper_tests::program("beatkeeper").unwrap());
    command.args(app.options()).arg("run");
    desktop.spawn("headless", command).unwrap();
    until("the headless engine", async || Ok(app.answers().await.then_some(()))).await.unwrap();

    let page = Page::open(&mut desktop, &app).await.unwrap();
    let told = |text: &str| text.contains("already running") && text.contains("beatkeeper quit");
    page.until_text("banner-failed", told).await.unwrap();
    page.click("engine-start").await.unwrap();
    page.until_text("banner-failed", told).await.unwrap();
    page.until_text("engine-start", |text| text == "Retry").await.unwrap();

    app.quit().await.unwrap();
    until("the headless engine to end", async || desktop.children().ended("headless")).await.unwrap();
    page.click("engine-start").await.unwrap();
    page.gone("banner-failed").await.unwrap();
    page.until_text("fleet-sentence", |text| text == "No agents yet").await.unwrap();
    assert_eq!(app.sentence().await.unwrap(), "No agents yet");
    let pid = Screen::pid(&desktop).unwrap();
    app.quit().await.unwrap();
    until("the app to end", async || Ok((!alive(pid)).then_some(()))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_focus_ring_is_for_who_goes_by_keyboard() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(PARTS).unwrap();
    let devnet = registry(&[]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let page = Page::open(&mut desktop, &app).await.unwrap();
    page.click("add-agent").await.unwrap();
    page.type_into("import-path", "/nowhere").await.unwrap();
    page.click("add-cancel").await.unwrap();
    page.gone("add-dialog").await.unwrap();
    assert!(!page.focus_ring().await.unwrap(), "closed with the mouse");
    page.click("add-agent").await.unwrap();
    page.element("add-dialog").await.unwrap();
    page.press(Press::Escape).await.unwrap();
    page.gone("add-dialog").await.unwrap();
    assert!(page.focus_ring().await.unwrap(), "closed with the keyboard");
    let pid = Screen::pid(&desktop).unwrap();
    app.quit().await.unwrap();
    until("the app to end", async || Ok((!alive(pid)).then_some(()))).await.unwrap();
}
