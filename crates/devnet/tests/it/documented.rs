//! The registry as its guide describes it.

use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::wire::zynd_documented::{SHARED_PATH, beat_frame, signed_bytes};
use beatkeeper_devnet::{Config, Devnet, Rejection, Speech, Status};
use ed25519_dalek::SigningKey;
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{PATIENCE, Socket, agent, devnet_with, dial, key, sign};

async fn documented(speaks: Speech) -> Devnet {
    devnet_with(|config: &mut Config| {
        config.speaks = speaks;
        config.inactive_after = Duration::from_millis(300);
        config.sweep = Duration::from_millis(20);
    })
    .await
}

fn frame(key: &SigningKey, id: &EntityId, seconds: i64) -> Message {
    Message::text(beat_frame(id, seconds, &sign(key, signed_bytes(id, seconds))))
}

async fn shared(devnet: &Devnet) -> Socket {
    connect_async(format!("ws://{}/{SHARED_PATH}", devnet.addr())).await.unwrap().0
}

async fn answer(socket: &mut Socket) -> String {
    let next = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
    next.unwrap().unwrap().into_text().unwrap().to_string()
}

#[tokio::test]
async fn a_documented_beat_counts_in_both_places_and_states_are_four() {
    for speaks in [Speech::Documented, Speech::DocumentedShared] {
        let devnet = documented(speaks).await;
        let (key, id) = agent(&devnet, 1);
        let status = |devnet: &Devnet| devnet.record(&id).unwrap().status;
        assert_eq!(status(&devnet), Status::Inactive, "until it beats");
        let mut socket = match speaks {
            Speech::DocumentedShared => shared(&devnet).await,
            Speech::Live | Speech::Documented => dial(&devnet, &id).await,
        };
        socket.send(frame(&key, &id, Timestamp::now().as_second())).await.unwrap();
        devnet.wait_for(|state| state.accepted(&id) == 1).await.unwrap();
        for wanted in [Status::Stale, Status::Offline] {
            devnet.wait_for(|state| state.record(&id).unwrap().status == wanted).await.unwrap();
        }
        socket.send(frame(&key, &id, Timestamp::now().as_second())).await.unwrap();
        devnet.wait_for(|state| state.record(&id).unwrap().status == Status::Active).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_refused_is_answered_and_the_socket_stays() {
    let devnet = documented(Speech::DocumentedShared).await;
    let (right, id) = agent(&devnet, 1);
    let now = Timestamp::now().as_second();
    let mut socket = shared(&devnet).await;
    for (message, word, why) in [
        (frame(&key(9), &id, now), "signature_invalid", Some(Rejection::Signature)),
        (frame(&right, &id, now - 1000), "timestamp_invalid", Some(Rejection::Skew)),
        (Message::text(r#"{"timestamp":"2026-01-02T03:04:05Z","signature":"x"}"#), "invalid_message", None),
    ] {
        socket.send(message).await.unwrap();
        assert!(answer(&mut socket).await.contains(word));
        if let Some(why) = why {
            assert_eq!(devnet.beats(&id).last().unwrap().reason, Some(why));
        }
    }
    socket.send(frame(&right, &id, now)).await.unwrap();
    devnet.wait_for(|state| state.accepted(&id) == 1).await.unwrap();
}

#[tokio::test]
async fn each_registry_has_its_own_paths_only() {
    let live = documented(Speech::Live).await;
    let refused = connect_async(format!("ws://{}/{SHARED_PATH}", live.addr())).await.unwrap_err();
    assert!(matches!(refused, Error::Http(response) if response.status() == 404));
    let shared = documented(Speech::DocumentedShared).await;
    let (_, id) = agent(&shared, 1);
    let refused = connect_async(format!("ws://{}/v1/entities/{id}/ws", shared.addr())).await.unwrap_err();
    assert!(matches!(refused, Error::Http(response) if response.status() == 404));
}
