//! Alerts between a real session bus and a notification server of every kind: quick clicks, restarts, and silence.
#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::{Duration, Instant};

use beatkeeper_tests::{Audience, Clicked, Clicks, Key, Manners, Notification, NotificationServer, Notifier, until};
use xtask::rig::{Desktop, Keychain, Notifications, Parts, TrayHost};

const BUS: Parts = Parts { keychain: Keychain::Absent, notifications: Notifications::None, tray_host: TrayHost::None };

/// What the agent's click should come to.
fn opened(agent: &Key, token: Option<&str>) -> (String, Option<String>) {
    (agent.id().as_str().to_owned(), token.map(str::to_owned))
}

#[tokio::test]
async fn a_click_opens_the_agent_exactly_once_however_quick_it_is() {
    let desktop = Desktop::start(BUS).unwrap();
    for clicks in [Clicks::BeforeTheAnswer, Clicks::AfterTheAnswer] {
        for audience in [Audience::Everyone, Audience::Sender] {
            let manners = Manners { clicks, audience, ..Manners::default() };
            let server = NotificationServer::start_with(&desktop, manners).await.unwrap();
            let mut notifier = Notifier::start(&desktop).unwrap();
            let agents: Vec<Key> = (0..20).map(|number| Key::of(&format!("agent {number:02}"))).collect();
            for agent in &agents {
                notifier.show(agent, "went stale").await.unwrap();
            }
            let expected: Vec<_> = agents.iter().map(|agent| opened(agent, None)).collect();
            until("a click for each notice", async || Ok((notifier.opened().len() >= 20).then_some(()))).await.unwrap();
            // One more notice of the first agent: whatever was clicked twice is known by the time that it is opened.
            notifier.show(&agents[0], "is offline").await.unwrap();
            until("the last click", async || Ok((notifier.opened().len() >= 21).then_some(()))).await.unwrap();
            let all = notifier.opened();
            assert_eq!(all[..20], expected, "{clicks:?} {audience:?}");
            assert_eq!(all[20..], [opened(&agents[0], None)], "{clicks:?} {audience:?}");
            // They were closed by their click, so the newer notice replaces none.
            assert_eq!(server.notice("is offline").await.unwrap().replaces, 0);
            drop(notifier);
            server.stop().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_second_click_does_nothing_and_a_newer_notice_takes_the_older_ones_place() {
    let desktop = Desktop::start(BUS).unwrap();
    let server = NotificationServer::start(&desktop).await.unwrap();
    let mut notifier = Notifier::start(&desktop).unwrap();
    let (agent, other) = (Key::of("weather"), Key::of("news"));
    notifier.show(&agent, "weather went stale").await.unwrap();
    notifier.show(&other, "news went stale").await.unwrap();
    let notice = server.notice("weather went stale").await.unwrap();
    let news = server.notice("news went stale").await.unwrap();
    server.click(&notice, "another").await.unwrap();
    server.give_token(&notice, "to the front").await.unwrap();
    server.click(&notice, "default").await.unwrap();
    server.click(&notice, "default").await.unwrap();
    server.click(&news, "default").await.unwrap();
    until("both clicks", async || Ok((notifier.opened().len() >= 2).then_some(()))).await.unwrap();
    assert_eq!(notifier.opened(), [opened(&agent, Some("to the front")), opened(&other, None)]);

    // It is still there, so it is replaced, and the newer one can be clicked.
    notifier.show(&agent, "weather is offline").await.unwrap();
    let newer = server.notice("weather is offline").await.unwrap();
    assert_eq!(newer.replaces, notice.id);
    server.click(&newer, "default").await.unwrap();
    until("the third click", async || Ok((notifier.opened().len() >= 3).then_some(()))).await.unwrap();
    assert_eq!(notifier.opened()[2], opened(&agent, None));

    // What is closed is forgotten. Signals come in order: who heard the click has heard the closing before it.
    let third = Key::of("sports");
    notifier.show(&third, "sports went stale").await.unwrap();
    let marker = server.notice("sports went stale").await.unwrap();
    server.dismiss(&newer).await.unwrap();
    server.click(&marker, "default").await.unwrap();
    until("the fourth click", async || Ok((notifier.opened().len() >= 4).then_some(()))).await.unwrap();
    notifier.show(&agent, "weather recovered").await.unwrap();
    assert_eq!(server.notice("weather recovered").await.unwrap().replaces, 0);
}

#[tokio::test]
async fn fifty_notices_cost_neither_a_thread_nor_a_connection() {
    let desktop = Desktop::start(BUS).unwrap();
    let server = NotificationServer::start(&desktop).await.unwrap();
    let mut notifier = Notifier::start(&desktop).unwrap();
    notifier.show(&Key::of("first"), "the first").await.unwrap();
    server.notice("the first").await.unwrap();
    let (threads, connections) = (notifier.threads().unwrap(), server.connections().await.unwrap());
    for number in 0..50 {
        notifier.show(&Key::of(&format!("agent {number:02}")), &format!("notice {number}")).await.unwrap();
        server.notice(&format!("notice {number}")).await.unwrap();
        assert_eq!(server.connections().await.unwrap(), connections, "after notice {number}");
        // A thread that was needed to connect may have ended meanwhile.
        assert!(notifier.threads().unwrap() <= threads, "after notice {number}");
    }
    // All of them are still listened to.
    let all = server.arrived();
    for notice in &all {
        server.click(notice, "default").await.unwrap();
    }
    until("51 clicks", async || Ok((notifier.opened().len() >= all.len()).then_some(()))).await.unwrap();
    assert_eq!((all.len(), notifier.opened().len()), (51, 51));
}

#[tokio::test]
async fn without_a_server_it_is_said_and_the_next_server_is_given_what_failed() {
    let desktop = Desktop::start(BUS).unwrap();
    let mut notifier = Notifier::start(&desktop).unwrap();
    // It is said before any notice is due.
    notifier.until_problem(Some("nothing owns org.freedesktop.Notifications")).await.unwrap();
    assert!(notifier.problem().await.unwrap().unwrap().contains("Start your desktop's notification server"));
    let mut lost = notifier.show(&Key::of("nobody"), "lost 0").await.unwrap();
    assert!(notifier.until_failed(lost).await.unwrap().again);

    for round in 0..2 {
        let server = NotificationServer::start(&desktop).await.unwrap();
        notifier.until_problem(None).await.unwrap();
        server.notice(&format!("lost {round}")).await.unwrap();
        notifier.until_shown(lost).await.unwrap();
        let agent = Key::of("weather");
        let title = format!("shown in round {round}");
        notifier.show(&agent, &title).await.unwrap();
        let notice = server.notice(&title).await.unwrap();
        // The numbers of the server before this one mean nothing to it.
        assert_eq!(notice.replaces, 0);
        server.click(&notice, "default").await.unwrap();
        until("the click", async || Ok((notifier.opened().len() > round).then_some(()))).await.unwrap();
        assert_eq!(notifier.opened().len(), round + 1);
        // It ends over a notice that it was given, and there is no other one yet.
        let calls = server.calls();
        server.hang(true);
        lost = notifier.show(&Key::of("nobody"), &format!("lost {}", round + 1)).await.unwrap();
        until("the notice at the server", async || Ok((server.calls() > calls).then_some(()))).await.unwrap();
        server.stop().await.unwrap();
        notifier.until_problem(Some("nothing owns")).await.unwrap();
        assert!(notifier.until_failed(lost).await.unwrap().again);
    }
}

#[tokio::test]
async fn when_the_bus_restarts_everything_is_shown() {
    let mut desktop = Desktop::start(BUS).unwrap();
    let server = NotificationServer::start(&desktop).await.unwrap();
    let mut notifier = Notifier::start(&desktop).unwrap();
    let agent = Key::of("weather");
    notifier.show(&agent, "before").await.unwrap();
    server.notice("before").await.unwrap();

    desktop.children().crash("dbus-daemon");
    drop(server);
    notifier.show(&Key::of("news"), "without a bus").await.unwrap();
    notifier.until_problem(Some("there is no session bus")).await.unwrap();

    let config = desktop.dir().join("bus.conf");
    let mut daemon = Command::new("dbus-daemon");
    daemon.arg("--nofork").arg(format!("--config-file={}", config.display()));
    desktop.spawn("dbus-daemon", daemon).unwrap();
    let server = until("a server on the new bus", async || Ok(NotificationServer::start(&desktop).await.ok()));
    let server = server.await.unwrap();
    notifier.show(&agent, "after").await.unwrap();
    let notice = server.notice("after").await.unwrap();
    notifier.until_problem(None).await.unwrap();
    server.click(&notice, "default").await.unwrap();
    until("the click", async || Ok((!notifier.opened().is_empty()).then_some(()))).await.unwrap();
    assert_eq!(notifier.opened(), [opened(&agent, None)]);
    server.notice("without a bus").await.unwrap();
}

#[tokio::test]
async fn a_server_that_hangs_blocks_nobody_and_is_not_given_a_backlog() {
    let desktop = Desktop::start(BUS).unwrap();
    let server = NotificationServer::start(&desktop).await.unwrap();
    let mut notifier = Notifier::start(&desktop).unwrap();
    let agents: Vec<Key> = (0..4).map(|number| Key::of(&format!("agent {number}"))).collect();
    notifier.show(&agents[0], "in time").await.unwrap();
    server.notice("in time").await.unwrap();

    let calls = server.calls();
    server.hang(true);
    let hung = Instant::now();
    let unanswered = notifier.show(&agents[1], "late").await.unwrap();
    until("the server to be asked", async || Ok((server.calls() > calls).then_some(()))).await.unwrap();
    for number in 0..1000 {
        notifier.show(&agents[2], &format!("outdated {number}")).await.unwrap();
    }
    notifier.show(&agents[2], "outdated too").await.unwrap();
    notifier.show(&agents[3], "the last").await.unwrap();
    // Whoever shows is answered at once, and the server is given up on after its time.
    assert_eq!(notifier.problem().await.unwrap(), None);
    assert!(hung.elapsed() < Duration::from_secs(5), "showing waited for {:?}", hung.elapsed());
    notifier.until_problem(Some("did not answer within 5 s")).await.unwrap();
    assert!(hung.elapsed() >= Duration::from_secs(5), "given up on after {:?}", hung.elapsed());

    // It is asked for each of the others, and not given them: 5 s later the next one has its turn.
    until("the last one's turn", async || Ok((server.calls() >= calls + 3).then_some(()))).await.unwrap();
    assert!(hung.elapsed() >= Duration::from_secs(10), "given up on after {:?}", hung.elapsed());
    assert_eq!(server.calls(), calls + 3);

    // It gets to its work again: what it had been given appears, and what it had not follows, the newest of each alone.
    assert!(notifier.until_failed(unanswered).await.unwrap().again);
    server.hang(false);
    let late = server.notice("late").await.unwrap();
    notifier.until_shown(unanswered).await.unwrap();
    server.click(&late, "default").await.unwrap();
    until("the click on the late notice", async || Ok((!notifier.opened().is_empty()).then_some(()))).await.unwrap();
    assert_eq!(notifier.opened(), [opened(&agents[1], None)]);
    notifier.show(&agents[0], "in time again").await.unwrap();
    let again = server.notice("in time again").await.unwrap();
    assert_eq!(again.replaces, server.arrived()[0].id);
    notifier.until_problem(None).await.unwrap();
    for title in ["outdated too", "the last"] {
        server.notice(title).await.unwrap();
    }
    let mut titles: Vec<String> = server.arrived().into_iter().map(|notice| notice.title).collect();
    titles.sort();
    assert_eq!(titles, ["in time", "in time again", "late", "outdated too", "the last"]);
}

#[tokio::test]
async fn a_notice_offers_what_the_server_and_the_program_can_do() {
    let desktop = Desktop::start(BUS).unwrap();
    let agent = Key::of("weather");
    let all = vec!["default", "Open", "open", "Open", "restart", "Restart", "snooze", "Snooze 1 h"];
    for (capabilities, headless, actions, body) in [
        (vec!["body", "actions", "body-markup"], false, all.clone(), "a &lt;b&gt; &amp; c"),
        (vec!["body", "actions"], false, all, "a <b> & c"),
        (vec!["body", "body-markup"], false, vec![], "a &lt;b&gt; &amp; c"),
        (vec!["body", "actions", "body-markup"], true, vec![], "a &lt;b&gt; &amp; c"),
    ] {
        let manners = Manners { capabilities, ..Manners::default() };
        let server = NotificationServer::start_with(&desktop, manners.clone()).await.unwrap();
        let start = if headless { Notifier::start_headless } else { Notifier::start };
        let mut notifier = start(&desktop).unwrap();
        notifier.show_text(&agent, "weather\0 <b>", "a <b> & c").await.unwrap();
        let notice = server.notice("weather <b>").await.unwrap();
        assert_eq!((notice.actions, notice.body.as_str()), (actions.iter().map(ToString::to_string).collect(), body));
        assert_eq!((notice.app.as_str(), notice.urgency), ("Beatkeeper", Some(1)), "{manners:?}");
        drop(notifier);
        server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn each_button_says_what_to_do_and_with_whom() {
    let desktop = Desktop::start(BUS).unwrap();
    let server = NotificationServer::start(&desktop).await.unwrap();
    let mut notifier = Notifier::start(&desktop).unwrap();
    let (weather, news) = (Key::of("weather"), Key::of("news"));
    notifier.show_as(1, &[&weather], "offline", "one is offline", "", &[]).await.unwrap();
    notifier.show_as(2, &[&weather, &news], "offline", "two are offline", "", &[]).await.unwrap();
    notifier.show_as(3, &[&weather], "recovered", "one recovered", "", &[]).await.unwrap();
    let one = server.notice("one is offline").await.unwrap();
    let two = server.notice("two are offline").await.unwrap();
    let good = server.notice("one recovered").await.unwrap();
    let labels = |notice: &Notification| notice.actions.iter().skip(3).step_by(2).cloned().collect::<Vec<_>>();
    assert_eq!(
        [labels(&one), labels(&two), labels(&good)],
        [
            vec!["Open".to_owned(), "Restart".to_owned(), "Snooze 1 h".to_owned()],
            vec!["Open".to_owned()],
            vec!["Open".to_owned()],
        ]
    );
    assert_eq!([one.urgency, good.urgency], [Some(2), Some(0)]);
    assert_eq!([one.transient, good.transient], [false, true]);

    server.give_token(&one, "to the front").await.unwrap();
    server.click(&one, "open").await.unwrap();
    for (notice, action) in
        [(&one, "restart"), (&one, "snooze"), (&one, "snooze"), (&two, "restart"), (&two, "default")]
    {
        server.click(notice, action).await.unwrap();
    }
    until("the clicks", async || Ok((notifier.clicked().len() >= 4).then_some(()))).await.unwrap();
    let click = |notice, agents: &[&Key], action: &str| Clicked {
        notice,
        agents: agents.iter().map(|agent| agent.id().as_str().to_owned()).collect(),
        action: action.to_owned(),
        token: None,
    };
    let open = Clicked { token: Some("to the front".to_owned()), ..click(1, &[&weather], "open") };
    let rest =
        [click(1, &[&weather], "restart"), click(1, &[&weather], "snooze"), click(2, &[&weather, &news], "open")];
    assert_eq!(notifier.clicked()[0], open);
    assert_eq!(notifier.clicked()[1..], rest);
}

#[tokio::test]
async fn a_notice_takes_a_place_that_is_its_own_or_superseded_and_goes_when_it_is_over() {
    let desktop = Desktop::start(BUS).unwrap();
    let server = NotificationServer::start(&desktop).await.unwrap();
    let mut notifier = Notifier::start(&desktop).unwrap();
    let keys: Vec<Key> = (0..3).map(|number| Key::of(&format!("agent {number}"))).collect();
    notifier.show_as(1, &[&keys[0]], "stale", "one", "", &[]).await.unwrap();
    notifier.show_as(2, &[&keys[1]], "stale", "two", "", &[]).await.unwrap();
    notifier.show_as(3, &[&keys[2]], "stale", "three", "", &[]).await.unwrap();
    let [one, two, three] = [
        server.notice("one").await.unwrap(),
        server.notice("two").await.unwrap(),
        server.notice("three").await.unwrap(),
    ];
    notifier.show_as(1, &[&keys[0], &keys[1]], "stale", "one has grown", "", &[]).await.unwrap();
    let grown = server.notice("one has grown").await.unwrap();
    assert_eq!(grown.replaces, one.id);

    // The first of the superseded is replaced, the others go.
    let all: Vec<&Key> = keys.iter().collect();
    notifier.show_as(4, &all, "offline", "all", "", &[9, 2, 1]).await.unwrap();
    let last = server.notice("all").await.unwrap();
    assert_eq!(last.replaces, two.id);
    until("the superseded to go", async || Ok((server.closed() == [one.id]).then_some(()))).await.unwrap();
    notifier.withdraw(&[1, 2, 3]).await.unwrap();
    until("what is over to go", async || Ok((server.closed() == [one.id, three.id]).then_some(()))).await.unwrap();

    // What is over before it could be shown is not shown: whoever hangs gets the next one at once.
    server.hang(true);
    let calls = server.calls();
    notifier.show_as(5, &[&keys[0]], "stale", "five", "", &[]).await.unwrap();
    until("the notice at the server", async || Ok((server.calls() > calls).then_some(()))).await.unwrap();
    notifier.show_as(6, &[&keys[1]], "stale", "six", "", &[]).await.unwrap();
    notifier.withdraw(&[6]).await.unwrap();
    assert!(!notifier.until_failed(6).await.unwrap().again);
    server.hang(false);
    notifier.until_shown(5).await.unwrap();
    notifier.show_as(7, &[&keys[1]], "stale", "seven", "", &[]).await.unwrap();
    server.notice("seven").await.unwrap();
    assert!(server.arrived().iter().all(|notice| notice.title != "six"), "{:?}", server.arrived());
}
