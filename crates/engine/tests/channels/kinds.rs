//! What each kind of channel says over the wire.

use beatkeeper_core::notice::NoticeKind;
use beatkeeper_engine::alerts::channels::preview;
use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::http_server::{Request, Server};
use crate::scene::{Begin, Safe, notice, webhook};

/// What a channel of this kind sends of a notice.
fn sent(entry: ChannelEntry, secret: Option<&str>, server: &Server) -> Request {
    let safe = secret.map_or_else(Default::default, |secret| Safe::with("team", secret));
    let scene = Begin { channels: vec![entry], safe, ..Begin::default() }.start();
    scene.post.send(notice(7));
    scene.delivered(7, "team");
    server.requests().remove(0)
}

/// RFC 2104, written out.
fn hmac(key: &[u8], message: &[u8]) -> String {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::digest([&block.map(|byte| byte ^ 0x36)[..], message].concat());
    let outer = Sha256::digest([&block.map(|byte| byte ^ 0x5c)[..], &inner[..]].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_tests_own_hmac_is_that_of_rfc_4231() {
    assert_eq!(
        hmac(b"Jefe", b"what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_signed_and_says_everything() {
    let server = Server::start([]).await;
    let entry =
        ChannelEntry { title: "[{kind}] {title}".into(), ..webhook("team", &format!("{}/hook?x=1", server.url)) };
    let request = sent(entry, Some("s3cret"), &server);
    assert_eq!(request.path, "/hook?x=1");
    assert_eq!(request.headers["content-type"], "application/json");
    assert!(request.headers["user-agent"].starts_with("beatkeeper/"));
    let signature = &request.headers["beatkeeper-signature"];
    let (time, digits) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert_eq!(digits, hmac(b"s3cret", format!("{time}.{}", request.body).as_bytes()));
    let mut body = request.json();
    let at: jiff::Timestamp = body["at"].as_str().unwrap().parse().unwrap();
    assert!((at.as_second() - time.parse::<i64>().unwrap()).abs() < 60);
    body["at"] = "T".into();
    assert_eq!(
        body,
        json!({
            "version": 1,
            "id": 7,
            "kind": "offline",
            "at": "T",
            "title": "[offline] weather-agent is offline",
            "body": "Reconnecting: refused, attempt 7; last beat 14:02:11, 18 min ago",
            "registry": "lab",
            "cause": "link.refused",
            "fault": "link",
            "urgent": false,
            "agents": [{
                "id": "zns:56475aa75463474c0285df5dbf2bcab7",
                "name": "weather-agent",
                "incident_opened_at": "2026-01-02T03:04:05Z",
                "last_beat_at": "2026-01-02T03:04:05Z",
            }],
            "supersedes": [1],
            "channel": "team",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_without_a_secret_is_not_signed() {
    let server = Server::start([]).await;
    let request = sent(webhook("team", &server.url), None, &server);
    assert!(!request.headers.contains_key("beatkeeper-signature"));
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_are_posted_to_the_address_that_is_their_secret() {
    for (kind, place) in [(ChannelKind::Slack, "/blocks/0/text/text"), (ChannelKind::Discord, "/embeds/0/title")] {
        let server = Server::start([]).await;
        let secret = format!("{}/services/T0/B0", server.url);
        let request = sent(ChannelEntry::new("team", kind), Some(&secret), &server);
        assert_eq!(request.path, "/services/T0/B0");
        assert_eq!(request.json().pointer(place).unwrap(), "weather-agent is offline");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ntfy_gets_topic_priority_tags_and_the_token() {
    let server = Server::start([]).await;
    let entry = ChannelEntry {
        url: Some(server.url.parse().unwrap()),
        topic: Some("beats".into()),
        ..ChannelEntry::new("team", ChannelKind::Ntfy)
    };
    let request = sent(entry, Some("tk_1"), &server);
    assert_eq!((request.path.as_str(), request.headers["authorization"].as_str()), ("/", "Bearer tk_1"));
    let body = request.json();
    assert_eq!((&body["topic"], &body["priority"]), (&json!("beats"), &json!(4)));
    assert_eq!(body["tags"], json!(["red_circle", "offline"]));
    assert_eq!(body["title"], "weather-agent is offline");
}

#[test]
fn a_preview_is_what_would_be_sent_and_a_wrong_template_is_refused() {
    let server = "https://example.com/hook";
    let entry = ChannelEntry { title: "{count}: {title}".into(), ..webhook("team", server) };
    for kind in NoticeKind::ALL {
        let shown = preview(&entry, kind).unwrap();
        let payload: serde_json::Value = serde_json::from_str(&shown.payload).unwrap();
        assert_eq!((payload["kind"].as_str(), payload["title"].as_str()), (Some(kind.as_str()), Some(&*shown.title)));
    }
    let mail = ChannelEntry {
        host: Some("mail.example.com".into()),
        from: Some("a@example.com".into()),
        to: vec!["b@example.com".into()],
        ..ChannelEntry::new("team", ChannelKind::Email)
    };
    let shown = preview(&mail, NoticeKind::Offline).unwrap().payload;
    assert!(shown.contains("Subject: weather-agent is offline") && shown.contains("\n\nReconnecting"), "{shown}");
    let program = ChannelEntry {
        program: Some("notify-me".into()),
        args: vec!["a b".into()],
        ..ChannelEntry::new("team", ChannelKind::Command)
    };
    let shown = preview(&program, NoticeKind::Recovered).unwrap().payload;
    assert!(shown.starts_with("notify-me \"a b\"\nBEATKEEPER_TITLE=weather-agent recovered\n"), "{shown}");
    let wrong = ChannelEntry { body: "{bodi}".into(), ..entry };
    let refusal = preview(&wrong, NoticeKind::Offline).unwrap_err();
    assert_eq!(refusal.code, "channel.invalid");
    assert!(
        refusal.sentence.contains("no field {bodi}") && refusal.sentence.contains("{body}"),
        "{}",
        refusal.sentence
    );
}
