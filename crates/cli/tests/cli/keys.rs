//! Key files: the good ones give the golden id, and the bad ones lose nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::golden::{ANOTHER_KEY, ID, PRIVATE, PUBLIC, STRANGER, key_file, set_mode, take, write_key};
use crate::stage::Stage;

const PRIVATE_64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA==";
/// The public key of the second agent that this seed derives as a developer.
const OTHER_PUBLIC: &str = "S3oClBwPfa40I3liVdOMCIfWOyux+dMtc6HzdW0xSuo=";

const REGISTRY: &str = "http://127.0.0.1:9";

#[test]
fn both_forms_of_the_golden_seed_give_its_id() {
    for private in [PRIVATE, PRIVATE_64] {
        let stage = Stage::new();
        write_key(&stage, "keypair.json", &key_file(PUBLIC, private));
        let out = stage.ok(&["agent", "import", "keypair.json", "--registry", REGISTRY, "--name", "weather"]);
        assert_eq!(out, format!("{ID}\n"), "stdout is for scripts");
        let shown = stage.json(&["agent", "show", "weather", "--json"]);
        assert_eq!(shown["id"], ID);
        assert_eq!(shown["key"]["fingerprint"], &ID["zns:".len()..]);
        assert_eq!(shown["registry"]["url"], REGISTRY);
        let listed = stage.json(&["agent", "list", "--json"]);
        assert_eq!(listed["agents"][0]["name"], "weather");
    }
}

#[test]
fn a_developer_key_derives_the_golden_agents() {
    let stage = Stage::new();
    write_key(&stage, "developer.json", &key_file(PUBLIC, PRIVATE));
    let derive = |index: &str| {
        stage.ok(&["agent", "add", "--registry", REGISTRY, "--developer", "developer.json", "--index", index])
    };
    assert_eq!(derive("0"), "zns:7f3214872296f48d652a365c9f637f72\n");
    assert_eq!(derive("190"), "zns:51e662c8744e2a4590588751c6ed15d7\n");
}

#[test]
fn a_generated_key_is_another_one_each_time() {
    let stage = Stage::new();
    let first = stage.ok(&["agent", "add", "--registry", REGISTRY, "--generate", "--name", "one"]);
    let second = stage.ok(&["agent", "add", "--registry", REGISTRY, "--generate", "--name", "two"]);
    assert!(first.starts_with("zns:") && first != second);
}

#[test]
fn a_bad_key_file_gets_a_sentence_and_leaves_nothing_behind() {
    let stage = Stage::new();
    let good = key_file(PUBLIC, PRIVATE);
    let cases = [
        ("wrong.json", key_file(OTHER_PUBLIC, PRIVATE), "does not belong to its private_key"),
        ("half.json", key_file(PUBLIC, &PRIVATE_64.replace("E6EH", "E6EI").replace("8DoQe", "8DoQf")), "halves"),
        ("truncated.json", good[..good.len() / 2].to_owned(), "truncated"),
        ("html.json", "<html>not found</html>".to_owned(), "is not JSON: line 1, column 1"),
        ("list.json", "[]".to_owned(), "not in the form of a key file"),
        ("short.json", key_file(PUBLIC, "AAEC"), "has 3 bytes instead of"),
        ("empty.json", String::new(), "empty.json"),
    ];
    for (name, text, says) in cases {
        write_key(&stage, name, &text);
        let error = stage.refused(&["agent", "import", name, "--registry", REGISTRY]);
        assert!(error.contains(says) && error.contains(name), "{name}: {error}");
    }
    let error = stage.refused(&["agent", "import", "missing.json", "--registry", REGISTRY]);
    assert!(error.contains("missing.json"), "{error}");
    assert_eq!(stage.json(&["agent", "list", "--json"])["agents"].as_array().map(Vec::len), Some(0));

    // None of them stands in the way of the good one.
    write_key(&stage, "good.json", &good);
    assert_eq!(stage.ok(&["agent", "import", "good.json", "--registry", REGISTRY]), format!("{ID}\n"));
}

#[test]
fn a_file_that_others_can_read_is_refused_unless_that_was_seen() {
    let stage = Stage::new();
    write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));
    set_mode(&stage.path("key.json"), 0o644);
    let error = stage.refused(&["agent", "import", "key.json", "--registry", REGISTRY]);
    assert!(error.contains("0644") && error.contains("chmod 600"), "{error}");
    let import = ["agent", "import", "key.json", "--registry", REGISTRY, "--allow-loose"];
    assert_eq!(stage.ok(&import), format!("{ID}\n"));
}

#[test]
fn the_vault_file_is_an_explicit_choice_with_a_passphrase() {
    let stage = Stage::new();
    write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));
    let import = ["agent", "import", "key.json", "--registry", REGISTRY];

    let mut without = stage.command(&import);
    without.env_remove("BEATKEEPER_PASSPHRASE");
    let said = stage.hear(without);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("BEATKEEPER_PASSPHRASE"), "{said:?}");
    assert!(!stage.path("data/keys.vault").exists());

    stage.ok(&import);
    let mode = fs::metadata(stage.path("data/keys.vault")).expect("the vault file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut wrong = stage.command(&["agent", "add", "--registry", REGISTRY, "--generate"]);
    wrong.env("BEATKEEPER_PASSPHRASE", "wrong");
    let said = stage.hear(wrong);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.err.contains("passphrase does not open"), "{said:?}");
}

#[test]
fn removing_asks_for_the_name_and_keeps_the_key_unless_told() {
    let stage = Stage::new();
    write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));
    let import = ["agent", "import", "key.json", "--registry", REGISTRY, "--name", "weather"];
    stage.ok(&import);
    let asked = stage.refused(&["agent", "remove", "weather"]);
    assert!(asked.contains("--yes-remove \"weather\""), "{asked}");
    assert!(stage.refused(&["agent", "remove", ID, "--yes-remove", "wether"]).contains("wether"));

    // The key stayed, so the same key is welcome again; then it goes, too.
    stage.ok(&["agent", "remove", "5647", "--yes-remove", "weather"]);
    stage.ok(&import);
    stage.ok(&["agent", "remove", "weather", "--yes-remove", "weather", "--delete-key"]);
    stage.ok(&import);
    assert_eq!(stage.json(&["agent", "show", ID, "--json"])["key"]["presence"], "present");
}

/// A stage where the vault has another key under the golden id, and the golden key is in `key.json`.
fn taken() -> Stage {
    let stage = Stage::new();
    take(&stage);
    write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));
    stage
}

#[test]
fn another_key_in_its_place_is_replaced_only_when_it_is_named() {
    let stage = taken();
    let import =
        |replace: &[&str]| stage.run(&[&["agent", "import", "key.json", "--registry", REGISTRY], replace].concat());
    let names = format!("--replace {STRANGER}");
    for wrong in [&[][..], &["--replace", &ID["zns:".len()..]], &["--replace", "damaged-32"]] {
        let said = import(wrong);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{wrong:?}: {said:?}");
        assert!(said.err.contains(ID) && said.err.contains(&names), "{wrong:?}: {said:?}");
        assert_eq!(stage.read("data/keys.vault"), ANOTHER_KEY, "{wrong:?}: nothing is lost");
        assert!(!stage.path("beatkeeper.toml").exists(), "{wrong:?}: nothing is added");
    }
    let said = import(&["--replace", &STRANGER[..8]]);
    assert_eq!(said.code, Some(2), "half a fingerprint is no comparison: {said:?}");

    assert_eq!(import(&["--replace", STRANGER]).out, format!("{ID}\n"));
    let shown = stage.json(&["agent", "show", ID, "--json"]);
    assert_eq!(shown["key"]["fingerprint"], &ID["zns:".len()..]);
}

#[test]
fn a_derived_key_replaces_another_one_as_an_imported_key_does() {
    let stage = taken();
    // The golden seed as a developer's derives the agent whose id is free: nothing is replaced there.
    write_key(&stage, "developer.json", &key_file(PUBLIC, PRIVATE));
    let derive = ["agent", "add", "--registry", REGISTRY, "--developer", "developer.json", "--index", "0", "--replace"];
    assert_eq!(stage.ok(&[&derive[..], &[STRANGER]].concat()), format!("zns:{STRANGER}\n"));
    // What was named is not touched where it lies under another id.
    assert!(stage.refused(&["agent", "import", "key.json", "--registry", REGISTRY]).contains(STRANGER));
}

#[test]
fn an_agent_that_is_here_gets_its_key_again() {
    let stage = taken();
    stage.write(
        "beatkeeper.toml",
        &format!(
            "[[registry]]\nname = \"r\"\nurl = \"{REGISTRY}\"\n\n\
             [[agent]]\nentity = \"{ID}\"\nname = \"weather\"\nregistry = \"r\"\n"
        ),
    );
    let config = stage.read("beatkeeper.toml");
    let import = ["agent", "import", "key.json", "--registry", "r", "--name", "other"];
    assert!(stage.refused(&import).contains(&format!("--replace {STRANGER}")));

    // The name that must be typed is the agent's; whose key it is that lies in its place cannot be known from it.
    let remove = ["agent", "remove", "weather", "--yes-remove", "weather", "--delete-key"];
    let error = stage.refused(&remove);
    assert!(error.contains(STRANGER) && error.contains("was not deleted"), "{error}");
    assert_eq!(stage.read("data/keys.vault"), ANOTHER_KEY);

    let elsewhere = ["agent", "import", "key.json", "--registry", "http://127.0.0.1:8", "--replace", STRANGER];
    assert!(stage.refused(&elsewhere).contains("already here as"));
    assert_eq!(stage.read("data/keys.vault"), ANOTHER_KEY);

    let said = stage.run(&[&import[..], &["--replace", STRANGER]].concat());
    assert_eq!((said.code, said.out), (Some(0), format!("{ID}\n")));
    assert!(said.err.contains("weather was here already and has its key again"), "{}", said.err);
    assert_eq!(stage.read("beatkeeper.toml"), config, "its entry is its own");
    assert!(stage.refused(&import).contains("Nothing to do"));
    stage.ok(&remove);
}

#[test]
fn a_vault_that_was_lost_gets_the_keys_of_its_agents_again_and_no_others() {
    let stage = Stage::new();
    write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));
    let import = ["agent", "import", "key.json", "--registry", REGISTRY];
    stage.ok(&import);
    fs::remove_file(stage.path("data/keys.vault")).expect("the vault is lost");
    let config = stage.read("beatkeeper.toml");
    assert_eq!(stage.ok(&import), format!("{ID}\n"));
    assert_eq!(stage.json(&["agent", "show", ID, "--json"])["key"]["presence"], "present");
    assert_eq!(stage.read("beatkeeper.toml"), config);

    // Of one that beats by itself no key is needed here, so none is taken.
    fs::remove_file(stage.path("data/keys.vault")).expect("the vault is lost");
    stage.write("beatkeeper.toml", &format!("{config}\nbeats = \"agent\"\n").replace("beats = \"app\"\n", ""));
    assert!(stage.refused(&import).contains("already here as"));
    assert_eq!(stage.json(&["agent", "show", ID, "--json"])["key"]["presence"], "absent");
}

#[test]
fn keys_of_the_tools_are_found_and_a_file_is_shredded_only_when_its_key_is_kept() {
    let stage = Stage::new();
    std::fs::create_dir_all(stage.path("zynd/agents/weather")).unwrap();
    write_key(&stage, "zynd/agents/weather/keypair.json", &key_file(PUBLIC, PRIVATE));
    stage.write("beatkeeper.toml", "[[registry]]\nname = \"r\"\nurl = \"https://r.example\"\n");
    let find = || {
        let mut command = stage.command(&["agent", "find", "--json"]);
        command.env("ZYND_HOME", stage.path("zynd")).env("ZYND_REGISTRY_URL", "https://r.example");
        let said = stage.hear(command);
        serde_json::from_str::<serde_json::Value>(&said.out).expect("JSON")["keys"].clone()
    };
    let found = find();
    assert_eq!(
        (&found[0]["id"], &found[0]["name"], &found[0]["known"]),
        (&ID.into(), &"weather".into(), &false.into())
    );
    assert_eq!((&found[0]["of"], &found[0]["registry"]), (&"agent".into(), &"https://r.example".into()));

    let file = stage.path("zynd/agents/weather/keypair.json");
    let import = ["agent", "import", file.to_str().unwrap(), "--registry", "r"];
    stage.ok(&import);
    assert_eq!(find()[0]["known"], true);
    assert!(file.exists(), "nothing is deleted without being asked for");
    stage.refused(&[&import[..], &["--shred"]].concat());
    assert!(file.exists(), "an import that was refused deletes nothing");
    stage.ok(&["agent", "remove", "weather", "--yes-remove", "weather"]);
    stage.ok(&[&import[..], &["--shred"]].concat());
    assert!(!file.exists());
    assert_eq!(stage.json(&["agent", "show", "weather", "--json"])["key"]["presence"], "present");
}
