use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::{EntityKind, PublicKey};
use beatkeeper_vault::{KeyFile, Loose, Overwrite};
use ed25519_dalek::SigningKey;
use tempfile::TempDir;

mod previews;

use super::*;
use crate::settings::RungEntry;
use crate::setup::{VaultChoice, open_vault};

struct Stage {
    dir: TempDir,
    paths: Paths,
    vault: Vault,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths { config: dir.path().join("config/beatkeeper.toml"), data: dir.path().join("data") };
        fs::create_dir_all(dir.path().join("config")).unwrap();
        fs::create_dir_all(&paths.data).unwrap();
        let choice = VaultChoice::File { passphrase: "a long passphrase".to_owned().into() };
        let vault = open_vault(&paths, &choice).unwrap();
        Self { dir, paths, vault }
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A key that the project names, or that of a folder in it.
    fn key(&self, folder: &str, number: u8) {
        let key = SigningKey::from_bytes(&[number; 32]);
        let (public, private) = (STANDARD.encode(key.verifying_key().to_bytes()), STANDARD.encode([number; 32]));
        self.write(
            &format!("{folder}.agent/config.json"),
            &format!("{{\"public_key\": \"{public}\", \"private_key\": \"{private}\"}}"),
        );
    }

    fn import(&self, folder: &str, number: u8) {
        let file = self.folder().join(format!("{folder}.agent/config.json"));
        let seed = KeyFile::read(&file, Loose::Allow).unwrap().into_seed();
        self.vault.store(&id(number), &seed, Overwrite::OnlyIfAbsent).unwrap();
    }

    fn adopt(&self) -> Result<Vec<Adopted>, Refusal> {
        adopt_with(&self.paths, &self.vault, &self.folder(), None, &Surroundings::default())
    }

    fn preview(&self) -> Option<ProjectPreview> {
        preview::preview_with(&self.paths, &self.vault, &self.folder(), &Surroundings::default()).unwrap()
    }

    fn whats(&self) -> Vec<Adoption> {
        self.adopt().unwrap().into_iter().map(|one| one.what).collect()
    }

    fn settings(&self) -> Settings {
        Settings::load(&self.paths.config).unwrap()
    }
}

fn id(number: u8) -> EntityId {
    let public = PublicKey::from_bytes(SigningKey::from_bytes(&[number; 32]).verifying_key().to_bytes());
    EntityId::from_key(&public, EntityKind::Agent)
}

const REGISTRY: &str = "http://127.0.0.1:8080";

fn described(name: &str, number: u8, more: &str) -> String {
    format!("[[agent]]\nentity = \"{}\"\nname = \"{name}\"\nregistry = \"{REGISTRY}\"\n{more}\n", id(number))
}

#[test]
fn a_project_is_taken_in_once_and_again_with_its_changes() {
    let stage = Stage::new();
    let more =
        "tags = [\"mine\"]\nbeats = \"auto\"\n[agent.run]\ncommand = [\"a\"]\nfolder = \"sub\"\ndepends_on = [\"db\"]";
    let db = "interval = 10\n[agent.run]\ncommand = [\"b\"]";
    stage.write("beatkeeper.toml", &(described("weather", 1, more) + &described("db", 2, db)));
    assert_eq!(stage.whats(), [Adoption::Added, Adoption::Added]);
    let settings = stage.settings();
    let [weather, db] = &settings.agents[..] else { panic!("{settings:?}") };
    assert_eq!(settings.registries.len(), 1, "one URL is one registry");
    assert_eq!((weather.name.as_str(), &weather.tags[..]), ("weather", &["mine".to_owned()][..]));
    assert_eq!((&weather.project, weather.beats), (&Some(stage.folder()), BeatsBy::Auto));
    assert_eq!((weather.registry.as_str(), db.interval), ("127.0.0.1:8080", 10));
    let run = weather.run.as_ref().unwrap();
    assert_eq!(run.folder_in(weather.project.as_deref()).unwrap(), stage.folder().join("sub"));
    assert_eq!(run.depends_on, [id(2).as_str()], "by id, whatever a user calls it");
    let text = fs::read_to_string(&stage.paths.config).unwrap();
    assert_eq!(stage.whats(), [Adoption::Same, Adoption::Same]);
    assert_eq!(fs::read_to_string(&stage.paths.config).unwrap(), text);

    // What is the user's stays; what is the project's follows it.
    let edited = text
        .replace(
            "name = \"weather\"",
            "# mine\nname = \"wetter\" # so\npaused = true\nhealth = \"http://127.0.0.1:9/\"",
        )
        .replace("[\"mine\"]", "[\"other\"]")
        .replace("command = [\"a\"]", "command = [\"changed\"]");
    fs::write(&stage.paths.config, edited).unwrap();
    assert_eq!(stage.whats(), [Adoption::Changed, Adoption::Same]);
    let settings = stage.settings();
    let weather = &settings.agents[0];
    assert_eq!((weather.name.as_str(), &weather.tags[0][..], weather.paused), ("wetter", "other", true));
    assert_eq!((&weather.run.as_ref().unwrap().command[0][..], &weather.health), ("a", &None));
    assert!(fs::read_to_string(&stage.paths.config).unwrap().contains("# mine\nname = \"wetter\" # so"));

    let rung = "[[agent.recover]]\ndo = \"restart\"";
    stage.write("beatkeeper.toml", &described("weather", 1, &format!("{more}\n{rung}")));
    assert_eq!(stage.whats(), [Adoption::Changed]);
    let settings = stage.settings();
    assert_eq!(settings.agents[0].recover, [RungEntry::new(beatkeeper_core::view::RungKind::Restart)]);
    assert_eq!(settings.agents.len(), 2, "who is no longer in the project's file is the user's to remove");
}

#[test]
fn without_an_entity_the_projects_key_decides() {
    let stage = Stage::new();
    let agent = format!("[[agent]]\nname = \"my agent\"\nregistry = \"{REGISTRY}\"\n");
    stage.write("beatkeeper.toml", &agent);
    let only = |stage: &Stage| stage.adopt().unwrap().remove(0);
    let refused = only(&stage).refusal.unwrap();
    assert_eq!(refused.code, "project.no_key");
    assert_eq!(stage.settings(), Settings::default(), "nothing is written");

    stage.key("", 3);
    let refused = only(&stage).refusal.unwrap();
    assert_eq!(refused.code, "project.key_not_here");
    let path = stage.folder().join(".agent/config.json");
    let import = format!("beatkeeper agent import {} --registry {REGISTRY} --name \"my agent\"", path.display());
    assert!(refused.remedy.contains(&import), "{refused:?}");
    stage.import("", 3);
    let adopted = only(&stage);
    assert_eq!((adopted.what, adopted.id), (Adoption::Added, Some(id(3))));

    // In a folder of its own it has a key of its own.
    stage.key("two/", 4);
    stage.import("two/", 4);
    let two = format!("{agent}[agent.run]\ncommand = [\"a\"]\nfolder = \"two\"\n");
    stage.write("beatkeeper.toml", &(agent + &two));
    let ids: Vec<_> = stage.adopt().unwrap().into_iter().map(|one| (one.what, one.id)).collect();
    assert_eq!(ids, [(Adoption::Same, Some(id(3))), (Adoption::Added, Some(id(4)))]);
}

#[test]
fn who_beats_by_itself_with_its_own_key_needs_none_here() {
    let stage = Stage::new();
    stage.key("", 3);
    let run = "beats = \"agent\"\n[agent.run]\ncommand = [\"a\"]\nkey = \"none\"";
    stage.write("beatkeeper.toml", &format!("[[agent]]\nname = \"a\"\nregistry = \"{REGISTRY}\"\n{run}"));
    assert_eq!(stage.whats(), [Adoption::Added]);
}

#[test]
fn one_that_is_refused_keeps_no_other_one_back() {
    let stage = Stage::new();
    let text = [
        described("bad-grace", 1, "[agent.run]\ncommand = [\"a\"]\nstop_grace = 601"),
        described("bad-interval", 2, "interval = 0"),
        described("bad\\tname", 3, ""),
        described("good", 4, ""),
        described("again", 4, ""),
        described("bad-registry", 5, "").replace(REGISTRY, "no such"),
    ]
    .concat();
    stage.write("beatkeeper.toml", &text);
    let adopted = stage.adopt().unwrap();
    let codes: Vec<_> = adopted.iter().map(|one| one.refusal.as_ref().map_or("", |refusal| &refusal.code)).collect();
    let bad = "project.bad_agent";
    assert_eq!(codes, [bad, bad, "agent.bad_name", "", "project.twice", "registry.bad_url"]);
    assert!(adopted[0].refusal.as_ref().unwrap().sentence.contains("agent \"bad-grace\": run.stop_grace: 601"));
    assert_eq!(stage.settings().agents.len(), 1);
}

#[test]
fn a_file_that_is_none_is_refused_with_the_place() {
    let stage = Stage::new();
    fs::create_dir_all(stage.folder()).unwrap();
    assert_eq!(stage.preview(), None, "there is none to show");
    assert_eq!(stage.adopt().unwrap_err().code, "project.no_agents");
    stage.write("beatkeeper.toml", &described("a", 1, "paused = true"));
    let refusal = stage.adopt().unwrap_err();
    assert_eq!(refusal.code, "project.invalid");
    assert!(refusal.sentence.contains("line 5") && refusal.sentence.contains("paused"), "{refusal:?}");
    let shown = preview::preview_with(&stage.paths, &stage.vault, &stage.folder(), &Surroundings::default());
    assert_eq!(shown.unwrap_err(), refusal);
}

#[test]
fn what_was_seen_is_taken_in_and_nothing_else() {
    let stage = Stage::new();
    stage.write("beatkeeper.toml", &described("a", 1, "[agent.run]\ncommand = [\"a\"]"));
    let seen = stage.preview().unwrap().seal;
    stage.write("beatkeeper.toml", &described("a", 1, "[agent.run]\ncommand = [\"b\"]"));
    let adopt =
        |seen: &str| adopt_with(&stage.paths, &stage.vault, &stage.folder(), Some(seen), &Surroundings::default());
    let refusal = adopt(&seen).unwrap_err();
    assert_eq!(refusal.code, "project.changed");
    assert_eq!(stage.settings(), Settings::default(), "nothing is written");
    assert_eq!(adopt(&stage.preview().unwrap().seal).unwrap()[0].what, Adoption::Added);
}

#[test]
fn the_users_own_file_is_not_taken_into_itself() {
    let stage = Stage::new();
    stage.write("beatkeeper.toml", &described("a", 1, "[agent.run]\ncommand = [\"a\"]"));
    stage.adopt().unwrap();
    let folder = stage.paths.config.parent().unwrap();
    let text = fs::read_to_string(&stage.paths.config).unwrap();
    let shown = preview::preview_with(&stage.paths, &stage.vault, folder, &Surroundings::default()).unwrap().unwrap();
    assert_eq!((shown.agents.len(), shown.agents[0].programs[0].is_new), (1, false));
    let adopted = adopt_with(&stage.paths, &stage.vault, folder, None, &Surroundings::default()).unwrap();
    assert_eq!((adopted.len(), adopted[0].what, &adopted[0].name[..]), (1, Adoption::Same, "a"));
    assert_eq!(fs::read_to_string(&stage.paths.config).unwrap(), text);
}
