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
    shown += &format!("{:?}{:?}", scene.rows.lock().unwrap(), scene.post.watch().borrow());
    assert!(shown.len() > 1000 && !shown.contains("hunter2"), "{shown}");
}
