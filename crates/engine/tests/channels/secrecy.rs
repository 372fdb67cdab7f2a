//! A channel's secret is in nothing that is kept, shown or said.

use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};

use crate::http_server::{Answer, Server};
use crate::scene::{Begin, Safe, notice};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_repeats_of_a_secret_is_left_out() {
    let server = Server::start([]).await;
    let secret = format!("{}/services/T0/hunter2", server.url);
    let echo = format!("no hook at {secret}, nor at /services/T0/hunter2");
    server.now(Answer::Status(404, "", echo.clone()));
    let safe = Safe::with("slack", &secret);
    safe.put("discord", &secret);
    safe.put("hook", "hunter2");
    let channels = vec![
        ChannelEntry::new("slack", ChannelKind::Slack),
        ChannelEntry::new("discord", ChannelKind::Discord),
        ChannelEntry { url: Some(server.url.parse().unwrap()), ..ChannelEntry::new("hook", ChannelKind::Webhook) },
    ];
    let scene = Begin { channels, safe, ..Begin::default() }.start();
    scene.post.send(notice(7));
    let mut shown = String::new();
    for channel in ["slack", "discord", "hook"] {
        shown += &scene.dead(7, channel).problem.unwrap();
    }
    assert!(shown.contains("404: no hook at"), "{shown}");
    // The same when nobody answers, and when the address is none.
    server.now(Answer::Reset);
    shown += &format!("{:?}", scene.post.test("slack").await.unwrap_err());
    scene.safe.put("slack", "hunter2 is no address");
    shown += &format!("{:?}", scene.post.test("slack").await.unwrap_err());
    shown += &format!("{:?}{:?}", scene.post.views().await, scene.post.health());
    shown += &format!("{:?}{:?}", scene.rows.lock(), scene.post.watch().borrow());
    assert!(shown.len() > 1000 && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_repeats_of_a_request_shows_neither_address_nor_headers() {
    let server = Server::start([]).await;
    let place = format!("{}/hooks/path-hunter2/x?to=query-hunter2&n=1", server.url);
    let safe = Safe::with("slack", &place);
    safe.put("discord", &place);
    safe.put("hook", "key-hunter2");
    safe.put("phone", "token-hunter2");
    let url = Some(place.parse().unwrap());
    let channels = vec![
        ChannelEntry::new("slack", ChannelKind::Slack),
        ChannelEntry::new("discord", ChannelKind::Discord),
        ChannelEntry { url: url.clone(), ..ChannelEntry::new("hook", ChannelKind::Webhook) },
        ChannelEntry { url, topic: Some("topic-hunter2".into()), ..ChannelEntry::new("phone", ChannelKind::Ntfy) },
    ];
    let scene = Begin { channels, safe, ..Begin::default() }.start();
    for status in [400, 500] {
        for channel in ["slack", "discord", "hook", "phone"] {
            server.now(Answer::Echo(status));
            let echo = scene.post.test(channel).await.unwrap_err().sentence;
            let request = server.requests().pop().unwrap();
            assert!(request.head.contains("/hooks/path-hunter2/x?to=query-hunter2&n=1"), "{}", request.head);
            assert!(echo.contains(&format!("it answers {status}: POST …")), "{echo}");
            assert!(!echo.contains("hunter2"), "{echo}");
            if channel == "hook" {
                assert!(echo.contains("beatkeeper-signature: … "), "{echo}");
            }
            // In any order, in any case, and in words that are the server's own.
            let authorization = request.headers.get("authorization").cloned().unwrap_or_default().to_uppercase();
            let topic = request.json()["topic"].as_str().unwrap_or_default().to_owned();
            for said in [
                format!("{authorization} QUERY-HUNTER2 for {topic} at /hooks/PATH-hunter2"),
                // Where reading ends, within the path.
                format!("{}{}", " ".repeat(4096 - "POST /hooks/path-hun".len()), request.head),
            ] {
                server.now(Answer::Status(status, "", said));
                let sentence = scene.post.test(channel).await.unwrap_err().sentence.to_lowercase();
                assert!(!sentence.contains("hunter") && !sentence.contains("hooks/path"), "{channel}: {sentence}");
            }
        }
    }
}
