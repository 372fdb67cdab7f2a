//! Many at once.

use beatkeeper_core::identity::EntityKind;

use super::support::*;

#[tokio::test]
async fn five_hundred_sockets_beat_on_one_thread() {
    let devnet = devnet().await;
    let keys: Vec<_> = (0..500_u32)
        .map(|number| {
            let mut seed = [7; 32];
            seed[..4].copy_from_slice(&number.to_be_bytes());
            ed25519_dalek::SigningKey::from_bytes(&seed)
        })
        .collect();
    let mut sockets = Vec::new();
    for key in &keys {
        let id = devnet.insert_entity(public(key), "one of many", EntityKind::Agent);
        sockets.push(dial(&devnet, &id).await);
    }
    devnet.wait_for(|state| state.open_sockets() == 500).await.unwrap();
    for (socket, key) in sockets.iter_mut().zip(&keys) {
        say(socket, beat_now(key)).await;
    }
    devnet.wait_for(|state| state.accepted_in_all() == 500).await.unwrap();
    assert_eq!(devnet.len(), 500);
}
