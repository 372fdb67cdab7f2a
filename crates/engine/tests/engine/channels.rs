//! Channels in a running engine: what becomes of what was told when they change, over restarts.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use beatkeeper_core::alert::DeliveryState;
use beatkeeper_core::notice::NoticeKind;
use beatkeeper_engine::alerts::channels::DeliveryView;
use beatkeeper_engine::channels::DeadLetter;
use beatkeeper_engine::command::{Command, IncidentView};
use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};

use crate::scene::Scene;

const WITHIN: Duration = Duration::from_secs(30);

/// Nobody listens there: what is told waits.
fn hook(name: &str, url: &str) -> ChannelEntry {
    ChannelEntry { url: Some(url.parse().expect("an address")), ..ChannelEntry::new(name, ChannelKind::Webhook) }
}

/// There is no such program: what is told is dead at once.
fn script(name: &str) -> ChannelEntry {
    ChannelEntry { program: Some("/nowhere/on-alert".into()), ..ChannelEntry::new(name, ChannelKind::Command) }
}

async fn save(scene: &Scene, channel: ChannelEntry, replace: Option<&str>) {
    let replace = replace.map(str::to_owned);
    scene.execute(Command::ChannelSave { channel, secret: None, replace }).await.expect("the channel is saved");
}

/// The deliveries of the newest notice, once they are so.
async fn until(scene: &Scene, what: &str, is: impl Fn(&DeliveryView) -> bool) -> Vec<DeliveryView> {
    let deadline = Instant::now() + WITHIN;
    loop {
        let command = Command::Incidents { id: None, open_only: false, limit: 1, before: None };
        let views = scene.execute(command).await.expect("incidents");
        let views: Vec<IncidentView> = serde_json::from_value(views).expect("a list of them");
        let deliveries = views[0].deliveries.clone();
        if deliveries.iter().any(&is) {
            return deliveries;
        }
        assert!(Instant::now() < deadline, "never came to pass: {what}; it is {deliveries:#?}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

fn states(deliveries: &[DeliveryView]) -> Vec<(&str, DeliveryState, bool)> {
    deliveries.iter().map(|view| (&*view.delivery.channel, view.delivery.state, view.can_retry)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_keeps_its_letters_under_its_new_name_and_over_a_restart() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    let mut scene = Scene::new(&[1]).await;
    save(&scene, hook("team", &url), None).await;
    save(&scene, script("on-alert"), None).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    let _stopped = scene.devnet.take().unwrap().shutdown().await;
    assert_eq!(scene.notice().await.kind, NoticeKind::Stale);
    assert_eq!(scene.notice().await.kind, NoticeKind::Offline);
    until(&scene, "a try", |view| view.delivery.channel == "team").await;

    save(&scene, hook("crew", &url), Some("team")).await;
    save(&scene, script("script"), Some("on-alert")).await;
    let wanted = [
        ("crew", DeliveryState::Waiting, false),
        ("desktop", DeliveryState::Delivered, false),
        ("script", DeliveryState::Dead, true),
    ];
    let is_dead = |view: &DeliveryView| view.delivery.channel == "script" && view.can_retry;
    assert_eq!(states(&until(&scene, "the names", is_dead).await), wanted);
    scene.restart_engine().await;
    assert_eq!(states(&until(&scene, "the same", is_dead).await), wanted);

    let letters = scene.execute(Command::DeadLetters { limit: 9 }).await.unwrap();
    let letters: Vec<DeadLetter> = serde_json::from_value(letters).unwrap();
    assert!(letters.iter().all(|letter| letter.delivery.delivery.channel == "script" && letter.delivery.can_retry));
    let notice = letters[0].delivery.delivery.notice;
    let channel = "script".to_owned();
    scene.execute(Command::DeliveryRetry { notice, channel: channel.clone() }).await.unwrap();

    // What cannot be tried again is said before anybody tries.
    save(&scene, ChannelEntry { enabled: false, ..script("script") }, Some("script")).await;
    scene.execute(Command::ChannelRemove { name: "crew".into() }).await.unwrap();
    let ends = |view: &DeliveryView| view.delivery.channel == "crew" && view.delivery.state == DeliveryState::Dead;
    let deliveries = until(&scene, "the end of what waited", ends).await;
    assert_eq!(deliveries[0].delivery.problem.as_deref(), Some("the channel was removed while this waited for it"));
    assert!(deliveries[0].no_retry.as_ref().unwrap().starts_with("There is no channel \"crew\" any more. "));
    assert!(deliveries[2].no_retry.as_ref().unwrap().starts_with("The channel \"script\" is switched off. "));
    assert!(deliveries.iter().all(|view| !view.can_retry));
    for (channel, code) in [("crew", "channel.unknown"), ("script", "channel.off"), ("desktop", "delivery.desktop")] {
        let command = Command::DeliveryRetry { notice, channel: channel.to_owned() };
        assert_eq!(scene.execute(command).await.unwrap_err().code, code);
    }
}
