//! The accept and reject matrix, line by line (protocols.md 1.4, 1.11).

use beatkeeper_core::identity::EntityKind;
use beatkeeper_core::wire::zynd::{beat_timestamp, heartbeat_path};
use beatkeeper_devnet::Rejection;
use futures_util::SinkExt as _;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::support::*;

/// Sends frames one by one and wants the same verdict of each, in silence and on one open socket.
async fn each_is(verdict: Option<Rejection>, frames: &[(&str, String)]) {
    let devnet = devnet().await;
    let (_, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    for (count, (what, frame)) in frames.iter().enumerate() {
        say(&mut socket, frame.as_str()).await;
        devnet.wait_for(|state| state.beats(&id).len() == count + 1).await.unwrap();
        assert_eq!(devnet.beats(&id)[count].reason, verdict, "{what}");
        assert_eq!(devnet.beats(&id)[count].accepted, verdict.is_none(), "{what}");
        assert!(is_open(&mut socket).await, "{what}");
    }
    assert_eq!(devnet.accepted(&id), if verdict.is_none() { frames.len() as u64 } else { 0 });
}

#[tokio::test]
async fn accepted_timestamps() {
    let key = key(1);
    let at = |seconds, format| {
        let local = in_seconds(seconds).strftime(format).to_string();
        beat_at(&key, &local)
    };
    let indian = (in_seconds(0) + SignedDuration::from_mins(330)).strftime("%Y-%m-%dT%H:%M:%S+05:30").to_string();
    each_is(
        None,
        &[
            ("whole seconds", at(0, "%Y-%m-%dT%H:%M:%SZ")),
            ("milliseconds", at(0, "%Y-%m-%dT%H:%M:%S.123Z")),
            ("nanoseconds", at(0, "%Y-%m-%dT%H:%M:%S.123456789Z")),
            ("comma", at(0, "%Y-%m-%dT%H:%M:%S,5Z")),
            ("zero offset", at(0, "%Y-%m-%dT%H:%M:%S+00:00")),
            ("another offset", beat_at(&key, &indian)),
            ("58 s behind", at(-58, "%Y-%m-%dT%H:%M:%SZ")),
            ("58 s ahead", at(58, "%Y-%m-%dT%H:%M:%SZ")),
        ],
    )
    .await;
}

#[tokio::test]
async fn rejected_timestamps() {
    let key = key(1);
    let at = |format| beat_at(&key, &in_seconds(0).strftime(format).to_string());
    each_is(
        Some(Rejection::Timestamp),
        &[
            ("lower-case z", at("%Y-%m-%dT%H:%M:%Sz")),
            ("lower-case t", at("%Y-%m-%dt%H:%M:%SZ")),
            ("space", at("%Y-%m-%d %H:%M:%SZ")),
            ("no zone", at("%Y-%m-%dT%H:%M:%S")),
            ("offset without a colon", at("%Y-%m-%dT%H:%M:%S+0000")),
            ("unpadded", beat_at(&key, "2026-1-2T3:4:5Z")),
            (":60", at("%Y-%m-%dT%H:%M:60Z")),
            ("unix seconds as text", at("%s")),
            ("empty object", "{}".to_owned()),
            ("null", "null".to_owned()),
            ("null timestamp", r#"{"timestamp":null,"signature":""}"#.to_owned()),
        ],
    )
    .await;
}

#[tokio::test]
async fn rejected_clocks() {
    let key = key(1);
    let at = |seconds| beat_at(&key, &beat_timestamp(in_seconds(seconds)));
    each_is(Some(Rejection::Skew), &[("62 s behind", at(-62)), ("63 s ahead", at(63)), ("a year", at(-31_536_000))])
        .await;
}

#[tokio::test]
async fn rejected_signatures() {
    let key = key(1);
    let timestamp = beat_timestamp(Timestamp::now());
    let right = sign(&key, &timestamp).to_wire();
    let frame = |signature: &str| format!(r#"{{"timestamp":"{timestamp}","signature":"{signature}"}}"#);
    // A signature whose base64 has both characters in which the alphabets differ would be rare; force the point.
    let url_safe = format!("ed25519:-_{}", &right["ed25519:".len() + 2..]);
    each_is(
        Some(Rejection::Signature),
        &[
            ("another key", beat_at(&super::support::key(2), &timestamp)),
            ("another text", frame(&sign(&key, "2026-01-02T03:04:05Z").to_wire())),
            ("no prefix", frame(right.trim_start_matches("ed25519:"))),
            ("url-safe base64", frame(&url_safe)),
            ("no padding", frame(right.trim_end_matches('='))),
            ("empty", frame("")),
            ("missing", format!(r#"{{"timestamp":"{timestamp}"}}"#)),
        ],
    )
    .await;
}

#[tokio::test]
async fn accepted_forms_of_one_beat() {
    let key = key(1);
    let beat = beat_now(&key);
    each_is(
        None,
        &[
            ("plain", beat.clone()),
            ("replayed", beat.clone()),
            ("other fields", beat.replacen('{', r#"{"agent_id":"x","n":1,"#, 1)),
            ("other case", beat.replace("timestamp", "TimeStamp").replace("signature", "SIGNATURE")),
            ("trailing garbage", format!("{beat}]]] garbage")),
            ("one mebibyte", format!("{}{beat}", " ".repeat(1024 * 1024))),
        ],
    )
    .await;
}

#[tokio::test]
async fn binary_and_fragmented_frames_are_accepted() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    let beat = beat_now(&key);
    socket.send(Message::binary(beat.clone().into_bytes())).await.unwrap();
    let (first, rest) = beat.split_at(40);
    let fragments = [
        Frame::message(first.to_owned(), OpCode::Data(Data::Text), false),
        Frame::message(rest.to_owned(), OpCode::Data(Data::Continue), true),
    ];
    for fragment in fragments {
        socket.send(Message::Frame(fragment)).await.unwrap();
    }
    devnet.wait_for(|state| state.accepted(&id) == 2).await.unwrap();
    assert!(is_open(&mut socket).await);
}

#[tokio::test]
async fn what_is_no_message_costs_the_connection() {
    for frame in [
        "",
        "nonsense",
        "[]",
        "\"2026-01-02T03:04:05Z\"",
        r#"{"timestamp":1767323045,"signature":"ed25519:"}"#,
        r#"{"type":"heartbeat","agent_id":"a1b2","timestamp":1767323045,"signature":"x"}"#,
    ] {
        let devnet = devnet().await;
        let (_, id) = agent(&devnet, 1);
        let mut socket = dial(&devnet, &id).await;
        say(&mut socket, frame).await;
        assert_eq!(hear(&mut socket).await, Heard::Dropped, "{frame:?}");
        devnet.wait_for(|state| state.sockets(&id) == 0).await.unwrap();
        assert_eq!(devnet.beats(&id)[0].reason, Some(Rejection::Malformed));
    }
}

#[tokio::test]
async fn broken_frames_are_closed_with_1002() {
    // Unmasked, and masked with RSV1 set.
    for bytes in [&b"\x81\x02{}"[..], b"\xc1\x82\0\0\0\0{}"] {
        let devnet = devnet().await;
        let (_, id) = agent(&devnet, 1);
        let mut socket = dial(&devnet, &id).await;
        let MaybeTlsStream::Plain(stream) = socket.get_mut() else { panic!("plain") };
        stream.write_all(bytes).await.unwrap();
        assert_eq!(hear(&mut socket).await, Heard::Closed(1002));
    }
}

#[tokio::test]
async fn a_close_is_echoed() {
    let devnet = devnet().await;
    let (_, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    socket.close(Some(CloseFrame { code: 1000.into(), reason: "".into() })).await.unwrap();
    assert_eq!(hear(&mut socket).await, Heard::Closed(1000));
    devnet.wait_for(|state| state.sockets(&id) == 0).await.unwrap();
}

#[tokio::test]
async fn two_sockets_of_one_entity_live_together() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let (mut one, mut two) = (dial(&devnet, &id).await, dial(&devnet, &id).await);
    say(&mut one, beat_now(&key)).await;
    say(&mut two, beat_now(&key)).await;
    devnet.wait_for(|state| state.accepted(&id) == 2 && state.sockets(&id) == 2).await.unwrap();
    assert!(is_open(&mut one).await && is_open(&mut two).await);
}

#[tokio::test]
async fn one_beat_is_valid_for_agent_and_service_of_a_key() {
    let devnet = devnet().await;
    let (key, agent) = agent(&devnet, 1);
    let service = devnet.insert_entity(public(&key), "service", EntityKind::Service);
    let beat = beat_now(&key);
    for id in [&agent, &service] {
        say(&mut dial(&devnet, id).await, beat.as_str()).await;
        devnet.wait_for(|state| state.accepted(id) == 1).await.unwrap();
    }
}

#[tokio::test]
async fn deletion_leaves_the_socket_open_and_deaf() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    devnet.remove_entity(&id).unwrap();
    say(&mut socket, beat_now(&key)).await;
    devnet.wait_for(|state| state.beats(&id).len() == 1).await.unwrap();
    assert_eq!(devnet.beats(&id)[0].reason, Some(Rejection::NotFound));
    assert!(is_open(&mut socket).await);
    assert_eq!(status(try_dial(&devnet, &heartbeat_path(&id)).await), 404);

    agent(&devnet, 1);
    say(&mut socket, beat_now(&key)).await;
    devnet.wait_for(|state| state.accepted(&id) == 1).await.unwrap();
}

#[tokio::test]
async fn handshakes_are_refused_as_the_registry_refuses_them() {
    let devnet = devnet().await;
    let (_, id) = agent(&devnet, 1);
    let path = format!("/{}", heartbeat_path(&id));
    let plain = get(&devnet, &path).await;
    assert_eq!((plain.status, &*plain.body), (400, "Bad Request\n"));
    assert_eq!(plain.header("sec-websocket-version"), Some("13"));
    assert!(plain.header("content-type").unwrap().starts_with("text/plain"));

    let handshake = |version| {
        [
            ("Connection", "keep-alive, Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", version),
            ("Sec-WebSocket-Extensions", "permessage-deflate"),
            ("Sec-WebSocket-Protocol", "beats"),
            ("Origin", "http://elsewhere.example"),
        ]
    };
    assert_eq!(ask(devnet.addr(), "GET", &path, &handshake("12"), "").await.status, 400);

    let unknown = format!("/v1/entities/zns:{}/ws", "0".repeat(32));
    for nobody in [unknown, path.to_uppercase().replace("/V1/ENTITIES/", "/v1/entities/").replace("/WS", "/ws")] {
        let refused = ask(devnet.addr(), "GET", &nobody, &handshake("13"), "").await;
        assert_eq!((refused.status, &*refused.body), (404, "{\"error\":\"entity not found\"}\n"), "{nobody}");
        assert_eq!(get(&devnet, &nobody).await.status, 404, "even without a handshake: {nobody}");
    }

    for path in [path.clone(), path.replace(':', "%3A")] {
        let mut opened = ask(devnet.addr(), "GET", &path, &handshake("13"), "").await;
        assert_eq!(opened.status, 101);
        opened.headers.sort();
        let want = [
            ("connection", "Upgrade"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ("upgrade", "websocket"),
        ];
        assert_eq!(opened.headers, want.map(|(name, value)| (name.to_owned(), value.to_owned())), "and no Date");
    }
}

#[tokio::test]
async fn there_is_no_heartbeat_route() {
    let devnet = devnet().await;
    let plain = get(&devnet, "/v1/heartbeat").await;
    assert_eq!((plain.status, &*plain.body), (404, "404 page not found\n"));
    assert_eq!(status(try_dial(&devnet, "v1/heartbeat").await), 404);
}

#[tokio::test]
async fn a_silent_socket_is_dropped_and_pings_do_not_help() {
    let short = Duration::from_millis(400);
    let devnet = devnet_with(|config| (config.inactive_after, config.read_grace) = (short, short)).await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    let since = tokio::time::Instant::now();
    say(&mut socket, beat_now(&key)).await;
    devnet.wait_for(|state| state.accepted(&id) == 1).await.unwrap();
    // Pings are answered all the way to the end.
    while is_open(&mut socket).await {}
    assert!(since.elapsed() >= 2 * short, "{:?}", since.elapsed());
    devnet.wait_for(|state| state.sockets(&id) == 0).await.unwrap();
}

#[tokio::test]
async fn a_rejected_beat_extends_the_deadline() {
    let devnet = devnet_with(|config| {
        (config.inactive_after, config.read_grace) = (Duration::from_millis(500), Duration::from_millis(500));
    })
    .await;
    let (_, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    let since = tokio::time::Instant::now();
    while since.elapsed() < Duration::from_millis(1500) {
        let count = devnet.beats(&id).len();
        say(&mut socket, "{}").await;
        devnet.wait_for(|state| state.beats(&id).len() > count).await.unwrap();
        assert!(is_open(&mut socket).await);
    }
}

#[tokio::test]
async fn a_restart_kills_sockets_and_keeps_records() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    say(&mut socket, beat_now(&key)).await;
    devnet.wait_for(|state| state.accepted(&id) == 1).await.unwrap();
    let before = devnet.record(&id).unwrap();
    let addr = devnet.addr();

    let stopped = devnet.shutdown().await;
    assert_eq!(hear(&mut socket).await, Heard::Dropped);
    assert!(tokio::net::TcpStream::connect(addr).await.is_err(), "nobody listens");
    assert_eq!(stopped.state().open_sockets(), 0);

    let devnet = stopped.start().await.unwrap();
    assert_eq!(devnet.addr(), addr);
    assert_eq!(devnet.record(&id).unwrap(), before);
    say(&mut dial(&devnet, &id).await, beat_now(&key)).await;
    devnet.wait_for(|state| state.accepted(&id) == 2).await.unwrap();
}

#[tokio::test]
async fn nothing_is_ever_said() {
    let devnet = devnet().await;
    let (key, id) = agent(&devnet, 1);
    let mut socket = dial(&devnet, &id).await;
    for frame in [beat_now(&key), "{}".into(), beat_now(&key)] {
        say(&mut socket, frame).await;
    }
    devnet.wait_for(|state| state.beats(&id).len() == 3).await.unwrap();
    let MaybeTlsStream::Plain(stream) = socket.get_mut() else { panic!("plain") };
    assert!(stream.try_read(&mut [0; 16]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
    drop(devnet);
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
}
