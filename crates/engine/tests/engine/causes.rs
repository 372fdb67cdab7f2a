//! Every cause has its verdict: faults are ordered from the registry, and the engine has to find out.

use beatkeeper_core::identity::EntityKind;
use beatkeeper_devnet::{Fault, FaultKind};
use beatkeeper_engine::command::Command;

use crate::scene::{Scene, id, public};

async fn verdict_under(fault: &str, code: &str) {
    let scene = Scene::new(&[1]).await;
    scene.devnet().fault(fault.parse().expect("a fault")).await;
    let id = scene.import(1).await;
    let agent = scene.until_verdict(&id, code).await;
    assert!(!agent["verdict"]["remedy"].as_str().unwrap_or_default().is_empty(), "{agent:#}");
    scene.devnet().clear_faults().await;
    scene.execute(Command::AgentRetry { id: id.clone() }).await.expect("dialled again");
    scene.until_verdict(&id, "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_agent() {
    verdict_under("not-found", "registry.not_registered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_strips_the_upgrade() {
    verdict_under("bad-request", "link.upgrade_stripped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_base_url() {
    verdict_under("redirect", "link.redirected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_in_trouble() {
    verdict_under("error=503", "link.server_error").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_asks_for_patience() {
    verdict_under("rate-limit", "link.rate_limited").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_refuses() {
    verdict_under("refuse", "link.refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beats_that_are_accepted_and_ignored() {
    verdict_under("ignore", "beats.ignored").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ninety_seconds_off() {
    let scene = Scene::new(&[1]).await;
    scene.devnet().fault(Fault::all(FaultKind::Skew(-90))).await;
    let id = scene.import(1).await;
    let agent = scene.until_verdict(&id, "clock.own").await;
    let sentence = agent["verdict"]["sentence"].as_str().unwrap_or_default();
    assert!(["89 s ahead", "90 s ahead", "91 s ahead"].iter().any(|says| sentence.contains(says)), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_deleted_while_the_socket_stays_open() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    scene.devnet().remove_entity(&id);
    let deleted = scene.until_verdict(&id, "registry.deleted").await;
    let (sentence, remedy) = (&deleted["verdict"]["sentence"], &deleted["verdict"]["remedy"]);
    assert!(sentence.as_str().is_some_and(|says| says.contains("while we were connected")), "{deleted:#}");
    assert!(remedy.as_str().is_some_and(|says| says.contains("beatkeeper agent register")), "{deleted:#}");
    scene.devnet().insert_entity(public(1), "agent-1", EntityKind::Agent);
    scene.until_verdict(&id, "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_known_by_gossip_alone() {
    verdict_under("gossip-copy", "registry.gossip_copy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_deleted_at_its_home_registry() {
    verdict_under("tombstone", "registry.tombstoned").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_keeps_dropping() {
    let scene = Scene::new(&[1]).await;
    scene.devnet().fault("drop-after=1.5".parse().expect("a fault")).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "link.flapping").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_activity_stream_beats_are_confirmed_by_the_record() {
    let scene = Scene::new(&[1]).await;
    scene.devnet().fault("no-activity".parse().expect("a fault")).await;
    let id = scene.import(1).await;
    scene.until(&id, "confirmed by polls", |agent| agent["beats"]["confirmed"].as_u64() >= Some(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_activity_stream_does_not_cost_a_confirmation() {
    let scene = Scene::new(&[1]).await;
    scene.devnet().fault("stall-activity".parse().expect("a fault")).await;
    let id = scene.import(1).await;
    scene.until(&id, "confirmed by the record", |agent| agent["beats"]["confirmed"].as_u64() >= Some(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_a_server_sends_stops_the_engine() {
    let scene = Scene::new(&[1, 2]).await;
    for number in [1, 2] {
        scene.import(number).await;
    }
    scene.until_verdict(&id(1), "ok").await;
    for fault in ["html", "empty", "half-json", "huge", "noise"] {
        scene.devnet().clear_faults().await;
        scene.devnet().fault(fault.parse().expect("a fault")).await;
        scene.devnet().fault("drop".parse().expect("a fault")).await;
        if fault != "noise" {
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
            loop {
                let registries = scene.execute(Command::Registries).await.expect("registries");
                if registries[0]["problem"].is_string() {
                    break;
                }
                assert!(std::time::Instant::now() < deadline, "{fault}: {registries:#}");
                tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            }
        }
    }
    scene.devnet().clear_faults().await;
    for number in [1, 2] {
        scene.execute(Command::AgentRetry { id: id(number) }).await.expect("dialled again");
        scene.until_verdict(&id(number), "ok").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_open_on_our_side_only() {
    let scene = Scene::new(&[1]).await;
    scene.write_config(&scene.config().replace("thresholds", "ping = { after = 1, within = 1 }\nthresholds"));
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    scene.devnet().fault(format!("half-open:{id}").parse().expect("a fault")).await;
    let lost = scene.until(&id, "found out", |agent| agent["link"]["reason"]["code"] == "link.half_open").await;
    assert_ne!(lost["link"]["state"], "open", "{lost:#}");
    scene.devnet().clear_faults().await;
    scene.until_verdict(&id, "ok").await;
    assert_eq!(scene.agent(&id).await["reconnects_24h"], 1);
}
