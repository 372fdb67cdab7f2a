//! From a notice to a channel that took it, or to a dead letter.

use std::time::Duration;

use beatkeeper_core::alert::DeliveryState;
use beatkeeper_core::notice::{NoticeId, NoticeKind};
use beatkeeper_engine::alerts::channels::Pace;
use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};

use crate::http_server::{Answer, Server};
use crate::scene::{Begin, QUICK, Safe, notice, until, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_twice_has_it_the_third_time_and_is_shown_meanwhile() {
    let words = "a proxy's\npage".to_owned();
    let server = Server::start([Answer::Status(500, "", words), Answer::status(503)]).await;
    let scene = Begin::with([webhook("team", &server.url)]).start();
    let mut troubles = scene.post.watch();
    scene.post.send(notice(7));
    let first = scene.steps(7, "team");
    assert_eq!((first[0].state, first[0].attempts), (DeliveryState::Waiting, 0), "it is kept before it is tried");
    let delivered = scene.delivered(7, "team");
    assert_eq!((delivered.attempts, delivered.problem, delivered.next_at), (3, None, None));
    let problems: Vec<_> = scene.steps(7, "team").into_iter().filter_map(|step| step.problem).collect();
    assert_eq!(problems, ["it answers 500: a proxy's page", "it answers 503"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(
        requests.iter().all(|request| request.body == requests[0].body && request.headers["idempotency-key"] == "7")
    );
    assert!(troubles.has_changed().unwrap());
    assert!(troubles.borrow_and_update().is_empty(), "it takes what it is told again");
    let health = &scene.post.health()[0];
    assert_eq!((health.problem.as_deref(), health.waiting, health.dead), (None, 0, 0));
    assert!(health.last_delivered_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_hangs_delays_no_other_and_is_said_to_fail() {
    let (slow, quick) = (Server::always(Answer::Hang).await, Server::start([]).await);
    let pace = Pace { http: Duration::from_millis(300), ..QUICK };
    let scene = Begin { pace, ..Begin::with([webhook("slow", &slow.url), webhook("quick", &quick.url)]) }.start();
    for id in 10..15 {
        scene.post.send(notice(id));
    }
    scene.delivered(14, "quick");
    assert_eq!(scene.steps(11, "slow").len(), 1, "one at a time, in order");
    assert!(scene.fails(10, "slow").problem.unwrap().contains("no answer within"));
    let mut troubles = scene.post.watch();
    assert!(until(|| troubles.borrow_and_update().first().map(|trouble| trouble.name == "slow")).unwrap());
    slow.now(Answer::status(204));
    scene.delivered(14, "slow");
    let ids: Vec<_> = slow.requests().iter().map(|request| request.headers["idempotency-key"].clone()).collect();
    let mut told = ids.clone();
    told.dedup();
    assert_eq!(told, ["10", "11", "12", "13", "14"], "what happened first is told first");
    assert!(until(|| troubles.borrow_and_update().is_empty().then_some(())).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_is_tried_again() {
    let server = Server::start([Answer::Reset, Answer::Reset]).await;
    let scene = Begin::with([webhook("team", &server.url)]).start();
    scene.post.send(notice(7));
    assert_eq!(scene.delivered(7, "team").attempts, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_a_dead_letter_that_can_be_tried_again() {
    for status in [400, 401, 403, 404, 410] {
        let server = Server::start([Answer::Status(status, "", "gone for good".into())]).await;
        let scene = Begin::with([webhook("team", &server.url)]).start();
        scene.post.send(notice(7));
        scene.post.send(notice(8));
        let dead = scene.dead(7, "team");
        assert_eq!((dead.attempts, dead.problem.unwrap()), (1, format!("it answers {status}: gone for good")));
        scene.delivered(8, "team");
        let letters = scene.post.dead_letters(10);
        assert_eq!((letters.len(), letters[0].1.id), (1, NoticeId(7)));
        assert_eq!(scene.post.health()[0].dead, 1);
        assert_eq!(scene.post.retry(NoticeId(8), "team").unwrap_err().code, "delivery.unknown");
        assert_eq!(scene.post.retry(NoticeId(7), "other").unwrap_err().code, "channel.unknown");
        scene.post.retry(NoticeId(7), "team").unwrap();
        assert_eq!(scene.delivered(7, "team").attempts, 2);
        assert!(scene.post.dead_letters(10).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_for_patience_gets_it() {
    let server = Server::start([Answer::Status(429, "retry-after: 1\r\n", String::new())]).await;
    let scene = Begin::with([webhook("team", &server.url)]).start();
    scene.post.send(notice(7));
    let waits = scene.fails(7, "team");
    let asked = waits.next_at.unwrap().since(waits.at);
    assert!(asked >= Duration::from_secs(1), "{asked:?}");
    let delivered = scene.delivered(7, "team");
    assert!(delivered.at >= waits.next_at.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_a_server_chokes_on_does_not_hold_up_the_next() {
    let server = Server::start(vec![Answer::status(500); 5]).await;
    let scene = Begin::with([webhook("team", &server.url)]).start();
    scene.post.send(notice(7));
    scene.post.send(notice(8));
    let dead = scene.dead(7, "team");
    assert_eq!(dead.problem.unwrap(), "it answers 500 (given up after 5 such answers)");
    assert_eq!(scene.delivered(8, "team").attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_host_is_tried_until_its_time_is_over() {
    // A port that was just free.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let pace = Pace { give_up_after: Duration::from_millis(200), ..QUICK };
    let scene = Begin { pace, ..Begin::with([webhook("team", &url)]) }.start();
    scene.post.send(notice(7));
    assert!(scene.fails(7, "team").problem.unwrap().contains("refused"));
    let dead = scene.dead(7, "team");
    assert!(dead.attempts > QUICK.answers, "more often than one that answers: {dead:?}");
    assert!(dead.problem.unwrap().contains("given up after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_when_the_last_run_ended_is_taken_up_again() {
    let server = Server::always(Answer::Hang).await;
    let first = Begin::with([webhook("team", &server.url)]).start();
    first.post.send(notice(7));
    first.post.send(notice(8));
    // In the middle of a delivery.
    until(|| (server.requests().len() == 1).then_some(())).unwrap();
    let earlier = first.left_behind();
    assert_eq!(earlier.len(), 2);
    drop(first);

    server.now(Answer::status(200));
    let second = Begin { earlier, ..Begin::with([webhook("team", &server.url)]) }.start();
    second.delivered(8, "team");
    let told: Vec<_> = server.requests().iter().map(|request| request.headers["idempotency-key"].clone()).collect();
    assert_eq!(told, ["7", "7", "8"], "at least once, and the receiver can tell");
    let (delivery, body) = (second.delivered(7, "team"), server.requests()[1].json());
    assert_eq!((delivery.attempts, body["id"].as_u64()), (1, Some(7)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_gives_up_its_oldest_and_says_so() {
    let server = Server::always(Answer::Hang).await;
    let pace = Pace { queue: 3, ..QUICK };
    let scene = Begin { pace, ..Begin::with([webhook("team", &server.url)]) }.start();
    scene.post.send(notice(10));
    until(|| (server.requests().len() == 1).then_some(())).unwrap();
    for id in 11..=14 {
        scene.post.send(notice(id));
    }
    for id in [11, 12] {
        assert!(scene.dead(id, "team").problem.unwrap().contains("3 newer notices wait"));
    }
    let health = &scene.post.health()[0];
    assert_eq!((health.waiting, health.dead), (3, 2));
    assert_eq!(scene.steps(10, "team").len(), 1, "the one on its way is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keychain_is_waited_for_and_nothing_dies_of_it() {
    let server = Server::start([]).await;
    let safe = Safe::with("chat", &format!("{}/services/T0", server.url));
    safe.lock(true);
    let pace = Pace { give_up_after: Duration::ZERO, answers: 1, ..QUICK };
    let channels = vec![ChannelEntry::new("chat", ChannelKind::Slack)];
    let scene = Begin { channels, safe, pace, ..Begin::default() }.start();
    scene.post.send(notice(7));
    let waits = scene.fails(7, "chat");
    assert_eq!((waits.attempts, waits.problem.as_deref()), (0, Some("the system keychain is locked")));
    until(|| (scene.steps(7, "chat").len() > 5).then_some(())).unwrap();
    scene.safe.lock(false);
    scene.post.hurry();
    assert_eq!(scene.delivered(7, "chat").attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_told_what_it_wants() {
    let server = Server::start([]).await;
    let only = ChannelEntry { only: Some(vec![NoticeKind::Recovered]), ..webhook("only", &server.url) };
    let off = ChannelEntry { enabled: false, ..webhook("off", &server.url) };
    let scene = Begin::with([webhook("all", &server.url), only, off]).start();
    let mut named = notice(8);
    named.channels = Some(["only".to_owned(), "off".to_owned()].into());
    named.kind = NoticeKind::Recovered;
    scene.post.send(notice(7));
    scene.post.send(named);
    scene.delivered(7, "all");
    scene.delivered(8, "only");
    let wants: Vec<_> = [(7, "only"), (7, "off"), (8, "all"), (8, "off")]
        .into_iter()
        .filter(|(id, channel)| !scene.steps(*id, channel).is_empty())
        .collect();
    assert_eq!(wants, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_followed_within_a_server_and_nowhere_else() {
    let other = Server::start([]).await;
    let away: &'static str = Box::leak(format!("location: {}/x\r\n", other.url).into_boxed_str());
    for (status, location, followed) in
        [(307, "location: /there\r\n", true), (302, "location: /there\r\n", false), (308, away, false)]
    {
        let server = Server::start([Answer::Status(status, location, String::new())]).await;
        let scene = Begin::with([webhook("team", &format!("{}/here", server.url))]).start();
        scene.post.send(notice(7));
        if followed {
            scene.delivered(7, "team");
            let requests = server.requests();
            assert_eq!((requests[1].path.as_str(), &requests[1].body), ("/there", &requests[0].body));
        } else {
            assert!(scene.dead(7, "team").problem.unwrap().contains("moved"));
        }
    }
    assert!(other.requests().is_empty());
}
