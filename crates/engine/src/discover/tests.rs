use std::collections::HashMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::PublicKey;
use ed25519_dalek::SigningKey;
use tempfile::TempDir;

use super::*;

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn key(&self, name: &str, number: u8) -> PathBuf {
        let public = STANDARD.encode(SigningKey::from_bytes(&[number; 32]).verifying_key().to_bytes());
        let private = STANDARD.encode([number; 32]);
        self.write(name, &format!("{{\"public_key\":\"{public}\",\"private_key\":\"{private}\"}}"))
    }

    fn around(&self) -> Surroundings {
        Surroundings { home: Some(self.0.path().to_owned()), environment: HashMap::new() }
    }

    fn find(&self, folders: &[PathBuf]) -> Vec<FoundKey> {
        find(&self.around(), folders, &Settings::default())
    }
}

fn id(number: u8, kind: EntityKind) -> String {
    let public = PublicKey::from_bytes(SigningKey::from_bytes(&[number; 32]).verifying_key().to_bytes());
    EntityId::from_key(&public, kind).as_str().to_owned()
}

fn names(found: &[FoundKey]) -> Vec<(KeyOf, &str)> {
    found.iter().map(|key| (key.of, key.name.as_str())).collect()
}

#[test]
fn a_home_without_keys_has_none() {
    assert_eq!(Home::new().find(&[]), []);
    assert_eq!(find(&Surroundings::default(), &[], &Settings::default()), []);
}

#[test]
fn every_place_of_the_tools_is_known() {
    let home = Home::new();
    home.key(".zynd/agents/weather/keypair.json", 1);
    home.key(".zynd/agents/agent-3.json", 2);
    home.key(".zynd/services/maps/keypair.json", 3);
    home.key(".zynd/developer.json", 4);
    home.key(".zynd/agent-7.json", 5);
    home.write(".zynd/config.json", r#"{"registry_url": "https://r.example"}"#);
    home.write(".zynd/identity.json", "{}");
    let found = home.find(&[]);
    let expected = [
        (KeyOf::Agent, "agent-3"),
        (KeyOf::Agent, "agent-7"),
        (KeyOf::Agent, "weather"),
        (KeyOf::Service, "maps"),
        (KeyOf::Developer, "developer"),
    ];
    assert_eq!(names(&found), expected);
    assert_eq!(found[2].id, Some(id(1, EntityKind::Agent)));
    assert_eq!(found[3].id, Some(id(3, EntityKind::Service)));
    assert!(found[4].id.as_ref().unwrap().starts_with("zns:dev:"));
    assert!(found.iter().all(|key| key.registry == "https://r.example" && key.problem.is_none()));
}

#[test]
fn a_project_says_more_of_a_key_that_is_found_in_both_places() {
    let home = Home::new();
    let key = home.key(".zynd/agents/weather-bot/keypair.json", 1);
    home.write("code/bot/agent.config.json", r#"{"name": "Weather Bot", "registryUrl": "https://own.example"}"#);
    home.write(
        "code/bot/.env",
        &format!("# keys\nexport ZYND_AGENT_KEYPAIR_PATH=\"{}\"\nOPENAI_API_KEY=\n", key.display()),
    );
    home.key("code/old/.agent/config.json", 2);
    home.key("code/node_modules/.agent/config.json", 3);
    let found = home.find(&[home.path("code")]);
    assert_eq!(names(&found), [(KeyOf::Agent, "Weather Bot"), (KeyOf::Agent, "old")], "{found:#?}");
    assert_eq!(found[0].project, Some(home.path("code/bot")));
    assert_eq!(found[0].registry, "https://own.example");
    assert_eq!(found[1].registry, USUAL_REGISTRY);

    // The person's own choice beats the project's.
    let mut around = home.around();
    around.environment.insert("ZYND_REGISTRY_URL".into(), "https://env.example".into());
    let found = find(&around, &[home.path("code")], &Settings::default());
    assert!(found.iter().all(|key| key.registry == "https://env.example"));
}

#[test]
fn the_environment_moves_the_home_and_names_a_key() {
    let home = Home::new();
    home.key(".zynd/agents/not-here/keypair.json", 1);
    home.key("elsewhere/agents/there/keypair.json", 2);
    let named = home.key("named.json", 3);
    let mut around = home.around();
    around.environment.insert("ZYND_HOME".into(), home.path("elsewhere").display().to_string());
    around.environment.insert("ZYND_AGENT_KEYPAIR_PATH".into(), named.display().to_string());
    assert_eq!(names(&find(&around, &[], &Settings::default())), [(KeyOf::Agent, "named"), (KeyOf::Agent, "there")]);
}

#[test]
fn the_developers_key_is_where_the_tools_look_for_it() {
    let home = Home::new();
    let usual = home.key(".zynd/developer.json", 1);
    let mut around = home.around();
    around.environment.insert("ZYND_HOME".into(), home.path("elsewhere").display().to_string());
    assert_eq!(developer_key(&around), Some(usual), "a home without one is passed over");
    let moved = home.key("elsewhere/developer.json", 2);
    assert_eq!(developer_key(&around), Some(moved));
    let named = home.key("named.json", 3);
    around.environment.insert("ZYND_DEVELOPER_KEYPAIR_PATH".into(), named.display().to_string());
    assert_eq!(developer_key(&around), Some(named));
}

#[test]
fn what_is_broken_is_listed_with_the_reason_and_what_is_here_is_marked() {
    let home = Home::new();
    home.write(".zynd/agents/broken/keypair.json", "{\"public_key\": ");
    home.key(".zynd/agents/known/keypair.json", 1);
    let config = format!(
        "[[registry]]\nname = \"r\"\nurl = \"https://r.example\"\n[[agent]]\nentity = \"{}\"\nname = \"k\"\nregistry = \"r\"\n",
        id(1, EntityKind::Agent)
    );
    let settings = Settings::parse(Path::new("b.toml"), &config).unwrap();
    let found = find(&home.around(), &[], &settings);
    assert!(found[0].problem.is_some() && found[0].id.is_none() && !found[0].known, "{found:#?}");
    assert!(found[1].known && found[1].problem.is_none(), "{found:#?}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_shown_with_its_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let path = home.key(".zynd/agents/open/keypair.json", 1);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let found = home.find(&[]);
    assert_eq!((found[0].mode.as_deref(), found[0].loose), (Some("0644"), true));
}

#[test]
fn no_secret_is_in_what_is_found() {
    let home = Home::new();
    home.key(".zynd/agents/weather/keypair.json", 9);
    let text = serde_json::to_string(&home.find(&[])).unwrap();
    assert!(!text.contains(&STANDARD.encode([9; 32])[..40]) && !text.contains(&"09".repeat(32)));
}
