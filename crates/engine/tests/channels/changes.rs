//! Channels that change while something waits for them, and tests of a person's.

use std::time::Duration;

use beatkeeper_core::notice::NoticeId;
use beatkeeper_engine::alerts::channels::Pace;
use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};

use crate::http_server::{Answer, Server};
use crate::scene::{Begin, PATIENT, QUICK, Safe, notice, until, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_channel_that_goes_is_a_dead_letter_and_not_lost() {
    let server = Server::always(Answer::Hang).await;
    let scene = Begin::with([webhook("team", &server.url), webhook("stays", &server.url)]).start();
    scene.post.send(notice(7));
    scene.post.send(notice(8));
    until(|| (server.requests().len() == 2).then_some(())).unwrap();
    scene.post.reconcile(vec![webhook("stays", &server.url)]);
    for id in [7, 8] {
        assert!(scene.dead(id, "team").problem.unwrap().contains("was removed while this waited"));
    }
    assert_eq!(scene.post.health().len(), 1);
    assert_eq!(scene.post.health()[0].waiting, 2, "the other is left alone");
    assert_eq!(scene.post.retry(NoticeId(7), "team").unwrap_err().code, "channel.unknown");

    // It comes back, elsewhere.
    let other = Server::start([]).await;
    scene.post.reconcile(vec![webhook("team", &other.url)]);
    scene.post.retry(NoticeId(7), "team").unwrap();
    scene.delivered(7, "team");
    assert_eq!(scene.post.dead_letters(9).iter().filter(|(delivery, _)| delivery.channel == "team").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_switched_off_is_told_nothing_until_it_is_on_again() {
    let server = Server::always(Answer::status(500)).await;
    let on = webhook("team", &server.url);
    let off = ChannelEntry { enabled: false, ..on.clone() };
    let scene = Begin { pace: PATIENT, ..Begin::with([on.clone()]) }.start();
    scene.post.send(notice(7));
    scene.fails(7, "team");
    assert!(scene.post.health()[0].problem.is_some());
    scene.post.reconcile(vec![off]);
    assert!(scene.dead(7, "team").problem.unwrap().contains("was switched off while this waited"));
    assert_eq!(scene.post.health()[0].problem, None);
    assert!(scene.post.watch().borrow().is_empty());
    scene.post.send(notice(8));
    scene.post.reconcile(vec![on]);
    server.now(Answer::status(200));
    scene.post.send(notice(9));
    scene.delivered(9, "team");
    assert!(scene.steps(8, "team").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_channel_is_tried_at_once_with_what_waits() {
    let (wrong, right) = (Server::always(Answer::status(500)).await, Server::start([]).await);
    let scene = Begin { pace: PATIENT, ..Begin::with([webhook("team", &wrong.url)]) }.start();
    scene.post.send(notice(7));
    scene.post.send(notice(8));
    scene.fails(7, "team");
    scene.post.reconcile(vec![webhook("team", &wrong.url)]);
    assert!(scene.post.health()[0].problem.is_some(), "nothing changed");
    scene.post.reconcile(vec![webhook("team", &right.url)]);
    scene.delivered(8, "team");
    let told: Vec<_> = right.requests().iter().map(|request| request.headers["idempotency-key"].clone()).collect();
    assert_eq!(told, ["7", "8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_left_for_a_channel_that_is_gone_can_be_seen() {
    let server = Server::always(Answer::status(500)).await;
    let first = Begin { pace: PATIENT, ..Begin::with([webhook("team", &server.url)]) }.start();
    first.post.send(notice(7));
    first.fails(7, "team");
    let second = Begin { earlier: first.left_behind(), ..Begin::default() }.start();
    second.dead(7, "team");
    // And it can be tried again in a run after that, where the channel is there again.
    server.now(Answer::status(200));
    let earlier = second.post.dead_letters(9);
    let third = Begin { earlier, ..Begin::with([webhook("team", &server.url)]) }.start();
    assert_eq!(third.post.dead_letters(9).len(), 1);
    third.post.retry(NoticeId(7), "team").unwrap();
    assert_eq!(third.delivered(7, "team").attempts, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_past_what_waits_and_says_what_came_of_it() {
    let server = Server::start([Answer::status(500)]).await;
    let off = ChannelEntry { enabled: false, ..webhook("off", &server.url) };
    let scene = Begin { pace: PATIENT, ..Begin::with([webhook("team", &server.url), off]) }.start();
    scene.post.send(notice(7));
    scene.fails(7, "team");
    assert!(scene.post.test("team").await.unwrap() < Duration::from_secs(10));
    scene.delivered(7, "team");
    assert_eq!(scene.post.health()[0].problem, None, "a test that arrived proves that it works");
    let kinds: Vec<_> = server.requests().iter().map(|request| request.json()["kind"].clone()).collect();
    assert_eq!(kinds, ["offline", "test", "offline"]);
    assert!(scene.post.test("off").await.is_ok(), "before it is switched on, people want to know");
    assert_eq!(scene.post.test("nobody").await.unwrap_err().code, "channel.unknown");

    server.now(Answer::Status(403, "", "go away".into()));
    let refusal = scene.post.test("team").await.unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.sentence.as_str()),
        ("channel.refused", "team: it answers 403: go away")
    );
    server.now(Answer::status(502));
    assert_eq!(scene.post.test("team").await.unwrap_err().code, "channel.failed");
    server.now(Answer::Reset);
    assert_eq!(scene.post.test("team").await.unwrap_err().code, "channel.unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_has_an_end() {
    let server = Server::always(Answer::Hang).await;
    let pace = Pace { test: Duration::from_millis(100), ..QUICK };
    let scene = Begin { pace, ..Begin::with([webhook("team", &server.url)]) }.start();
    assert_eq!(scene.post.test("team").await.unwrap_err().code, "channel.slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_comes_later_is_used_at_once() {
    let server = Server::start([]).await;
    let channels = vec![ChannelEntry::new("chat", ChannelKind::Slack), webhook("team", &server.url)];
    let scene = Begin { channels, safe: Safe::with("team", "key"), pace: PATIENT, ..Begin::default() }.start();
    scene.post.send(notice(7));
    assert!(scene.dead(7, "chat").problem.unwrap().contains("no webhook address"));
    let has = |views: &[beatkeeper_engine::alerts::channels::ChannelView]| {
        views.iter().map(|view| view.has_secret).collect::<Vec<_>>()
    };
    assert_eq!(has(&scene.post.views().await), [false, true]);
    scene.safe.put("chat", &format!("{}/x", server.url));
    scene.post.secret_changed("chat");
    assert_eq!(has(&scene.post.views().await), [true, true]);
    scene.post.retry(NoticeId(7), "chat").unwrap();
    scene.delivered(7, "chat");
}
