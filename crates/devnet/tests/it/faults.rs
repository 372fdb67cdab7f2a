//! Every fault, as a client meets it.

use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::wire::zynd::{ACTIVITY_PATH, heartbeat_path, record_path};
use beatkeeper_devnet::{Devnet, FaultKind, Rejection};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::activity::stream;
use super::support::*;

/// Two agents: one that a fault is ordered for, and one that it must leave alone.
async fn two() -> (Devnet, EntityId, EntityId) {
    let devnet = devnet().await;
    let (_, one) = agent(&devnet, 1);
    let (_, other) = agent(&devnet, 2);
    (devnet, one, other)
}

async fn record(devnet: &Devnet, id: &EntityId) -> Reply {
    get(devnet, &format!("/{}", record_path(id))).await
}

async fn dialled(devnet: &Devnet, id: &EntityId) -> u16 {
    status(try_dial(devnet, &heartbeat_path(id)).await)
}

#[tokio::test]
async fn refuse_closes_the_listener_and_spares_sockets() {
    let (devnet, one, _) = two().await;
    let mut socket = dial(&devnet, &one).await;
    devnet.fault(fault("refuse")).await;
    assert!(TcpStream::connect(devnet.addr()).await.is_err());
    assert!(is_open(&mut socket).await);
    devnet.clear_faults().await;
    assert_eq!(record(&devnet, &one).await.status, 200);
}

#[tokio::test]
async fn refuse_with_a_time_ends_by_itself() {
    let (devnet, ..) = two().await;
    let since = Instant::now();
    devnet.fault(fault("refuse=0.3")).await;
    assert!(TcpStream::connect(devnet.addr()).await.is_err());
    while TcpStream::connect(devnet.addr()).await.is_err() {
        assert!(since.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    assert!(since.elapsed() >= Duration::from_millis(300));
    assert_eq!(devnet.faults(), []);
}

#[tokio::test]
async fn refuse_for_one_hangs_up_on_it() {
    let (devnet, one, other) = two().await;
    devnet.fault(fault_of(&one, FaultKind::Refuse(None))).await;
    let request = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", record_path(&one));
    assert!(try_ask(devnet.addr(), &request).await.is_err());
    assert!(try_dial(&devnet, &heartbeat_path(&one)).await.is_err());
    assert_eq!(record(&devnet, &other).await.status, 200);
}

#[tokio::test]
async fn drop_kills_what_is_open_now() {
    let (devnet, one, other) = two().await;
    let (mut a, mut b) = (dial(&devnet, &one).await, dial(&devnet, &other).await);
    let mut activity = stream(&devnet).await;
    devnet.fault(fault_of(&one, FaultKind::Drop)).await;
    assert_eq!(hear(&mut a).await, Heard::Dropped);
    assert!(is_open(&mut b).await && is_open(&mut activity).await);
    assert!(is_open(&mut dial(&devnet, &one).await).await, "a new one is not concerned");
    devnet.fault(fault("drop")).await;
    assert_eq!(hear(&mut b).await, Heard::Dropped);
    assert_eq!(hear(&mut activity).await, Heard::Dropped);
    assert_eq!(devnet.faults(), []);
}

#[tokio::test]
async fn drop_after_drops_every_connection() {
    let (devnet, one, other) = two().await;
    let mut other = dial(&devnet, &other).await;
    devnet.fault(fault(&format!("drop-after=0.2:{one}"))).await;
    for _ in 0..2 {
        let since = Instant::now();
        let mut socket = dial(&devnet, &one).await;
        assert_eq!(hear(&mut socket).await, Heard::Dropped);
        assert!(since.elapsed() >= Duration::from_millis(200), "{:?}", since.elapsed());
    }
    assert!(is_open(&mut other).await);
}

#[tokio::test]
async fn ignore_takes_beats_and_does_not_count_them() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let before = devnet.record(&id).unwrap();
    devnet.fault(fault_of(&id, FaultKind::Ignore)).await;
    let mut activity = stream(&devnet).await;
    let mut socket = dial(&devnet, &id).await;
    say(&mut socket, beat_now(&key)).await;
    devnet.wait_for(|state| state.beats(&id).len() == 1).await.unwrap();
    assert_eq!(devnet.beats(&id)[0].reason, Some(Rejection::Ignored));
    assert_eq!(devnet.record(&id).unwrap(), before);
    assert!(is_open(&mut socket).await);
    devnet.clear_faults().await;
    say(&mut socket, beat_now(&key)).await;
    assert_eq!(event(&mut activity).await.0, "entity_became_active", "nothing was told before");
}

#[tokio::test]
async fn slow_is_slow() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    devnet.fault(fault(&format!("slow=200:{id}"))).await;
    let since = Instant::now();
    assert_eq!(record(&devnet, &id).await.status, 200);
    assert!(since.elapsed() >= Duration::from_millis(200));
    let since = Instant::now();
    say(&mut socket, beat_now(&key)).await;
    devnet.wait_for(|state| state.accepted(&id) == 1).await.unwrap();
    assert!(since.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn skew_moves_the_registrys_clock() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    devnet.fault(fault("skew=90")).await;
    let reply = get(&devnet, "/health").await;
    let date = jiff::fmt::rfc2822::parse(reply.header("date").unwrap()).unwrap().timestamp();
    assert!((88..=92).contains(&(date.as_second() - jiff::Timestamp::now().as_second())));
    say(&mut socket, beat_now(&key)).await;
    devnet.wait_for(|state| state.beats(&id).len() == 1).await.unwrap();
    assert_eq!(devnet.beats(&id)[0].reason, Some(Rejection::Skew));
    // A client that goes by the registry's clock is understood.
    say(&mut socket, beat_at(&key, &in_seconds(90).strftime("%Y-%m-%dT%H:%M:%SZ").to_string())).await;
    devnet.wait_for(|state| state.accepted(&id) == 1).await.unwrap();
    assert!(devnet.record(&id).unwrap().last_heartbeat > in_seconds(80));
}

#[tokio::test]
async fn skew_for_one_judges_only_its_beats() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let (other_key, other) = agent(&devnet, 2);
    devnet.fault(fault_of(&id, FaultKind::Skew(-90))).await;
    say(&mut dial(&devnet, &other).await, beat_now(&other_key)).await;
    devnet.wait_for(|state| state.accepted(&other) == 1).await.unwrap();
    say(&mut dial(&devnet, &id).await, beat_now(&key)).await;
    devnet.wait_for(|state| state.beats(&id).len() == 1).await.unwrap();
    assert_eq!(devnet.beats(&id)[0].reason, Some(Rejection::Skew));
}

#[tokio::test]
async fn answers_that_are_not_the_registrys() {
    let (devnet, one, other) = two().await;
    let ordered = async |text: &str| {
        devnet.clear_faults().await;
        devnet.fault(fault(&format!("{text}:{one}"))).await;
        assert_eq!(record(&devnet, &other).await.status, 200, "{text} leaves others alone");
        record(&devnet, &one).await
    };
    assert_eq!(ordered("not-found").await.error(), (404, "entity not found".into()));
    assert_eq!(dialled(&devnet, &one).await, 404);
    assert_eq!(get(&devnet, "/v1/entities").await.json()["count"], 1);

    assert_eq!(ordered("bad-request").await.status, 200, "only the socket is concerned");
    assert_eq!(dialled(&devnet, &one).await, 400);

    let reply = ordered("redirect").await;
    assert_eq!(reply.header("location"), Some(&*format!("https://{}/{}", devnet.addr(), record_path(&one))));
    assert_eq!((reply.status, dialled(&devnet, &one).await), (301, 301));

    assert_eq!(ordered("error=503").await.status, 503);
    assert_eq!(dialled(&devnet, &one).await, 503);

    let reply = ordered("rate-limit=7").await;
    assert_eq!((reply.error().0, reply.header("retry-after")), (429, Some("7")));
    assert!(ordered("rate-limit").await.header("retry-after").is_none());
    assert_eq!(dialled(&devnet, &one).await, 429);

    let reply = ordered("html").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(reply.body.starts_with("<!DOCTYPE html>"));
    assert_eq!(dialled(&devnet, &one).await, 200);

    let reply = ordered("empty").await;
    assert_eq!((reply.status, &*reply.body), (200, ""));

    let reply = ordered("half-json").await;
    assert!(reply.status == 200 && reply.body.starts_with("{\"entity_id\":"));
    assert!(serde_json::from_str::<serde_json::Value>(&reply.body).is_err());
    assert_eq!(dialled(&devnet, &one).await, 200);

    let reply = ordered("huge").await;
    assert_eq!((reply.status, reply.body.len() > 10 * 1024 * 1024), (200, true));
}

#[tokio::test]
async fn faults_of_all_concern_every_route() {
    let (devnet, one, _) = two().await;
    devnet.fault(fault("error=500")).await;
    for path in ["/health", "/v1/entities", "/v1/info", &format!("/{}", record_path(&one))] {
        assert_eq!(get(&devnet, path).await.status, 500, "{path}");
    }
    assert_eq!(status(try_dial(&devnet, ACTIVITY_PATH).await), 500);
    devnet.clear_faults().await;
    devnet.fault(fault("not-found")).await;
    assert_eq!(record(&devnet, &one).await.status, 404);
    assert_eq!(get(&devnet, "/health").await.status, 200);
}

#[tokio::test]
async fn a_stalled_stream_is_open_and_says_nothing() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut activity = stream(&devnet).await;
    devnet.fault(fault("stall-activity")).await;
    let mut socket = dial(&devnet, &id).await;
    say(&mut socket, beat_now(&key)).await;
    devnet.wait_for(|state| state.accepted(&id) == 1).await.unwrap();
    assert!(is_open(&mut activity).await, "and nothing came before the pong");
    devnet.clear_faults().await;
    say(&mut socket, beat_now(&key)).await;
    assert_eq!(event(&mut activity).await.0, "entity_heartbeat");
}

#[tokio::test]
async fn half_open_is_silence_until_it_ends() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    assert!(is_open(&mut socket).await);
    devnet.fault(fault_of(&id, FaultKind::HalfOpen)).await;
    // Written without an error, and never read.
    say(&mut socket, beat_now(&key)).await;
    let answered = timeout(Duration::from_millis(300), is_open(&mut socket)).await;
    assert!(answered.is_err(), "no pong, no end: {answered:?}");
    assert_eq!((devnet.beats(&id), devnet.sockets(&id)), (vec![], 1));
    devnet.clear_faults().await;
    devnet.wait_for(|state| state.accepted(&id) == 1).await.unwrap();
    assert_eq!(hear(&mut socket).await, Heard::Pong);
}

#[tokio::test]
async fn no_activity_ends_streams_and_answers_404() {
    let devnet = devnet().await;
    let mut activity = stream(&devnet).await;
    devnet.fault(fault("no-activity")).await;
    assert_eq!(hear(&mut activity).await, Heard::Dropped);
    assert_eq!(status(try_dial(&devnet, ACTIVITY_PATH).await), 404);
}

#[tokio::test]
async fn noise_is_what_no_registry_says() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut activity = stream(&devnet).await;
    devnet.fault(fault("noise")).await;
    let mut socket = dial(&devnet, &id).await;
    say(&mut socket, beat_now(&key)).await;
    for socket in [&mut socket, &mut activity] {
        let Heard::Text(noise) = hear(socket).await else { panic!("noise") };
        assert!(serde_json::from_str::<serde_json::Value>(&noise).is_err());
    }
    assert_eq!(event(&mut activity).await.0, "entity_became_active");
}

#[tokio::test]
async fn faults_are_ordered_over_http_and_at_the_start() {
    let (devnet, one, _) = two().await;
    let order = async |body: serde_json::Value| post(&devnet, "/devnet/faults", &body.to_string()).await;
    let listed = order(json!({"entity": one, "fault": "drop-after", "seconds": 12})).await;
    assert_eq!(listed.json()["faults"], json!([format!("drop-after=12:{one}")]));
    let listed = order(json!({"fault": "error=502"})).await;
    assert_eq!(listed.json()["faults"], json!([format!("drop-after=12:{one}"), "error=502"]));
    let listed = order(json!({"fault": "error", "code": 503})).await;
    assert_eq!(listed.json()["faults"][1], "error=503", "the same kind is replaced");
    assert_eq!(get(&devnet, "/devnet/faults").await.status, 200, "no fault reaches this route");
    let (status, sentence) = order(json!({"fault": "explode"})).await.error();
    assert!(status == 400 && sentence.contains("Choose one of refuse[=SECONDS], drop"), "{sentence}");
    assert_eq!(ask(devnet.addr(), "DELETE", "/devnet/faults", &[], "").await.json(), json!({"faults": []}));
    assert_eq!(record(&devnet, &one).await.status, 200);
    assert_eq!(order(json!({"fault": "refuse=0.2"})).await.status, 200, "the order itself is still answered");

    let devnet = devnet_with(|config| config.faults = vec![fault("slow=1"), fault("html")]).await;
    assert_eq!(devnet.faults(), [fault("slow=1"), fault("html")]);
    assert_eq!(get(&devnet, "/health").await.header("content-type"), Some("text/html; charset=utf-8"));
    let devnet = devnet.restart().await.unwrap();
    assert_eq!(devnet.faults().len(), 2);
}

#[tokio::test]
async fn beats_can_be_seen_over_http() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    say(&mut socket, beat_now(&key)).await;
    say(&mut socket, "{}").await;
    devnet.wait_for(|state| state.beats(&id).len() == 2).await.unwrap();
    let seen = get(&devnet, &format!("/devnet/entities/{id}")).await.json();
    assert_eq!((&seen["sockets"], &seen["accepted"], &seen["registered"]), (&json!(1), &json!(1), &json!(true)));
    assert_eq!(seen["beats"][1]["reason"], "invalid timestamp");
}

#[tokio::test]
async fn an_entity_that_is_known_by_gossip_has_a_record_and_no_socket() {
    let (devnet, one, other) = two().await;
    for (word, tombstoned) in [("gossip-copy", false), ("tombstone", true)] {
        devnet.clear_faults().await;
        devnet.fault(fault(&format!("{word}:{one}"))).await;
        let reply = record(&devnet, &one).await;
        let copy = reply.json();
        assert_eq!((reply.status, &copy["tombstoned"], &copy["entity_url"]), (200, &json!(tombstoned), &json!("")));
        assert_eq!(copy["home_registry"], "home.registry.example");
        for missing in ["last_heartbeat", "public_key", "registered_at", "owner"] {
            assert!(copy.get(missing).is_none(), "{missing} in {copy:#}");
        }
        assert_eq!(copy["tombstone_at"].is_string(), tombstoned);
        assert_eq!(dialled(&devnet, &one).await, 404);
        assert!(is_open(&mut dial(&devnet, &other).await).await);
        assert_eq!(get(&devnet, "/v1/entities").await.json()["count"], 1);
    }
    devnet.clear_faults().await;
    assert!(record(&devnet, &one).await.json()["last_heartbeat"].is_string());
}
