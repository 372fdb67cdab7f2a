use std::path::PathBuf;

use super::*;
use crate::command::Command;
use crate::setup::{VaultChoice, execute, open_vault};

const PKCS8: &[u8] = include_bytes!("../../../../vault/tests/rsa/pkcs8.pem");
const PKCS1: &[u8] = include_bytes!("../../../../vault/tests/rsa/pkcs1.pem");

struct Stage {
    folder: tempfile::TempDir,
    paths: Paths,
    vault: Vault,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths { config: folder.path().join("beatkeeper.toml"), data: folder.path().join("data") };
        std::fs::create_dir_all(&paths.data).unwrap();
        let text = "[[registry]]\nname = \"cafe\"\nurl = \"http://127.0.0.1:1\"\ndialect = \"artcafe\"\n\
                    organization = \"acme\"\n[[registry]]\nname = \"zynd\"\nurl = \"http://127.0.0.1:2\"\n";
        std::fs::write(&paths.config, text).unwrap();
        let choice = VaultChoice::File { passphrase: "a long passphrase".to_owned().into() };
        let vault = open_vault(&paths, &choice).unwrap();
        Self { folder, paths, vault }
    }

    fn write(&self, name: &str, text: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn does(&self, command: &Command) -> Result<serde_json::Value, Refusal> {
        execute(&self.paths, &self.vault, command).expect("it needs no engine")
    }

    fn import(&self, path: &Path, registry: &str, name: Option<&str>) -> Result<Added, Refusal> {
        let value = self.does(&Command::AgentImport {
            path: path.to_owned(),
            registry: registry.into(),
            name: name.map(Into::into),
            allow_loose: true,
            kind: None,
            project: None,
            replace: None,
        })?;
        Ok(serde_json::from_value(value).unwrap())
    }

    fn key(&self, id: &EntityId) -> KeyFace {
        serde_json::from_value(self.does(&Command::AgentKey { id: id.clone() }).unwrap()).unwrap()
    }

    fn configured(&self) -> Vec<EntityId> {
        Settings::load(&self.paths.config).unwrap().agents.into_iter().map(|agent| agent.entity).collect()
    }
}

#[test]
fn a_pem_file_becomes_an_agent_with_its_key_in_the_vault() {
    let stage = Stage::new();
    let pem = stage.write("weather.pem", PKCS8);
    let added = stage.import(&pem, "cafe", None).unwrap();
    assert_eq!((added.id.as_str(), added.name.as_str(), added.restored), ("artcafe:acme/weather", "weather", false));
    assert!(added.public_key.as_ref().is_some_and(|key| key.starts_with("ssh-rsa AAAA")), "{added:?}");
    assert_eq!(stage.configured(), std::slice::from_ref(&added.id));
    let key = stage.key(&added.id);
    assert_eq!((key.presence.as_str(), key.public_key.as_ref()), ("present", added.public_key.as_ref()));
    // The same key in its other form is no other key.
    let again = stage.write("weather-1.pem", PKCS1);
    assert_eq!(stage.import(&again, "cafe", Some("weather")).unwrap_err().code, "agent.exists");
}

#[test]
fn a_lost_key_comes_back_and_a_removed_one_is_gone() {
    let stage = Stage::new();
    let pem = stage.write("key.pem", PKCS8);
    let id = stage.import(&pem, "cafe", Some("w x")).unwrap().id;
    assert_eq!(id.as_str(), "artcafe:acme/w%20x");
    delete(&stage.vault, &id).unwrap().unwrap();
    assert_eq!(stage.key(&id).presence, "absent");
    assert!(stage.import(&pem, "cafe", Some("w x")).unwrap().restored);
    let remove = Command::AgentRemove { id: id.clone(), confirm_name: "w x".into(), delete_key: true };
    stage.does(&remove).unwrap();
    assert_eq!((stage.key(&id).presence.as_str(), stage.configured().len()), ("absent", 0));
}

#[test]
fn a_file_of_the_wrong_kind_is_answered_with_the_way_out() {
    let stage = Stage::new();
    let pem = stage.write("key.pem", PKCS8);
    let refused = stage.import(&pem, "zynd", Some("a")).unwrap_err();
    assert_eq!(refused.code, "keyfile.is_pem");
    assert!(refused.remedy.contains("artcafe"), "{refused:?}");
    let json = stage.write("keypair.json", b"{\"private_key\": \"\"}");
    assert_eq!(stage.import(&json, "cafe", Some("a")).unwrap_err().code, "keyfile.is_json");
    let other = stage.write("note.txt", b"hello");
    assert_eq!(stage.import(&other, "cafe", Some("a")).unwrap_err().code, "keyfile.not_rsa");
    assert_eq!(stage.import(&pem, "cafe", Some("a\nb")).unwrap_err().code, "agent.bad_name");
    let generate = Command::AgentGenerate { registry: "cafe".into(), name: Some("a".into()) };
    assert_eq!(stage.does(&generate).unwrap_err().code, "registry.artcafe");
    assert_eq!(stage.configured(), []);
}

#[test]
fn a_pem_file_is_shredded_once_its_key_is_safe() {
    let stage = Stage::new();
    let pem = stage.write("key.pem", PKCS8);
    let shred = Command::KeyFileShred { path: pem.clone() };
    assert_eq!(stage.does(&shred).unwrap_err().code, "keyfile.not_kept");
    stage.import(&pem, "cafe", Some("a")).unwrap();
    stage.does(&shred).unwrap();
    assert!(!pem.exists());
}
