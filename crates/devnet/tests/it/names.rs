//! Names under developers' handles, and who may register as a developer (protocols.md 1.7, vectors of 4).

use beatkeeper_core::identity::DeveloperId;
use beatkeeper_core::wire::ownership::{Fqan, Owner, authorization};
use beatkeeper_core::wire::registration::{Proof, Registration, derivation_proof_bytes, registration_body};
use beatkeeper_devnet::{Devnet, Onboarding};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use super::support::*;

const DEVELOPER_KEY: &str = "ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const DEVELOPER_SIGNATURE: &str =
    "ed25519:sT3S2lh41VDcGoMRu5K1/peH66fVS3TfTLOlDBZuBUC54NO1ZuENq6IbsoS0YKurf1QscGruZNeGQTI5kKp2Aw==";
const AGENT: &str = "zns:7f3214872296f48d652a365c9f637f72";
const BINDING: &str =
    "ed25519:FG7NNEy95io80XVXjmFlYQWr+c4/hI2KFi4hjgefcbFgVLIK5hJ4jGo3WlglCrwYi1WNWX9Y4nJK/4y8UZJ8Aw==";
const FQAN: &str = "reg.example.test/dev-one/alpha";

fn developer() -> SigningKey {
    SigningKey::from_bytes(&std::array::from_fn(|index| u8::try_from(index).unwrap()))
}

/// Seed of derivation index 0.
fn agent_key() -> SigningKey {
    let hex = "314fea309f98c6bb3e296effd21a9b03bce2ff67495ed7b6e5e944962e82fe44";
    let seed: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    SigningKey::from_bytes(&seed.try_into().unwrap())
}

async fn with_handle() -> Devnet {
    let devnet = devnet_with(|config| config.host = "reg.example.test".to_owned()).await;
    let request = json!({
        "name": "Dev One", "public_key": DEVELOPER_KEY, "signature": DEVELOPER_SIGNATURE, "handle": "dev-one",
    });
    assert_eq!(post(&devnet, "/v1/developers", &request.to_string()).await.status, 201);
    devnet
}

/// The agent's registration, which asks for this name.
fn request(name: &str) -> Value {
    let (agent, developer) = (agent_key(), developer());
    let form = Registration {
        name: "Alpha",
        entity_url: "http://127.0.0.1:5000",
        category: "general",
        tags: None,
        summary: "",
        public_key: public(&agent),
        kind: None,
    };
    let proof = sign(&developer, derivation_proof_bytes(&public(&agent), 0)).to_wire();
    let proof = Proof { developer: public(&developer), index: 0, signature: &proof };
    let mut body = registration_body(&form, &sign(&agent, form.signed_bytes()).to_wire(), &proof);
    if !name.is_empty() {
        body["entity_name"] = name.into();
    }
    body
}

async fn register(devnet: &Devnet, name: &str) -> Value {
    let reply = post(devnet, "/v1/entities", &request(name).to_string()).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.json()
}

async fn delete(devnet: &Devnet, path: &str, authorization: &str) -> Reply {
    ask(devnet.addr(), "DELETE", path, &[("Authorization", authorization)], "").await
}

#[tokio::test]
async fn the_binding_vector_is_taken_and_shown() {
    let devnet = with_handle().await;
    register(&devnet, "").await;
    let bind = json!({
        "entity_id": AGENT, "entity_name": "alpha", "developer_handle": "dev-one", "version": "0.1.0",
        "signature": BINDING,
    });
    let reply = post(&devnet, "/v1/names", &bind.to_string()).await;
    assert_eq!((reply.status, &reply.json()["fqan"]), (201, &json!(FQAN)), "{}", reply.body);
    let again = post(&devnet, "/v1/names", &bind.to_string()).await;
    assert_eq!(again.error(), (409, "name already registered".into()));
    let shown = get(&devnet, &format!("/v1/entities/{AGENT}")).await;
    let end = format!(",\"fqan\":\"{FQAN}\",\"developer_handle\":\"dev-one\"}}\n");
    assert!(shown.body.ends_with(&end), "{}", shown.body);
    assert_eq!(shown.json()["home_registry"], "reg.example.test");
    let id = DeveloperId::from_key(&public(&developer()));
    let fleet = get(&devnet, &format!("/v1/developers/{id}/entities")).await.json();
    assert_eq!(fleet["agents"][0]["fqan"], FQAN);
    assert!(get(&devnet, "/v1/entities").await.json()["entities"][0]["fqan"].is_null(), "lists do not have it");
    let name = get(&devnet, "/v1/names/dev-one/alpha").await.json();
    assert_eq!((&name["entity_id"], &name["current_version"]), (&json!(AGENT), &json!("0.1.0")));
    let available = get(&devnet, "/v1/names/dev-one/alpha/available").await.json();
    assert_eq!((&available["available"], &available["existing_entity_id"]), (&json!(false), &json!(AGENT)));
    assert_eq!(get(&devnet, "/v1/names/dev-one/beta/available").await.json()["available"], true);
}

#[tokio::test]
async fn refusals_of_a_name_come_in_the_registrys_order() {
    let devnet = with_handle().await;
    let bind = |changes: Value| {
        let mut request = json!({
            "entity_id": AGENT, "entity_name": "alpha", "developer_handle": "dev-one", "signature": BINDING,
        });
        request.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        request.to_string()
    };
    for (request, status, sentence) in [
        (bind(json!({"entity_name": ""})), 400, "entity_name, developer_handle, entity_id, and signature are required"),
        (
            bind(json!({"entity_name": "A"})),
            400,
            "invalid name: it must match ^[a-z][a-z0-9-]{2,39}$ without a trailing or double hyphen",
        ),
        (bind(json!({"developer_handle": "nobody"})), 404, "developer handle not found"),
        (bind(json!({})), 404, "entity not found"),
    ] {
        assert_eq!(post(&devnet, "/v1/names", &request).await.error(), (status, sentence.to_owned()), "{request}");
    }
    register(&devnet, "").await;
    // The vector is of another version.
    assert_eq!(post(&devnet, "/v1/names", &bind(json!({}))).await.error(), (401, "invalid signature".into()));
    assert_eq!(get(&devnet, "/v1/names/dev-one/alpha").await.error(), (404, "name not found".into()));
}

#[tokio::test]
async fn a_name_holds_its_entity_until_it_is_released() {
    let devnet = with_handle().await;
    assert_eq!(register(&devnet, "alpha").await["fqan"], FQAN);
    let path = format!("/v1/entities/{AGENT}");
    let own = authorization(Owner::Entity, &sign(&agent_key(), AGENT).to_wire());
    let (status, sentence) = delete(&devnet, &path, &own).await.error();
    assert_eq!(status, 500);
    assert!(sentence.starts_with("failed to delete agent: ") && sentence.contains("zns_names_entity_id_fkey"));
    assert!(devnet.record(&AGENT.parse().unwrap()).is_some(), "it is still there");

    let name = Fqan::parse(FQAN).unwrap();
    let named = format!("/{}", name.path());
    let release = |key: &SigningKey| authorization(Owner::Entity, &sign(key, name.release_bytes()).to_wire());
    let stranger = delete(&devnet, &named, &release(&agent_key())).await.error();
    assert_eq!(stranger, (401, "unauthorized: invalid ownership signature".into()));
    let released = delete(&devnet, &named, &release(&developer())).await;
    assert_eq!((released.status, &*released.body), (200, "{\"message\":\"name released\"}\n"));
    assert_eq!(delete(&devnet, &named, &release(&developer())).await.error(), (404, "name not found".into()));
    assert_eq!(delete(&devnet, &path, &own).await.status, 200);
}

#[tokio::test]
async fn a_name_that_cannot_be_bound_is_passed_over() {
    let devnet = with_handle().await;
    assert!(register(&devnet, "No Name").await["fqan"].is_null());
    let without_host = devnet_with(|_| {}).await;
    let plain = json!({
        "name": "Dev One", "public_key": DEVELOPER_KEY, "signature": DEVELOPER_SIGNATURE, "handle": "dev-one",
    });
    post(&without_host, "/v1/developers", &plain.to_string()).await;
    assert!(register(&without_host, "alpha").await["fqan"].is_null());
}

#[tokio::test]
async fn a_restricted_registry_takes_no_developer_and_says_where_to_go() {
    let auth_url = "https://auth.example.test/".to_owned();
    let devnet = devnet_with(|config| config.onboarding = Onboarding::Restricted { auth_url: auth_url.clone() }).await;
    let info = get(&devnet, "/v1/info").await.json();
    assert_eq!(info["developer_onboarding"], json!({"mode": "restricted", "auth_url": auth_url}));
    let request = json!({"name": "Dev One", "public_key": DEVELOPER_KEY, "signature": DEVELOPER_SIGNATURE});
    let refused = post(&devnet, "/v1/developers", &request.to_string()).await;
    assert_eq!((refused.status, &refused.json()["auth_url"]), (403, &json!(auth_url)));
    assert!(refused.error().1.starts_with("self-registration is disabled"), "{}", refused.body);
}
