//! The agent's card, signed as the current SDKs sign theirs (protocols.md 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use beatkeeper_core::identity::canonical_json;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Agent;
use crate::key::AgentKey;

/// The card of an agent that is published at `url`, as made at `at`. It shows the key that signs it.
pub(crate) fn card(agent: &Agent, key: &AgentKey, name: &str, url: &str, at: Timestamp) -> Value {
    let public_key = key.public().to_wire();
    let mut card = json!({
        "protocolVersion": "0.3.0",
        "name": name,
        "description": "A demonstration agent",
        "version": env!("CARGO_PKG_VERSION"),
        "url": format!("{url}/a2a/v1"),
        "preferredTransport": "JSONRPC",
        "capabilities": { "streaming": false },
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [],
        "x-zynd": {
            "version": 1,
            "entityId": agent.id,
            "publicKey": public_key,
            "status": "online",
            "lastUpdatedAt": at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "registry": agent.registry.authority(),
            "category": "general",
        },
    });
    let protected = URL_SAFE_NO_PAD.encode(json!({ "alg": "EdDSA", "typ": "JOSE" }).to_string());
    let payload = URL_SAFE_NO_PAD.encode(canonical_json(&card));
    let signature = key.sign(format!("{protected}.{payload}").as_bytes());
    card["signatures"] = json!([{
        "protected": protected,
        "signature": URL_SAFE_NO_PAD.encode(signature.as_bytes()),
        "header": { "kid": public_key },
    }]);
    card
}
