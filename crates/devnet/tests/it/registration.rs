//! Registration, updates and deletion with real signatures (protocols.md 1.7, vectors of 4).

use beatkeeper_core::identity::canonical_json;
use beatkeeper_devnet::{Devnet, Status};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use super::support::*;

const DEVELOPER: &str = "zns:dev:56475aa75463474c0285df5dbf2bcab7";
const DEVELOPER_KEY: &str = "ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const DEVELOPER_SIGNATURE: &str =
    "ed25519:sT3S2lh41VDcGoMRu5K1/peH66fVS3TfTLOlDBZuBUC54NO1ZuENq6IbsoS0YKurf1QscGruZNeGQTI5kKp2Aw==";
const AGENT: &str = "zns:7f3214872296f48d652a365c9f637f72";
const AGENT_KEY: &str = "ed25519:mwQvTmA+9sTEzmEnfiw4jRtFf5PZO6mAEDFEFUrp/C0=";
const PROOF: &str = "ed25519:rttB9VeultQ26r72v7iF7bQHyD1ofnU1nzLHu5grBL+QOHZhIx12S/+Eq1zZBwUTD2CLh++4MhQsSpHmP9fcBQ==";
const PLAIN: &str = "ed25519:nGXVHkUF0jmu9vrA0iN7H54feEKM8g1TEXiYouAKgLX69B1tIFDrWFUuvMaKEf64qEP3VuwPD36043Mw0/2CAw==";
const HARD: &str = "ed25519:Z9m/NGZ2+mdM6/eukoP4RXC3tYCLBnIeBnV3YnA0HBJN2cK6khf99iSRM1IZOehA43rjzBV/Dd7CubWDuF7FBw==";

/// Seed of derivation index 0.
fn agent_key() -> SigningKey {
    let hex = "314fea309f98c6bb3e296effd21a9b03bce2ff67495ed7b6e5e944962e82fe44";
    let seed: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    SigningKey::from_bytes(&seed.try_into().unwrap())
}

async fn with_developer() -> Devnet {
    let devnet = devnet().await;
    let developer = json!({"name": "Dev One", "public_key": DEVELOPER_KEY, "signature": DEVELOPER_SIGNATURE});
    let reply = post(&devnet, "/v1/developers", &developer.to_string()).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    assert_eq!(
        reply.body,
        format!("{{\"developer_id\":\"{DEVELOPER}\",\"message\":\"developer registered successfully\"}}\n")
    );
    devnet
}

/// The plain vector's request.
fn plain() -> Value {
    json!({
        "category": "general",
        "entity_type": "agent",
        "entity_url": "http://127.0.0.1:5000",
        "name": "Alpha",
        "public_key": AGENT_KEY,
        "summary": "plain",
        "tags": ["a", "b"],
        "signature": PLAIN,
        "developer_id": DEVELOPER,
        "developer_proof": {
            "developer_public_key": DEVELOPER_KEY,
            "entity_index": 0,
            "developer_signature": PROOF,
        },
    })
}

/// The plain request with changes, signed again.
fn signed(changes: &Value) -> Value {
    let mut request = plain();
    for (member, value) in changes.as_object().unwrap() {
        if value == "ABSENT" {
            request.as_object_mut().unwrap().remove(member);
        } else {
            request[member] = value.clone();
        }
    }
    let mut payload = json!({"tags": request.get("tags")});
    for member in ["category", "entity_url", "name", "public_key", "summary"] {
        payload[member] = request.get(member).cloned().unwrap_or_else(|| "".into());
    }
    if let Some(kind) = request.get("entity_type").filter(|kind| *kind != "") {
        payload["entity_type"] = kind.clone();
    }
    request["signature"] = sign(&agent_key(), canonical_json(&payload)).to_wire().into();
    request
}

async fn register(devnet: &Devnet, request: &Value) -> Reply {
    post(devnet, "/v1/entities", &request.to_string()).await
}

#[tokio::test]
async fn the_plain_vector_is_taken_once() {
    let devnet = with_developer().await;
    let reply = register(&devnet, &plain()).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    assert_eq!(reply.body, format!("{{\"entity_id\":\"{AGENT}\",\"message\":\"agent registered successfully\"}}\n"));
    assert_eq!(register(&devnet, &plain()).await.error(), (409, "agent already registered".into()));
    let service = signed(&json!({"entity_type": "service", "service_endpoint": "http://127.0.0.1:5000"}));
    assert_eq!(register(&devnet, &service).await.json()["entity_id"], AGENT.replace("zns:", "zns:svc:"));
}

#[tokio::test]
async fn the_hard_vector_is_taken_and_its_raw_form_is_not() {
    let devnet = with_developer().await;
    let mut hard = plain();
    hard["name"] = "Alpha <1> & é".into();
    hard["summary"] = "line\u{2028}sep".into();
    let raw = serde_json::to_string(&json!({
        "category": "general", "entity_type": "agent", "entity_url": "http://127.0.0.1:5000", "name": hard["name"],
        "public_key": AGENT_KEY, "summary": hard["summary"], "tags": ["a", "b"],
    }))
    .unwrap();
    assert!(raw.contains('\u{2028}'));
    hard["signature"] = sign(&agent_key(), raw).to_wire().into();
    assert_eq!(register(&devnet, &hard).await.error(), (401, "invalid agent signature".into()));
    hard["signature"] = HARD.into();
    assert_eq!(register(&devnet, &hard).await.status, 201);

    let shown = get(&devnet, &format!("/v1/entities/{AGENT}")).await;
    assert!(shown.body.contains(r#""name":"Alpha \u003c1\u003e \u0026 é""#), "{}", shown.body);
    assert!(shown.body.contains(r#""summary":"line\u2028sep""#), "{}", shown.body);
}

#[tokio::test]
async fn the_record_is_shown_as_the_registry_shows_it() {
    let devnet = with_developer().await;
    register(&devnet, &plain()).await;
    let shown = get(&devnet, &format!("/v1/entities/{AGENT}")).await;
    let record = devnet.record(&AGENT.parse().unwrap()).unwrap();
    assert_eq!(record.status, Status::Active);
    let at = beatkeeper_core::wire::zynd::beat_timestamp(record.registered_at);
    let want = format!(
        "{{\"entity_id\":\"{AGENT}\",\"name\":\"Alpha\",\"owner\":\"{DEVELOPER}\",\"category\":\"general\",\
         \"tags\":[\"a\",\"b\"],\"summary\":\"plain\",\"public_key\":\"{AGENT_KEY}\",\"home_registry\":\"\",\
         \"schema_version\":\"1.0\",\"registered_at\":\"{at}\",\"updated_at\":\"{at}\",\"ttl\":86400,\
         \"signature\":\"{PLAIN}\",\"developer_id\":\"{DEVELOPER}\",\"entity_index\":0,\"developer_proof\":{{\
         \"developer_public_key\":\"{DEVELOPER_KEY}\",\"entity_index\":0,\"developer_signature\":\"{PROOF}\"}},\
         \"status\":\"active\",\"last_heartbeat\":\"{at}\",\"entity_type\":\"agent\"}}\n"
    );
    assert_eq!(shown.body, want);
    assert_eq!(get(&devnet, &format!("/v1/entities/{}", AGENT.replace(':', "%3A"))).await.body, want);
    assert_eq!(ask(devnet.addr(), "HEAD", &format!("/v1/entities/{AGENT}"), &[], "").await.status, 200);

    let listed = get(&devnet, "/v1/entities").await;
    assert!(listed.body.starts_with("{\"count\":1,\"entities\":[{\"entity_id\":"), "{}", listed.body);
    assert_eq!(listed.json()["entities"][0]["entity_url"], "http://127.0.0.1:5000");
    let fleet = get(&devnet, &format!("/v1/developers/{DEVELOPER}/entities")).await;
    assert!(fleet.body.starts_with("{\"agents\":[{\"entity_id\":"), "{}", fleet.body);
    assert!(fleet.body.ends_with(&format!("],\"count\":1,\"developer_id\":\"{DEVELOPER}\"}}\n")), "{}", fleet.body);
    assert_eq!(get(&devnet, &format!("/v1/developers/{DEVELOPER}")).await.json()["name"], "Dev One");
    let nobody = get(&devnet, "/v1/developers/zns:dev:nobody").await;
    assert_eq!(nobody.error(), (404, "developer not found".into()));
    let nobody = get(&devnet, "/v1/developers/zns:dev:nobody/entities").await;
    assert_eq!((nobody.status, nobody.json()["count"].as_u64()), (200, Some(0)));
}

#[tokio::test]
async fn refusals_come_in_the_registrys_order() {
    let devnet = with_developer().await;
    let invalid = post(&devnet, "/v1/entities", "{").await.error();
    assert_eq!(invalid.0, 400);
    assert!(invalid.1.starts_with("invalid request body: "), "{}", invalid.1);
    let mut wrong = signed(&json!({}));
    wrong["signature"] = "ed25519:AAAA".into();
    let broken = |changes: Value| {
        let mut request = wrong.clone();
        request.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        request
    };
    for (request, status, sentence) in [
        (broken(json!({"entity_type": "robot", "name": ""})), 400, "invalid entity_type: robot"),
        (broken(json!({"name": "", "entity_url": ""})), 400, "name, category, and public_key are required"),
        (broken(json!({"entity_url": "", "signature": ""})), 400, "entity_url is required for agent type"),
        (broken(json!({"signature": ""})), 400, "signature is required"),
        (broken(json!({"developer_id": ""})), 401, "invalid agent signature"),
        (signed(&json!({"developer_id": "ABSENT"})), 400, "developer_id and developer_proof are required"),
        (signed(&json!({"developer_proof": null})), 400, "developer_id and developer_proof are required"),
        (
            signed(&json!({"developer_id": format!("zns:dev:{}", "0".repeat(32))})),
            400,
            "developer_id not found; register developer first",
        ),
        (
            signed(&json!({"developer_proof": {"developer_public_key": AGENT_KEY}, "summary": "x".repeat(201)})),
            400,
            "developer_proof.developer_public_key does not match registered developer",
        ),
        (
            signed(&json!({
                "developer_proof":
                    {"developer_public_key": DEVELOPER_KEY, "entity_index": 1, "developer_signature": PROOF},
                "summary": "x".repeat(201),
            })),
            401,
            "invalid developer derivation proof",
        ),
        (signed(&json!({"name": "x".repeat(101)})), 400, "name must be 100 characters or less"),
        (signed(&json!({"summary": "x".repeat(201)})), 400, "summary must be 200 characters or less"),
        (signed(&json!({"tags": vec!["x"; 21]})), 400, "maximum 20 tags allowed"),
        (signed(&json!({"entity_type": "service"})), 400, "service_endpoint is required for entity_type 'service'"),
    ] {
        assert_eq!(register(&devnet, &request).await.error(), (status, sentence.to_owned()), "{request}");
    }
    assert!(devnet.is_empty());
}

#[tokio::test]
async fn what_is_left_out_is_signed_as_left_out() {
    // No tags are signed as null and shown as a list; no entity_type is not signed at all.
    for changes in
        [json!({"tags": null}), json!({"tags": []}), json!({"tags": "ABSENT"}), json!({"entity_type": "ABSENT"})]
    {
        let devnet = with_developer().await;
        let reply = register(&devnet, &signed(&changes)).await;
        assert_eq!(reply.status, 201, "{changes}: {}", reply.body);
        assert!(get(&devnet, &format!("/v1/entities/{AGENT}")).await.json()["tags"].is_array());
    }
    // A service's endpoint takes the place of its URL before the signature is checked.
    let devnet = with_developer().await;
    let endpoint = "http://127.0.0.1:5000";
    let mut service = signed(&json!({"entity_type": "service", "service_endpoint": endpoint, "entity_url": endpoint}));
    service["entity_url"] = "".into();
    assert_eq!(register(&devnet, &service).await.status, 201);
}

#[tokio::test]
async fn developers_sign_what_goes_default_encoder_writes() {
    let devnet = devnet().await;
    let key = key(9);
    let public = public(&key).to_wire();
    let text = |name: &str| format!(r#"{{"github":"","name":"{name}","profile_url":"","public_key":"{public}"}}"#);
    let mut request = json!({"name": "A & B", "public_key": public});
    assert_eq!(
        post(&devnet, "/v1/developers", &request.to_string()).await.error(),
        (400, "signature is required".into())
    );
    request["signature"] = sign(&key, text("A & B")).to_wire().into();
    assert_eq!(post(&devnet, "/v1/developers", &request.to_string()).await.error(), (401, "invalid signature".into()));
    request["signature"] = sign(&key, text(r"A \u0026 B")).to_wire().into();
    request["handle"] = "dev-one".into();
    let taken = post(&devnet, "/v1/developers", &request.to_string()).await;
    assert_eq!((taken.status, &taken.json()["handle"]), (201, &json!("dev-one")));
    request["handle"] = "".into();
    let again = post(&devnet, "/v1/developers", &request.to_string()).await.error();
    assert_eq!(again, (409, "developer already registered (or handle already taken)".into()));
}

#[tokio::test]
async fn the_update_vector_is_taken() {
    let devnet = with_developer().await;
    register(&devnet, &plain()).await;
    let path = format!("/v1/entities/{AGENT}");
    let body = r#"{"signature":"ed25519:NBptTulj3ZRGTTxmZQZGv3328k0XKra5BgKEjcH7qM9qQTZGJBeWYlkyilTOEiB9ZqRYFr9PUcLh5iYokN6QCw==","summary":"new <summary>"}"#;
    let vector =
        "Bearer ed25519:CeUn8zFT3OuLk/90Rt1GLAQij1hMc5GmvI2ujg/jnpvm9+MeaZfxWJI6BvwIRuRQ7RITOIBhBmdzD6yowvPiBw==";
    let put = async |authorization: &str, body: &str| {
        ask(devnet.addr(), "PUT", &path, &[("Authorization", authorization)], body).await
    };
    for (authorization, reason) in [
        ("", "missing Authorization header"),
        ("Basic abc", "Authorization header must use Bearer or Bearer-Dev scheme"),
        (&format!("Bearer {PROOF}"), "invalid ownership signature"),
        ("Bearer abc", "signature verification failed: invalid signature format, expected ed25519:<base64>"),
    ] {
        let want = (401, format!("ownership verification failed: {reason}"));
        assert_eq!(put(authorization, body).await.error(), want);
    }
    let reply = put(vector, body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.json()["summary"], "new <summary>");
    assert_eq!(reply.json()["entity_url"], "http://127.0.0.1:5000", "an update shows it");
    assert_eq!(reply.json()["tags"], json!(["a", "b"]), "what is not named stays");

    // The signature of the body is stored unread, and lost when it is left out; status cannot be set.
    let other = r#"{ "name": "Beta", "status": "inactive" }"#;
    let reply = put(&format!("Bearer {}", sign(&agent_key(), other).to_wire()), other).await;
    assert_eq!((&reply.json()["signature"], &reply.json()["status"]), (&json!(""), &json!("active")));
    let unknown = ask(devnet.addr(), "PUT", "/v1/entities/zns:nobody", &[("Authorization", vector)], body).await;
    assert_eq!(unknown.error(), (404, "entity not found".into()));
}

#[tokio::test]
async fn both_deletion_vectors_are_taken() {
    for vector in [
        "Bearer ed25519:UdLLf+XtyAfAs1MPr94W3raRyw5RH+fXkSipdRewgjeQ/GR/UYyf+I3SHGoeSC+pqX7cQh3acC41tgr4hDf7CQ==",
        "Bearer-Dev ed25519:QJOLWn55zgoL5U6+dUaTaHT4nlUd5JklNoobUqXfznvNOfiEaeaVwC90J/5jLRffR12K8Vs3RDkYQwwWdFqoCw==",
    ] {
        let devnet = with_developer().await;
        register(&devnet, &plain()).await;
        let path = format!("/v1/entities/{AGENT}");
        let delete = async || ask(devnet.addr(), "DELETE", &path, &[("Authorization", vector)], "").await;
        let reply = delete().await;
        assert_eq!((reply.status, &*reply.body), (200, "{\"message\":\"agent deregistered\"}\n"));
        assert_eq!(delete().await.error(), (404, "entity not found".into()));
        assert_eq!(get(&devnet, &path).await.error(), (404, "entity not found".into()));
        assert_eq!(register(&devnet, &plain()).await.status, 201, "at once again");
    }
}
