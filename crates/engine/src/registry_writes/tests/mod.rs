//! Writes to a real registry on loopback.

mod middleman;
mod next;
mod refused;
mod unsure;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::{DeveloperId, EntityId, PublicKey};
use beatkeeper_core::wire::ownership::{Fqan, Owner};
use beatkeeper_core::wire::registration::developer_bytes;
use beatkeeper_devnet::{Config, Devnet};
use beatkeeper_vault::Vault;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

use super::answers;
use super::client::{Asker, Client, Pace};
use super::deed::Deed;
use super::keys::Keys;
use super::{Desk, Write, WriteDone, WritePlan};
use crate::command::{Added, Command};
use crate::discover::Surroundings;
use crate::paths::Paths;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::setup::{self, VaultChoice};

/// Long enough for a short window to be over, and short enough for a test.
const BRIEF: Pace = Pace { unsaid: Duration::from_millis(600), most: Duration::from_secs(5) };

struct Scene {
    devnet: Devnet,
    folder: tempfile::TempDir,
    paths: Paths,
    vault: Vault,
    changing: tokio::sync::Mutex<()>,
}

impl Scene {
    async fn new() -> Self {
        Self::on(|_| {}).await
    }

    async fn on(change: impl FnOnce(&mut Config)) -> Self {
        let mut config =
            Config { registrations_per_minute: None, host: "reg.example.test".into(), ..Config::default() };
        change(&mut config);
        let devnet = Devnet::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths { config: folder.path().join("beatkeeper.toml"), data: folder.path().to_owned() };
        let registry = format!("[[registry]]\nname = \"devnet\"\nurl = \"{}\"\n", devnet.url());
        std::fs::write(&paths.config, registry).unwrap();
        let choice = VaultChoice::File { passphrase: "correct horse".to_owned().into() };
        let vault = setup::open_vault(&paths, &choice).unwrap();
        write_key(&folder.path().join("home/.zynd/developer.json"), 9);
        Self { devnet, folder, paths, vault, changing: tokio::sync::Mutex::new(()) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn desk(&self) -> Desk<'_> {
        let around = Surroundings { home: Some(self.path("home")), environment: HashMap::new() };
        Desk { around, pace: BRIEF, ..Desk::new(&self.paths, &self.vault, &self.changing) }
    }

    fn settings(&self) -> Settings {
        Settings::load(&self.paths.config).unwrap()
    }

    fn configure(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(&self.paths.config).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(&self.paths.config, text.replace(from, to)).unwrap();
    }

    /// An agent with the developer's key of this number, whose health address says where it is.
    fn derived(&self, index: u32, name: &str) -> EntityId {
        let command = Command::AgentDerive {
            developer_path: self.path("home/.zynd/developer.json"),
            index,
            registry: "devnet".into(),
            name: Some(name.into()),
            replace: None,
        };
        let added = setup::execute(&self.paths, &self.vault, &command).unwrap().unwrap();
        let added: Added = serde_json::from_value(added).unwrap();
        self.configure(
            &format!("name = \"{name}\"\n"),
            &format!("name = \"{name}\"\nhealth = \"http://127.0.0.1:9/health\"\n"),
        );
        added.id
    }

    async fn propose(&self, id: &EntityId, write: &Write) -> Result<WritePlan, Refusal> {
        self.desk().propose(id, write).await
    }

    async fn carry_out(&self, id: &EntityId, write: &Write) -> Result<WriteDone, Refusal> {
        let plan = self.propose(id, write).await?;
        self.desk().carry_out(id, write, &plan.seal).await
    }

    async fn registered(&self, index: u32, name: &str) -> EntityId {
        let id = self.derived(index, name);
        self.carry_out(&id, &register()).await.unwrap();
        id
    }

    /// Gives an entity a name under the developer's handle.
    async fn bind(&self, id: &EntityId, name: &str) -> Fqan {
        let mut client = Client::new(self.devnet.url().parse().unwrap(), BRIEF, Asker::default()).unwrap();
        let sign = |bytes: &[u8]| format!("ed25519:{}", STANDARD.encode(key(9).sign(bytes).to_bytes()));
        let signed = json!({
            "capability_tags": null, "developer_handle": "dev-one", "entity_id": id, "entity_name": name, "version": "",
        });
        let request = json!({
            "developer_handle": "dev-one", "entity_id": id, "entity_name": name, "signature": sign(signed.to_string().as_bytes()),
        });
        let answer = client.ask(&posted("v1/names", &request)).await.unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
        Fqan::parse(answer.text("fqan").unwrap()).unwrap()
    }

    /// The developer, with a handle under which entities have names.
    async fn developer_with_handle(&self) {
        let mut client = Client::new(self.devnet.url().parse().unwrap(), BRIEF, Asker::default()).unwrap();
        let signature = key(9).sign(&developer_bytes("Dev One", "", "", &public(9)));
        let request = json!({
            "name": "Dev One", "public_key": public(9), "handle": "dev-one",
            "signature": format!("ed25519:{}", STANDARD.encode(signature.to_bytes())),
        });
        assert_eq!(client.ask(&posted("v1/developers", &request)).await.unwrap().status, 201);
    }
}

fn posted(path: &str, body: &Value) -> super::deed::Request {
    super::deed::Request {
        method: reqwest::Method::POST,
        path: path.to_owned(),
        body: Some(body.to_string()),
        authorization: None,
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(number: u8) -> PublicKey {
    PublicKey::from_bytes(key(number).verifying_key().to_bytes())
}

fn developer_id() -> DeveloperId {
    DeveloperId::from_key(&public(9))
}

fn write_key(path: &std::path::Path, number: u8) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = json!({
        "public_key": STANDARD.encode(public(number).as_bytes()),
        "private_key": STANDARD.encode([number; 32]),
    });
    std::fs::write(path, text.to_string()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn register() -> Write {
    Write::Register {
        developer_path: None,
        entity_url: None,
        name: None,
        category: None,
        tags: None,
        summary: None,
        index: None,
    }
}

fn deregister(name: &str) -> Write {
    Write::Deregister { confirm_name: name.into(), developer_path: None }
}

#[tokio::test]
async fn a_registration_is_shown_and_then_done_as_it_was_shown() {
    let scene = Scene::new().await;
    let id = scene.derived(3, "weather");
    let plan = scene.propose(&id, &register()).await.unwrap();
    assert!(scene.devnet.is_empty(), "a proposal changes nothing");
    let [developer, agent] = &plan.steps[..] else { panic!("{plan:#?}") };
    assert_eq!(developer.url, format!("{}/v1/developers", scene.devnet.url()));
    assert_eq!((agent.method.as_str(), agent.signed_by.as_str()), ("POST", "the agent's key"));
    let body: Value = serde_json::from_str(agent.body.as_ref().unwrap()).unwrap();
    assert_eq!(body["signature"], "(signed when sent)");
    assert_eq!(body["developer_proof"]["developer_signature"], "(signed when sent)");
    let signed: Value = serde_json::from_str(&agent.signed).unwrap();
    assert_eq!(signed["name"], "weather");
    assert_eq!(signed["entity_url"], "http://127.0.0.1:9");
    let [proof] = &agent.also[..] else { panic!("{agent:#?}") };
    assert!(proof.signed.starts_with("hex:") && proof.signed.ends_with("00000003"), "{proof:?}");
    assert_eq!(proof.signed_by, "the developer's key");

    let done = scene.desk().carry_out(&id, &register(), &plan.seal).await.unwrap();
    assert_eq!(done.steps.iter().map(|step| (step.status, step.ok)).collect::<Vec<_>>(), [(Some(201), true); 2]);
    let record = scene.devnet.record(&id).unwrap();
    assert_eq!((record.name.as_str(), record.developer_id.as_str()), ("weather", developer_id().as_str()));
    assert_eq!(record.developer_proof.unwrap().entity_index, 3);
    assert_eq!(record.entity_url, "http://127.0.0.1:9");
    let again = scene.propose(&id, &register()).await.unwrap_err();
    assert_eq!(again.code, "write.already_registered");
}

#[tokio::test]
async fn what_the_person_says_is_what_is_registered() {
    let scene = Scene::new().await;
    let id = scene.derived(0, "weather");
    let project = scene.path("project");
    std::fs::create_dir(&project).unwrap();
    let description =
        r#"{"name": "from the project", "category": "data", "tags": ["a"], "description": "Tells. More."}"#;
    std::fs::write(project.join("agent.config.json"), description).unwrap();
    scene.configure("name = \"weather\"\n", &format!("name = \"weather\"\nproject = '{}'\n", project.display()));
    let said = Write::Register {
        developer_path: None,
        entity_url: Some("https://w.example.com/?a=1&b=<2>".into()),
        name: Some("Wetter \u{2028} & mehr".into()),
        category: None,
        tags: None,
        summary: None,
        index: None,
    };
    scene.carry_out(&id, &said).await.unwrap();
    let record = scene.devnet.record(&id).unwrap();
    assert_eq!(record.name, "Wetter \u{2028} & mehr");
    assert_eq!(record.entity_url, "https://w.example.com/?a=1&b=<2>");
    assert_eq!((record.category.as_str(), record.summary.as_str()), ("data", "Tells."));
    assert_eq!(record.tags, ["a"]);
}

#[tokio::test]
async fn a_deleted_record_is_registered_again() {
    let scene = Scene::new().await;
    let id = scene.registered(0, "weather").await;
    scene.devnet.remove_entity(&id);
    let plan = scene.propose(&id, &register()).await.unwrap();
    assert_eq!(plan.steps.len(), 1, "the developer is known: {plan:#?}");
    scene.desk().carry_out(&id, &register(), &plan.seal).await.unwrap();
    assert!(scene.devnet.record(&id).is_some());
}

#[tokio::test]
async fn who_was_faster_with_the_same_key_is_no_failure() {
    let scene = Scene::new().await;
    let id = scene.derived(0, "weather");
    let desk = scene.desk();
    let first = Box::pin(desk.draft(&id, &register())).await.unwrap();
    scene.carry_out(&id, &register()).await.unwrap();
    let done = Box::pin(desk.perform(first)).await.unwrap();
    assert_eq!(done.steps.iter().map(|step| (step.status, step.ok)).collect::<Vec<_>>(), [(Some(409), true); 2]);
    assert!(done.steps[1].answer.contains("same key"), "{done:?}");
}

#[tokio::test]
async fn an_agent_is_published_elsewhere() {
    let scene = Scene::new().await;
    let id = scene.registered(0, "weather").await;
    let write = Write::Update { entity_url: "https://w.example.com".into() };
    let plan = scene.propose(&id, &write).await.unwrap();
    assert!(plan.sentence.contains("instead of http://127.0.0.1:9"), "{plan:#?}");
    assert_eq!(plan.steps[0].also[0].signed, r#"{"entity_url":"https://w.example.com"}"#);
    assert!(plan.warnings.iter().any(|warning| warning.contains("code hash")), "{plan:#?}");
    scene.desk().carry_out(&id, &write, &plan.seal).await.unwrap();
    let record = scene.devnet.record(&id).unwrap();
    assert_eq!(record.entity_url, "https://w.example.com");
    assert!(record.signature.starts_with("ed25519:"), "a signature of the body is kept");
}

#[tokio::test]
async fn a_name_is_released_before_its_record_is_deleted() {
    let scene = Scene::new().await;
    scene.developer_with_handle().await;
    let id = scene.registered(0, "weather").await;
    let name = scene.bind(&id, "alpha").await;
    // Without that, the registry's database holds it.
    let signer = scene.vault.signer(&id).unwrap();
    let keys = Keys { agent: Some(signer), developer: None };
    let request = Deed::Delete { id: id.clone(), by: Owner::Entity }.write(&mut &keys).unwrap();
    let base = scene.devnet.url().parse().unwrap();
    let answer =
        Client::new(scene.devnet.url().parse().unwrap(), BRIEF, Asker::default()).unwrap().ask(&request).await.unwrap();
    assert_eq!(answers::refusal(&answer, &base).code, "write.name_bound");

    let write = deregister("weather");
    let plan = scene.propose(&id, &write).await.unwrap();
    let signed: Vec<&str> = plan.steps.iter().map(|step| step.signed.as_str()).collect();
    assert_eq!(signed, [&*format!("release:{}", name.as_str()), id.as_str()]);
    scene.desk().carry_out(&id, &write, &plan.seal).await.unwrap();
    assert!(scene.devnet.record(&id).is_none() && scene.devnet.name_of(&id).is_none());
    assert_eq!(scene.propose(&id, &write).await.unwrap_err().code, "write.not_registered");
}

#[tokio::test]
async fn the_developer_deletes_where_the_agents_key_is_gone() {
    let scene = Scene::new().await;
    let id = scene.registered(0, "weather").await;
    let fingerprint = scene.vault.signer(&id).unwrap().public_key().fingerprint();
    scene.vault.delete(&id, fingerprint).unwrap();
    let (vault, elsewhere) = (scene.paths.vault_file(), scene.path("elsewhere"));
    std::fs::rename(&vault, &elsewhere).unwrap();
    let refused = scene.propose(&id, &deregister("weather")).await.unwrap_err();
    assert_eq!(refused.code, "vault.file_missing", "who cannot look does not take the other key");
    std::fs::rename(&elsewhere, &vault).unwrap();
    let plan = scene.propose(&id, &deregister("weather")).await.unwrap();
    assert_eq!(plan.steps[0].signed_by, "the developer's key");
    assert!(plan.sentence.contains(developer_id().as_str()), "{plan:#?}");
    scene.carry_out(&id, &deregister("weather")).await.unwrap();
    assert!(scene.devnet.record(&id).is_none());
}

#[tokio::test]
async fn the_registrys_limit_is_waited_out_once() {
    let window = Duration::from_millis(200);
    let scene = Scene::on(|config| {
        config.registrations_per_minute = Some(1);
        config.limit_window = window;
    })
    .await;
    let id = scene.derived(0, "weather");
    // The developer takes the only place of a window, and the agent waits for the next one.
    let done = scene.carry_out(&id, &register()).await.unwrap();
    assert!(done.steps[1].answer.contains("its limit asked for"), "{done:?}");
    assert!(scene.devnet.record(&id).is_some());
}
