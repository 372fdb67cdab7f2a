//! The state machine of the record (protocols.md 1.5).

use std::time::Duration;

use beatkeeper_core::wire::zynd::{Record, record_path};
use beatkeeper_core::witness::RecordFacts;
use beatkeeper_devnet::{Config, Status};

use super::support::*;

fn short(config: &mut Config) {
    config.inactive_after = Duration::from_millis(300);
    config.sweep = Duration::from_millis(50);
    config.read_grace = Duration::from_secs(60);
}

#[tokio::test]
async fn a_fresh_record_is_active_and_has_never_beaten() {
    let devnet = devnet().await;
    let (_, id) = agent(&devnet, 1);
    let shown = get(&devnet, &format!("/{}", record_path(&id))).await.json();
    assert_eq!(shown["status"], "active");
    assert_eq!(shown["last_heartbeat"], shown["registered_at"]);
    let record: Record = serde_json::from_value(shown).unwrap();
    assert_eq!(RecordFacts::from(&record).last_real_beat(), None);
}

#[tokio::test]
async fn silence_is_swept() {
    let devnet = devnet_with(short).await;
    let (_, id) = agent(&devnet, 1);
    let is = |status| {
        let id = id.clone();
        move |state: &beatkeeper_devnet::State| state.record(&id).unwrap().status == status
    };
    devnet.wait_for(is(Status::Inactive)).await.unwrap();
    devnet.edit_record(&id, |record| record.last_heartbeat = in_seconds(-5));
    assert!(is(Status::Inactive)(devnet.state()), "only a beat counts");
}

#[tokio::test]
async fn beats_wake_a_record_on_a_socket_that_stayed_open() {
    let devnet = devnet_with(|config| config.sweep = Duration::from_millis(20)).await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    for beats in 1..=2 {
        devnet.edit_record(&id, |record| record.last_heartbeat = in_seconds(-301));
        devnet.wait_for(|state| state.record(&id).unwrap().status == Status::Inactive).await.unwrap();
        say(&mut socket, beat_now(&key)).await;
        devnet.wait_for(|state| state.accepted(&id) == beats).await.unwrap();
        let record = devnet.record(&id).unwrap();
        assert_eq!(record.status, Status::Active);
        assert!(record.last_heartbeat > in_seconds(-60));
    }
}

#[tokio::test]
async fn the_first_sweep_comes_one_interval_after_the_start() {
    let started = tokio::time::Instant::now();
    let devnet = devnet_with(|config| {
        config.inactive_after = Duration::ZERO;
        config.sweep = Duration::from_millis(400);
    })
    .await;
    let (_, id) = agent(&devnet, 1);
    devnet.wait_for(|state| state.record(&id).unwrap().status == Status::Inactive).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(400), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_late_sweep_is_late() {
    let devnet = devnet_with(short).await;
    let (_, late) = agent(&devnet, 1);
    let (_, soon) = agent(&devnet, 2);
    devnet.fault(fault(&format!("sweep-late=60:{late}"))).await;
    devnet.wait_for(|state| state.record(&soon).unwrap().status == Status::Inactive).await.unwrap();
    assert_eq!(devnet.record(&late).unwrap().status, Status::Active);
    devnet.clear_faults().await;
    devnet.wait_for(|state| state.record(&late).unwrap().status == Status::Inactive).await.unwrap();
}
