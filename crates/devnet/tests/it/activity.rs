//! The activity stream (protocols.md 1.6).

use std::time::Duration;

use beatkeeper_core::wire::zynd::{ACTIVITY_PATH, parse_activity};
use beatkeeper_core::witness::Activity;
use beatkeeper_devnet::Devnet;
use serde_json::json;

use super::support::*;

pub(crate) async fn stream(devnet: &Devnet) -> Socket {
    let mut stream = try_dial(devnet, ACTIVITY_PATH).await.unwrap();
    assert_eq!(event(&mut stream).await.0, "connected");
    stream
}

#[tokio::test]
async fn it_begins_with_connected() {
    let devnet = devnet().await;
    let mut stream = try_dial(&devnet, ACTIVITY_PATH).await.unwrap();
    let Heard::Text(first) = hear(&mut stream).await else { panic!("a text frame") };
    assert!(first.starts_with(r#"{"type":"connected","timestamp":""#), "{first}");
    assert!(
        first.contains(r#""data":{"message":"streaming network activity","registry_id":"zns:registry:"#),
        "{first}"
    );
    assert_eq!(parse_activity(&first).unwrap(), Activity::Connected);
}

#[tokio::test]
async fn a_life_in_events() {
    let devnet = devnet_with(|config| config.sweep = Duration::from_millis(20)).await;
    let mut stream = stream(&devnet).await;
    let (key, id) = agent(&devnet, 1);

    let (kind, gossip) = event(&mut stream).await;
    assert_eq!((&*kind, &gossip["data"]["action"]), ("gossip_outgoing", &json!("register")));
    let (kind, registered) = event(&mut stream).await;
    assert_eq!(kind, "entity_registered");
    assert_eq!(registered["data"], json!({"entity_id": id, "name": "agent-1", "category": "general"}));
    let fall_silent = || devnet.edit_record(&id, |record| record.last_heartbeat = in_seconds(-301));
    fall_silent();
    let (kind, inactive) = event(&mut stream).await;
    assert_eq!(
        (&*kind, &inactive["data"]),
        ("entity_became_inactive", &json!({"entity_id": id, "status": "inactive"}))
    );
    assert_eq!(event(&mut stream).await.0, "gossip_outgoing");

    let mut socket = dial(&devnet, &id).await;
    say(&mut socket, beat_now(&key)).await;
    let (kind, active) = event(&mut stream).await;
    assert_eq!((&*kind, &active["data"]), ("entity_became_active", &json!({"entity_id": id, "status": "active"})));
    let (kind, gossip) = event(&mut stream).await;
    assert_eq!(kind, "gossip_outgoing");
    assert_eq!(gossip["data"]["action"], "agent_status");
    assert_eq!(gossip["data"]["hop_count"], 0);
    assert_eq!(gossip["data"]["direction"], "outgoing");
    assert!(gossip["data"]["home_registry"].as_str().unwrap().starts_with("zns:registry:"));
    assert_eq!(event(&mut stream).await.0, "entity_heartbeat");

    // A second beat, and one after having slept on the same socket: no news of activity.
    say(&mut socket, beat_now(&key)).await;
    assert_eq!(event(&mut stream).await.0, "entity_heartbeat");
    fall_silent();
    assert_eq!(event(&mut stream).await.0, "entity_became_inactive");
    assert_eq!(event(&mut stream).await.0, "gossip_outgoing");
    say(&mut socket, beat_now(&key)).await;
    assert_eq!(event(&mut stream).await.0, "entity_heartbeat");

    // A new connection announces again, although the record is active.
    say(&mut dial(&devnet, &id).await, beat_now(&key)).await;
    assert_eq!(event(&mut stream).await.0, "entity_became_active");
}

#[tokio::test]
async fn rejected_beats_make_no_event() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut stream = stream(&devnet).await;
    let mut socket = dial(&devnet, &id).await;
    say(&mut socket, "{}").await;
    say(&mut socket, beat_now(&super::support::key(2))).await;
    say(&mut socket, beat_now(&key)).await;
    assert_eq!(event(&mut stream).await.0, "entity_became_active");
}

#[tokio::test]
async fn a_stream_that_is_not_read_disturbs_nobody() {
    let devnet = devnet().await;
    let slow = stream(&devnet).await;
    let mut quick = stream(&devnet).await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    for _ in 0..300 {
        say(&mut socket, beat_now(&key)).await;
        while event(&mut quick).await.0 != "entity_heartbeat" {}
    }
    assert_eq!((devnet.accepted(&id), devnet.streams()), (300, 2));
    drop(slow);
    devnet.wait_for(|state| state.streams() == 1).await.unwrap();
}

#[tokio::test]
async fn what_a_client_says_is_ignored_and_pings_are_answered() {
    let devnet = devnet().await;
    let mut stream = stream(&devnet).await;
    say(&mut stream, "hello").await;
    assert!(is_open(&mut stream).await);
}
