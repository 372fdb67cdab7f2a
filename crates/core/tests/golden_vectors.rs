//! Every signed byte, held against vectors that the real registry accepted (protocols.md 4).

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read is a broken test")]

use beatkeeper_core::identity::{DeveloperId, EntityId, EntityKind, PublicKey, Signature};
use beatkeeper_core::wire::ownership::{Owner, Update, authorization};
use beatkeeper_core::wire::{registration, zynd};
use ed25519_dalek::{Signer as _, SigningKey};

const SUMMARY_WITH_LINE_SEPARATOR: &str = "line\u{2028}sep";

fn developer() -> SigningKey {
    SigningKey::from_bytes(&std::array::from_fn(|index| u8::try_from(index).unwrap()))
}

fn derived(hex: &str) -> SigningKey {
    let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&hex[i * 2..i * 2 + 2], 16).unwrap()).collect();
    SigningKey::from_bytes(&bytes.try_into().unwrap())
}

fn agent() -> SigningKey {
    derived("314fea309f98c6bb3e296effd21a9b03bce2ff67495ed7b6e5e944962e82fe44")
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().to_bytes())
}

fn sign(key: &SigningKey, bytes: &[u8]) -> Signature {
    Signature::from_bytes(key.sign(bytes).to_bytes())
}

#[test]
fn ids_and_keys() {
    let key = public(&developer());
    assert_eq!(key.to_wire(), "ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");
    assert_eq!(EntityId::from_key(&key, EntityKind::Agent).as_str(), "zns:56475aa75463474c0285df5dbf2bcab7");
    assert_eq!(EntityId::from_key(&key, EntityKind::Service).as_str(), "zns:svc:56475aa75463474c0285df5dbf2bcab7");
    assert_eq!(DeveloperId::from_key(&key).as_str(), "zns:dev:56475aa75463474c0285df5dbf2bcab7");
    assert_eq!(key.fingerprint().to_hex(), "56475aa75463474c0285df5dbf2bcab7");
}

#[test]
fn a_beat() {
    let at = "2026-01-02T03:04:05.678Z".parse().unwrap();
    let timestamp = zynd::beat_timestamp(at);
    let frame = zynd::beat_frame(&timestamp, &sign(&developer(), timestamp.as_bytes()));
    assert_eq!(
        frame,
        r#"{"timestamp":"2026-01-02T03:04:05Z","signature":"ed25519:9+OJk4A1zBNvaFSz6rOE8VhY7s8zUUMbT+1iOrn4ZKQ7YnJ+j7vN3ayXyrPjsIoijGODZwm+ufEOuxYmJhxTBg=="}"#
    );
}

#[test]
fn a_registration_with_plain_and_with_hard_text() {
    let key = agent();
    let mut form = registration::Registration {
        name: "Alpha",
        entity_url: "http://127.0.0.1:5000",
        category: "general",
        tags: Some(&["a", "b"]),
        summary: "plain",
        public_key: public(&key),
        kind: Some(EntityKind::Agent),
    };
    assert_eq!(
        String::from_utf8(form.signed_bytes()).unwrap(),
        r#"{"category":"general","entity_type":"agent","entity_url":"http://127.0.0.1:5000","name":"Alpha","public_key":"ed25519:mwQvTmA+9sTEzmEnfiw4jRtFf5PZO6mAEDFEFUrp/C0=","summary":"plain","tags":["a","b"]}"#
    );
    assert_eq!(
        sign(&key, &form.signed_bytes()).to_wire(),
        "ed25519:nGXVHkUF0jmu9vrA0iN7H54feEKM8g1TEXiYouAKgLX69B1tIFDrWFUuvMaKEf64qEP3VuwPD36043Mw0/2CAw=="
    );
    form.name = "Alpha <1> & é";
    form.summary = SUMMARY_WITH_LINE_SEPARATOR;
    assert_eq!(
        sign(&key, &form.signed_bytes()).to_wire(),
        "ed25519:Z9m/NGZ2+mdM6/eukoP4RXC3tYCLBnIeBnV3YnA0HBJN2cK6khf99iSRM1IZOehA43rjzBV/Dd7CubWDuF7FBw=="
    );
    form.tags = None;
    assert!(String::from_utf8(form.signed_bytes()).unwrap().ends_with(r#""tags":null}"#));
}

#[test]
fn a_derivation_proof() {
    let proof = sign(&developer(), &registration::derivation_proof_bytes(&public(&agent()), 0));
    assert_eq!(
        proof.to_wire(),
        "ed25519:rttB9VeultQ26r72v7iF7bQHyD1ofnU1nzLHu5grBL+QOHZhIx12S/+Eq1zZBwUTD2CLh++4MhQsSpHmP9fcBQ=="
    );
}

#[test]
fn a_deletion_and_a_developer() {
    let id: EntityId = "zns:7f3214872296f48d652a365c9f637f72".parse().unwrap();
    assert_eq!(
        sign(&agent(), registration::deletion_bytes(&id)).to_wire(),
        "ed25519:UdLLf+XtyAfAs1MPr94W3raRyw5RH+fXkSipdRewgjeQ/GR/UYyf+I3SHGoeSC+pqX7cQh3acC41tgr4hDf7CQ=="
    );
    let bytes = registration::developer_bytes("Dev One", "", "", &public(&developer()));
    assert_eq!(
        sign(&developer(), &bytes).to_wire(),
        "ed25519:sT3S2lh41VDcGoMRu5K1/peH66fVS3TfTLOlDBZuBUC54NO1ZuENq6IbsoS0YKurf1QscGruZNeGQTI5kKp2Aw=="
    );
    let escaped = String::from_utf8(registration::developer_bytes("A & B", "", "", &public(&developer()))).unwrap();
    assert!(escaped.contains(r"A \u0026 B"), "{escaped}");
}

#[test]
fn a_registration_as_it_is_sent() {
    let key = agent();
    let form = registration::Registration {
        name: "Alpha",
        entity_url: "http://127.0.0.1:5000",
        category: "general",
        tags: Some(&["a", "b"]),
        summary: "plain",
        public_key: public(&key),
        kind: Some(EntityKind::Agent),
    };
    let signature = sign(&key, &form.signed_bytes()).to_wire();
    let proof = sign(&developer(), &registration::derivation_proof_bytes(&public(&key), 0)).to_wire();
    let proof = registration::Proof { developer: public(&developer()), index: 0, signature: &proof };
    let body = registration::registration_body(&form, &signature, &proof);
    let want = serde_json::json!({
        "category": "general",
        "entity_type": "agent",
        "entity_url": "http://127.0.0.1:5000",
        "name": "Alpha",
        "public_key": "ed25519:mwQvTmA+9sTEzmEnfiw4jRtFf5PZO6mAEDFEFUrp/C0=",
        "summary": "plain",
        "tags": ["a", "b"],
        "signature": "ed25519:nGXVHkUF0jmu9vrA0iN7H54feEKM8g1TEXiYouAKgLX69B1tIFDrWFUuvMaKEf64qEP3VuwPD36043Mw0/2CAw==",
        "developer_id": "zns:dev:56475aa75463474c0285df5dbf2bcab7",
        "developer_proof": {
            "developer_public_key": "ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
            "entity_index": 0,
            "developer_signature":
                "ed25519:rttB9VeultQ26r72v7iF7bQHyD1ofnU1nzLHu5grBL+QOHZhIx12S/+Eq1zZBwUTD2CLh++4MhQsSpHmP9fcBQ==",
        },
    });
    assert_eq!(body, want);
    let service = registration::Registration { kind: Some(EntityKind::Service), ..form };
    let body = registration::registration_body(&service, &signature, &proof);
    assert_eq!(body["service_endpoint"], "http://127.0.0.1:5000");
}

#[test]
fn an_update_and_whose_word_it_is() {
    let update = Update::default().with("summary", "new <summary>");
    assert_eq!(update.signed_bytes(), br#"{"summary":"new <summary>"}"#);
    let body = update.body(&sign(&agent(), &update.signed_bytes()).to_wire());
    assert_eq!(
        body,
        r#"{"signature":"ed25519:NBptTulj3ZRGTTxmZQZGv3328k0XKra5BgKEjcH7qM9qQTZGJBeWYlkyilTOEiB9ZqRYFr9PUcLh5iYokN6QCw==","summary":"new <summary>"}"#
    );
    assert_eq!(
        authorization(Owner::Entity, &sign(&agent(), body.as_bytes()).to_wire()),
        "Bearer ed25519:CeUn8zFT3OuLk/90Rt1GLAQij1hMc5GmvI2ujg/jnpvm9+MeaZfxWJI6BvwIRuRQ7RITOIBhBmdzD6yowvPiBw=="
    );
    let id: EntityId = "zns:7f3214872296f48d652a365c9f637f72".parse().unwrap();
    assert_eq!(
        authorization(Owner::Developer, &sign(&developer(), registration::deletion_bytes(&id)).to_wire()),
        "Bearer-Dev ed25519:QJOLWn55zgoL5U6+dUaTaHT4nlUd5JklNoobUqXfznvNOfiEaeaVwC90J/5jLRffR12K8Vs3RDkYQwwWdFqoCw=="
    );
    let moved = Update::of_url("http://127.0.0.1:5001");
    assert_eq!(moved.signed_bytes(), br#"{"entity_url":"http://127.0.0.1:5001"}"#);
}

#[test]
fn a_verified_signature_is_bound_to_its_bytes() {
    let key = developer();
    let signature = sign(&key, b"2026-01-02T03:04:05Z");
    assert!(public(&key).verifies(b"2026-01-02T03:04:05Z", &signature));
    assert!(!public(&key).verifies(b"2026-01-02T03:04:06Z", &signature));
    assert!(!public(&agent()).verifies(b"2026-01-02T03:04:05Z", &signature));
    for bad in ["9+OJ", "ed25519:9-OJ", "ed25519:"] {
        assert!(Signature::from_wire(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_documented_heartbeat() {
    use beatkeeper_core::wire::zynd_documented::{beat_frame, signed_bytes};
    let id: EntityId = "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap();
    let bytes = signed_bytes(&id, 1_767_323_045);
    assert_eq!(bytes, b"zns:56475aa75463474c0285df5dbf2bcab71767323045");
    let signature = sign(&developer(), &bytes);
    let base64 = "0SopY2EzFUPmUiI18WPAeOi10+HoAdt4FS5/Vx76b6pvvq3IPODv7jVce/2eMJ5FeB3oDWVIaGPeEH2xtU8HDQ==";
    assert_eq!(signature.to_base64(), base64);
    assert_eq!(
        beat_frame(&id, 1_767_323_045, &signature),
        format!(
            r#"{{"type":"heartbeat","agent_id":"zns:56475aa75463474c0285df5dbf2bcab7","timestamp":1767323045,"signature":"{base64}"}}"#
        )
    );
    // The guide's own ids are no ids of a registry, and only the bytes count here.
    assert_eq!(
        sign(&developer(), b"a1b2c3d4e5f6g7h81767323045").to_base64(),
        "Dn3i5sg+asjEolWnoyCNJfGsm9nxKpRH4o4YrDWOHzf00cvkirrc/7EflxzG8V5iC+FQ8Oy368o/M1sPbcsLBg=="
    );
}
