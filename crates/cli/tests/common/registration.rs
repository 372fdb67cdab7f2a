//! Registrations of agents at a registry in a box.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::{DeveloperId, EntityKind, PublicKey};
use beatkeeper_core::wire::registration::{Registration, derivation_proof_bytes, developer_bytes};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

/// Registers an agent with this seed, under a developer of its own.
#[track_caller]
pub fn register(registry: &str, seed: &[u8; 32], name: &str, entity_url: &str) {
    let key = SigningKey::from_bytes(seed);
    let developer = SigningKey::from_bytes(&developer_of(seed));
    let (public, developer_public) = (public(&key), public(&developer));
    let who = format!("{name}'s developer");
    let body = json!({
        "name": who,
        "public_key": developer_public,
        "signature": sign(&developer, &developer_bytes(&who, "", "", &developer_public)),
    });
    created(registry, "/v1/developers", &body);
    let registration = Registration {
        name,
        entity_url,
        category: "general",
        tags: Some(&["test"]),
        summary: "of a test",
        public_key: public,
        kind: Some(EntityKind::Agent),
    };
    let mut body = registration.signed_value();
    body["signature"] = sign(&key, &registration.signed_bytes()).into();
    body["developer_id"] = DeveloperId::from_key(&developer_public).as_str().into();
    body["developer_proof"] = json!({
        "developer_public_key": developer_public,
        "entity_index": 0,
        "developer_signature": sign(&developer, &derivation_proof_bytes(&public, 0)),
    });
    created(registry, "/v1/entities", &body);
}

/// The seed of the developer that an agent with this seed is registered under.
pub fn developer_of(seed: &[u8; 32]) -> [u8; 32] {
    seed.map(|byte| byte ^ 0x5a)
}

#[track_caller]
fn created(registry: &str, path: &str, body: &Value) {
    let body = body.to_string();
    let answer = request(
        registry,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ),
    );
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

/// One request to a server of ours on loopback is not worth an HTTP library.
pub fn request(address: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a server listens");
    stream.write_all(text.as_bytes()).expect("the request is written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().to_bytes())
}

fn sign(key: &SigningKey, message: &[u8]) -> String {
    format!("ed25519:{}", STANDARD.encode(key.sign(message).to_bytes()))
}
