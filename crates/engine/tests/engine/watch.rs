//! A registry's watcher by itself: what it tells the fleet of its stream.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_devnet::{Config, Devnet};
use beatkeeper_engine::registry::{RegistryClient, WatchCommand, WatchSetup, start};
use beatkeeper_engine::{Clock, tls};
use tokio::sync::mpsc;

/// Whether the stream is said to be live, when that is said next.
async fn stream(events: &mut mpsc::Receiver<FleetEvent>) -> bool {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(30), events.recv()).await.expect("a word of the stream");
        if let FleetEvent::Stream { live, .. } = event.expect("the watcher goes on") {
            return live;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_opened_anew_after_sleep_was_not_heard_meanwhile() {
    let devnet = Devnet::start(Config::default()).await.expect("it starts");
    let base: beatkeeper_core::base_url::BaseUrl = devnet.url().parse().expect("a URL");
    let tls = tls::client_config().expect("certificates");
    let clock = Arc::new(Clock::new());
    let client = RegistryClient::new(base.clone(), &tls, Arc::clone(&clock)).expect("a client");
    let (output, mut events) = mpsc::channel(64);
    let watcher = start(WatchSetup {
        name: "devnet".into(),
        base,
        allow_plain: false,
        poll_every: Duration::from_secs(60),
        clock,
        client,
        tls,
        seed: 7,
        output,
    });
    assert!(stream(&mut events).await);
    watcher.tell(WatchCommand::Woke);
    assert!(!stream(&mut events).await, "what was announced meanwhile was not heard");
    assert!(stream(&mut events).await);
    devnet.shutdown().await;
}
