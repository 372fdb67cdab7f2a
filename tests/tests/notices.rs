//! Notices as the desktop's notification server receives them, and what a click on one does.
#![cfg(target_os = "linux")]

use beatkeeper_tests::{
    App, Clicks, Key, Manners, NotificationServer, Page, Screen, WindowState, alone, program, registry, until,
};
use xtask::rig::{Desktop, Keychain, Notifications, Parts, TrayHost};

const NAME: &str = "weather-agent";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_says_who_what_why_and_since_when_and_opens_the_agent() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(Parts { notifications: Notifications::None, ..Parts::default() }).unwrap();
    let server = NotificationServer::start(&desktop).await.unwrap();
    let (key, other) = (Key::of(NAME), Key::of("<b>quiet</b>-agent"));
    let devnet = registry(&[(&key, NAME), (&other, "quiet-agent")]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let page = Page::open(&mut desktop, &app).await.unwrap();
    app.import(&other, "quiet-agent").await.unwrap();
    app.import(&key, NAME).await.unwrap();
    app.verdict(&other.id(), "ok").await.unwrap();
    app.verdict(&key.id(), "ok").await.unwrap();
    assert_eq!(page.opened().await.unwrap(), None);

    // The window is closed; the notice is all that a person sees.
    Screen::close(&desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Gone).await.unwrap();
    devnet.fault(format!("ignore:{}", key.id()).parse().unwrap()).await;
    let notice = server.notice(&format!("{NAME} went stale")).await.unwrap();
    assert_eq!(notice.app, "Beatkeeper");
    assert!(notice.body.contains("last beat "), "since when: {}", notice.body);
    assert!(notice.body.contains(" ago"), "for how long: {}", notice.body);
    assert!(notice.body.find(';').is_some_and(|at| at > 0), "why: {}", notice.body);
    assert_eq!(notice.actions.first().map(String::as_str), Some("default"));
    assert_eq!(notice.urgency, Some(1));

    server.click(&notice, "default").await.unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
    server.dismiss(&notice).await.unwrap();
    until("the agent's page", async || Ok((page.opened().await?.as_deref() == Some(key.id().as_str())).then_some(())))
        .await
        .unwrap();

    // What was dismissed is not brought back; a newer notice of the agent takes the place of one that is still there,
    // and the other agent was never spoken of.
    let offline = server.notice(&format!("{NAME} is offline")).await.unwrap();
    assert_eq!((offline.replaces, offline.urgency), (0, Some(2)));
    let confirmed = app.agent(&key.id()).await.unwrap()["beats"]["confirmed"].as_u64().unwrap();
    devnet.clear_faults().await;
    let recovered = server.notice(&format!("{NAME} recovered")).await.unwrap();
    assert_eq!((recovered.replaces, recovered.urgency, recovered.transient), (offline.id, Some(0), true));
    assert_eq!(recovered.actions, ["default", "Open", "open", "Open"]);
    assert!(recovered.body.contains("again after"), "{}", recovered.body);
    let agent = app.agent(&key.id()).await.unwrap();
    assert!(agent["beats"]["confirmed"].as_u64() >= Some(confirmed + 2), "one good beat is not enough: {agent}");
    assert_eq!(server.arrived().len(), 3, "{:?}", server.arrived());

    let pid = Screen::pid(&desktop).unwrap();
    app.quit().await.unwrap();
    until("the app to end", async || Ok((!beatkeeper_tests::alive(pid)).then_some(()))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_in_the_moment_the_notice_appears_opens_the_agent() {
    let _stage = alone().await;
    let mut desktop = Desktop::start(Parts { notifications: Notifications::None, ..Parts::default() }).unwrap();
    let manners = Manners { clicks: Clicks::BeforeTheAnswer, ..Manners::default() };
    let server = NotificationServer::start_with(&desktop, manners).await.unwrap();
    let key = Key::of(NAME);
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let page = Page::open(&mut desktop, &app).await.unwrap();
    app.import(&key, NAME).await.unwrap();
    app.verdict(&key.id(), "ok").await.unwrap();
    Screen::close(&desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Gone).await.unwrap();
    devnet.fault(format!("ignore:{}", key.id()).parse().unwrap()).await;
    server.notice(&format!("{NAME} went stale")).await.unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
    until("the agent's page", async || Ok((page.opened().await?.as_deref() == Some(key.id().as_str())).then_some(())))
        .await
        .unwrap();
    app.quit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_buttons_of_a_notice_act_without_the_window() {
    let _stage = alone().await;
    let parts = Parts { notifications: Notifications::None, tray_host: TrayHost::None, ..Parts::default() };
    let mut desktop = Desktop::start(parts).unwrap();
    let server = NotificationServer::start(&desktop).await.unwrap();
    let tray = beatkeeper_tests::TrayHost::start(&desktop).await.unwrap();
    let key = Key::of(NAME);
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    app.launch(&mut desktop, &["--hidden"]).unwrap();
    tray.item().await.unwrap();
    app.import(&key, NAME).await.unwrap();
    app.verdict(&key.id(), "ok").await.unwrap();
    devnet.fault(format!("ignore:{}", key.id()).parse().unwrap()).await;
    let notice = server.notice(&format!("{NAME} went stale")).await.unwrap();
    assert_eq!(notice.actions[2..], ["open", "Open", "restart", "Restart", "snooze", "Snooze 1 h"]);

    let agent = async || app.agent(&key.id()).await;
    let since = agent().await.unwrap()["link"]["since"].clone();
    server.click(&notice, "restart").await.unwrap();
    until("another link", async || Ok((agent().await?["link"]["since"] != since).then_some(()))).await.unwrap();
    assert!(agent().await.unwrap()["snoozed_until"].is_null());
    server.click(&notice, "snooze").await.unwrap();
    until("the snooze", async || Ok(agent().await?["snoozed_until"].as_str().map(drop))).await.unwrap();
    assert_eq!(Screen::state(&desktop).unwrap(), WindowState::Gone);

    server.give_token(&notice, "beatkeeper-test_TIME1").await.unwrap();
    server.click(&notice, "open").await.unwrap();
    Screen::until(&desktop, WindowState::Shown).await.unwrap();
    app.quit().await.unwrap();
    App::ended(&mut desktop).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_window_a_notice_offers_nothing_to_open() {
    let _stage = alone().await;
    let parts = Parts { keychain: Keychain::Absent, notifications: Notifications::None, tray_host: TrayHost::None };
    let mut desktop = Desktop::start(parts).unwrap();
    let server = NotificationServer::start(&desktop).await.unwrap();
    let key = Key::of(NAME);
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let mut run = desktop.command(program("beatkeeper").unwrap());
    run.arg("run").args(app.options()).args(["--vault", "file"]).env("BEATKEEPER_PASSPHRASE", "correct horse");
    desktop.spawn("run", run).unwrap();
    app.import(&key, NAME).await.unwrap();
    app.verdict(&key.id(), "ok").await.unwrap();
    devnet.fault(format!("ignore:{}", key.id()).parse().unwrap()).await;
    let notice = server.notice(&format!("{NAME} went stale")).await.unwrap();
    assert!(notice.actions.is_empty(), "{notice:?}");
    app.quit().await.unwrap();
    App::ended_as("run", &mut desktop).await.unwrap();
}
