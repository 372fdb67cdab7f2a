use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::{EntityKind, PublicKey};
use ed25519_dalek::SigningKey;
use tempfile::TempDir;

use super::*;

struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).unwrap();
    }

    fn proposals(&self, windows: bool) -> Result<Vec<Proposal>, Refusal> {
        propose_on(self.path(), &Surroundings::default(), windows)
    }

    #[track_caller]
    fn only(&self, windows: bool) -> Proposal {
        let mut all = self.proposals(windows).unwrap();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    #[track_caller]
    fn refused(&self) -> Refusal {
        self.proposals(false).unwrap_err()
    }
}

const CONFIG: &str = r#"{"name": "Weather"}"#;

/// protocols.md 7.3: the first of agent.ts, .js, .mjs, .cjs, .py, and what starts each.
#[test]
fn the_entry_files_and_their_programs_are_those_of_the_zynd_command() {
    for (word, config) in [("agent", "agent.config.json"), ("service", "service.config.json")] {
        let expected: [(&str, &[&str], &[&str]); 5] = [
            ("ts", &["npx", "tsx"], &["npx.cmd", "tsx"]),
            ("js", &["node"], &["node"]),
            ("mjs", &["node"], &["node"]),
            ("cjs", &["node"], &["node"]),
            ("py", &["python3"], &["python"]),
        ];
        let folder = Folder::with(&[(config, CONFIG)]);
        for (ending, ..) in expected {
            folder.write(&format!("{word}.{ending}"), "");
        }
        for (ending, unix, windows) in expected {
            let entry = format!("{word}.{ending}");
            for (programs, on_windows) in [(unix, false), (windows, true)] {
                let proposal = folder.only(on_windows);
                let wanted: Vec<&str> = programs.iter().copied().chain([entry.as_str()]).collect();
                assert_eq!(proposal.command, wanted);
                assert!(proposal.why.contains(&entry) && proposal.why.contains(config), "{}", proposal.why);
            }
            folder.remove(&entry);
        }
        let refusal = folder.refused();
        assert_eq!(refusal.code, "project.no_entry");
        let says = format!("{word}.ts, {word}.js, {word}.mjs, {word}.cjs, {word}.py");
        assert!(refusal.sentence.contains(config) && refusal.sentence.contains(&says), "{refusal:?}");
    }
}

/// protocols.md 7.3: config server_port, then webhook_port, then 5000, and always told to the child.
#[test]
fn the_port_is_the_one_that_the_zynd_command_takes() {
    for (config, port) in [
        ("{}", 5000),
        (r#"{"webhook_port": 5001}"#, 5001),
        (r#"{"webhook_port": 5001, "server_port": 5002}"#, 5002),
        (r#"{"webhookPort": 5003}"#, 5003),
        (r#"{"serverPort": "5004", "webhook_port": 5001}"#, 5004),
        (r#"{"server_port": 0, "webhook_port": 70000}"#, 5000),
        (r#"{"server_port": null}"#, 5000),
    ] {
        let proposal = Folder::with(&[("agent.config.json", config), ("agent.py", "")]).only(false);
        assert_eq!(proposal.port, Some(port), "{config}");
        assert_eq!(proposal.env, BTreeMap::from([("ZYND_SERVER_PORT".to_owned(), port.to_string())]));
        assert_eq!(proposal.health, Some(format!("http://127.0.0.1:{port}/health")));
    }
}

#[test]
fn a_project_is_known_by_any_of_its_files() {
    let old = Folder::with(&[(".agent/agent.json", r#"{"name": "Old", "server_port": 7}"#), ("agent.js", "")]);
    assert_eq!((old.only(false).name.as_str(), old.only(false).port), ("Old", Some(7)));
    old.write("agent.config.json", r#"{"name": "New"}"#);
    assert_eq!((old.only(false).name.as_str(), old.only(false).port), ("New", Some(5000)));
    // A name that is none is the folder's.
    old.write("agent.config.json", r#"{"name": " "}"#);
    assert_eq!(old.only(false).name, old.path().file_name().unwrap().to_string_lossy());
    // Two in one folder are two.
    old.write("service.config.json", r#"{"name": "Maps", "server_port": 8}"#);
    old.write("service.py", "");
    let names: Vec<_> = old.proposals(false).unwrap().into_iter().map(|one| one.command.join(" ")).collect();
    assert_eq!(names, ["node agent.js", "python3 service.py"]);
}

#[test]
fn the_projects_own_python_is_preferred_and_said() {
    let folder = Folder::with(&[("agent.config.json", CONFIG), ("agent.py", ""), ("venv/bin/python", "")]);
    folder.write("venv/Scripts/python.exe", "");
    let python = |proposal: &Proposal| PathBuf::from(&proposal.command[0]);
    let proposal = folder.only(false);
    assert_eq!(python(&proposal), folder.path().join("venv/bin/python"));
    assert!(proposal.why.contains("its venv"), "{}", proposal.why);
    assert_eq!(python(&folder.only(true)), folder.path().join("venv/Scripts/python.exe"));
    folder.write(".venv/bin/python", "");
    let proposal = folder.only(false);
    assert_eq!(
        (python(&proposal), &proposal.command[1]),
        (folder.path().join(".venv/bin/python"), &"agent.py".to_owned())
    );
    assert!(proposal.why.contains("its .venv"), "{}", proposal.why);
}

#[test]
fn a_folder_of_projects_proposes_each_of_them() {
    let folder = Folder::with(&[
        ("b/agent.config.json", CONFIG),
        ("b/agent.js", ""),
        ("a/agent.config.json", CONFIG),
        ("a/agent.py", ""),
        ("broken/agent.config.json", "{"),
        ("c/readme.md", ""),
    ]);
    let folders: Vec<_> = folder.proposals(false).unwrap().into_iter().map(|one| one.folder).collect();
    assert_eq!(folders, [folder.path().join("a"), folder.path().join("b")]);
}

#[test]
fn the_entity_is_that_of_the_key_that_the_project_names() {
    let folder = Folder::with(&[("agent.config.json", CONFIG), ("agent.py", "")]);
    assert_eq!(folder.only(false).entity, None);
    let public = PublicKey::from_bytes(SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes());
    folder.write("key.json", &format!("{{\"private_key\": \"{}\"}}", STANDARD.encode([7; 32])));
    let public_key = public.to_wire().trim_start_matches("ed25519:").to_owned();
    folder.write(
        "key.json",
        &format!("{{\"public_key\": \"{public_key}\", \"private_key\": \"{}\"}}", STANDARD.encode([7; 32])),
    );
    folder.write(".env", "ZYND_AGENT_KEYPAIR_PATH=key.json\n");
    assert_eq!(folder.only(false).entity, Some(EntityId::from_key(&public, EntityKind::Agent)));
}

#[test]
fn why_nothing_is_proposed_is_said() {
    let folder = Folder::with(&[("package.json", "{}"), ("pyproject.toml", ""), ("agent.py", "")]);
    let refusal = folder.refused();
    assert_eq!(refusal.code, "project.unknown");
    assert!(refusal.sentence.contains("no Zynd project") && !refusal.remedy.is_empty());
    folder.write("agent.config.json", "{\"name\": ");
    assert_eq!(folder.refused().code, "project.bad_config");
    let gone = propose_on(&folder.path().join("gone"), &Surroundings::default(), false).unwrap_err();
    assert_eq!(gone.code, "project.no_folder");
}
