//! Channels that get another name.

use beatkeeper_core::alert::DeliveryState;
use beatkeeper_core::notice::NoticeId;
use beatkeeper_engine::alerts::channels::Pace;
use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};

use crate::http_server::{Answer, Server};
use crate::scene::{Begin, PATIENT, QUICK, Safe, Scene, notice, until, webhook};

fn rename(scene: &Scene, from: &str, to: ChannelEntry) {
    scene.post.renaming(from, &to.name).stands();
    scene.post.reconcile(vec![to]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_and_what_is_dead_goes_by_the_new_name() {
    let server = Server::start([Answer::status(404)]).await;
    server.now(Answer::status(500));
    let scene = Begin { pace: PATIENT, ..Begin::with([webhook("team", &server.url)]) }.start();
    scene.post.send(notice(6));
    scene.dead(6, "team");
    scene.post.send(notice(7));
    scene.post.send(notice(8));
    scene.fails(7, "team");
    server.now(Answer::status(200));
    rename(&scene, "team", webhook("crew", &server.url));
    for id in [7, 8] {
        scene.delivered(id, "crew");
    }
    assert_eq!(server.requests().last().unwrap().json()["channel"], "crew");
    let dead = scene.post.dead_letters(9);
    assert_eq!(dead.iter().map(|(delivery, _)| delivery.channel.as_str()).collect::<Vec<_>>(), ["crew"]);
    assert_eq!((scene.post.health()[0].name.as_str(), scene.post.health()[0].dead), ("crew", 1));
    assert_eq!(scene.post.retry(NoticeId(6), "team").unwrap_err().code, "channel.unknown");
    scene.post.retry(NoticeId(6), "crew").unwrap();
    scene.delivered(6, "crew");
    assert!([6, 7, 8].iter().all(|id| scene.steps(*id, "team").is_empty()), "what is kept has followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_tried_is_not_tried_twice() {
    let server = Server::always(Answer::Hang).await;
    let scene = Begin {
        pace: Pace { http: std::time::Duration::from_millis(400), ..QUICK },
        ..Begin::with([webhook("team", &server.url)])
    }
    .start();
    scene.post.send(notice(7));
    until(|| (server.requests().len() == 1).then_some(())).unwrap();
    rename(&scene, "team", webhook("crew", &server.url));
    server.now(Answer::status(200));
    assert_eq!(scene.delivered(7, "crew").attempts, 2);
    assert_eq!(server.requests().len(), 2, "one that hung, and one that came of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_tried_while_the_secret_moves() {
    let server = Server::start([]).await;
    let safe = Safe::with("team", &format!("{}/x", server.url));
    let chat = |name| ChannelEntry::new(name, ChannelKind::Slack);
    let channels = vec![chat("team"), webhook("other", &server.url)];
    let scene = Begin { channels, safe, ..Begin::default() }.start();
    let renaming = scene.post.renaming("team", "crew");
    scene.safe.take("team");
    scene.post.send(notice(7));
    scene.delivered(7, "other");
    assert_eq!(scene.post.health()[0].waiting, 1);
    // Read before the new name was written.
    scene.post.reconcile(vec![chat("team"), webhook("other", &server.url)]);
    scene.post.send(notice(8));
    scene.delivered(8, "other");
    assert_eq!(scene.post.health()[0].dead, 0, "it would have had no address");
    // Nothing came of it.
    scene.safe.put("team", &format!("{}/x", server.url));
    drop(renaming);
    for id in [7, 8] {
        assert_eq!(scene.delivered(id, "team").attempts, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_names_a_channel_reaches_it_under_its_new_name() {
    let server = Server::start([]).await;
    let scene = Begin::with([webhook("team", &server.url)]).start();
    let mut named = notice(7);
    named.channels = Some(["team".to_owned()].into());
    scene.post.expect(&named);
    rename(&scene, "team", webhook("crew", &server.url));
    scene.post.send(named.clone());
    scene.delivered(7, "crew");
    // A new one that is called like this is meant from now on.
    scene.post.reconcile(vec![webhook("crew", &server.url), webhook("team", &server.url)]);
    named.id = NoticeId(8);
    scene.post.send(named);
    scene.delivered(8, "team");
    assert!(scene.steps(8, "crew").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_run_goes_on_under_the_new_name() {
    let server = Server::start([Answer::status(404)]).await;
    server.now(Answer::status(500));
    let first = Begin { pace: PATIENT, ..Begin::with([webhook("team", &server.url)]) }.start();
    first.post.send(notice(6));
    first.dead(6, "team");
    first.post.send(notice(7));
    first.fails(7, "team");
    rename(&first, "team", webhook("crew", &server.url));
    first.until(7, "crew", |delivery| delivery.attempts == 2);
    server.now(Answer::status(200));
    let second = Begin { earlier: first.left_behind(), ..Begin::with([webhook("crew", &server.url)]) }.start();
    second.delivered(7, "crew");
    second.post.retry(NoticeId(6), "crew").unwrap();
    assert_eq!(second.delivered(6, "crew").state, DeliveryState::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_notice_there_is_one_letter_to_a_channel() {
    let server = Server::always(Answer::status(404)).await;
    let both = [webhook("team", &server.url), webhook("crew", &server.url)];
    let scene = Begin::with(both).start();
    scene.post.send(notice(7));
    scene.dead(7, "team");
    scene.dead(7, "crew");
    // One of them goes, and the other takes its name.
    scene.post.reconcile(vec![webhook("team", &server.url)]);
    rename(&scene, "team", webhook("crew", &server.url));
    assert_eq!(scene.post.dead_letters(9).len(), 1);
    server.now(Answer::status(200));
    scene.post.retry(NoticeId(7), "crew").unwrap();
    scene.delivered(7, "crew");
    assert!(scene.post.dead_letters(9).is_empty());
}
