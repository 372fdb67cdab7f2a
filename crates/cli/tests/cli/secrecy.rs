//! The seed is in its key file, in the sealed vault, and nowhere else.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::golden::{PRIVATE, SEED};
use crate::life;
use crate::stage::Stage;

/// Of the first agent that the golden seed derives as a developer (protocols.md 4).
const DERIVED: &str = "314fea309f98c6bb3e296effd21a9b03bce2ff67495ed7b6e5e944962e82fe44";

#[test]
fn no_seed_is_in_any_output_configuration_database_or_log() {
    let stage = Stage::new();
    let _registry = life::set(&stage);
    let mut engine = stage.engine("engine", &["-vvv"]);
    stage.ok(&["agent", "add", "--registry", "devnet", "--developer", "key.json", "--index", "0", "-vvv"]);
    stage.agent("weather", |agent| agent["beats"]["confirmed"].as_u64() >= Some(2));
    // What goes wrong must not tell either.
    fs::write(stage.path("broken.json"), stage.read("key.json").replace("\"A6EH", "\"B6EH")).unwrap();
    stage.run(&["agent", "import", "broken.json", "--registry", "devnet", "--allow-loose", "-vvv"]);
    stage.run(&["agent", "import", "key.json", "--registry", "devnet", "-vvv"]);
    for command in [
        &["status"][..],
        &["status", "--json"],
        &["history", "weather"],
        &["agent", "show", "weather", "--json"],
        &["agent", "list"],
        &["quit"],
    ] {
        stage.ok(command);
    }
    engine.ended();
    // Without an engine the command opens the vault itself.
    stage.ok(&["agent", "remove", "weather", "--yes-remove", "weather", "--delete-key", "-vvv"]);
    stage.run(&["agent", "import", "key.json", "--registry", "devnet", "-vvv"]);
    assert!(engine.said().contains("TRACE"), "the log says all it can");

    let mut places = vec![("what commands said".to_owned(), stage.heard())];
    collect(stage.root(), &mut places);
    for (wanted, forms) in [("imported", forms(&SEED)), ("derived", forms(&bytes(DERIVED)))] {
        for (place, content) in &places {
            for form in &forms {
                assert!(!contains(content, form), "the {wanted} seed is in {place}");
            }
        }
    }
    // The search would have found it.
    let key = fs::read(stage.path("key.json")).unwrap();
    assert!(forms(&SEED).iter().any(|form| contains(&key, form)) && key.windows(44).any(|w| w == PRIVATE.as_bytes()));
    for name in ["data/history.sqlite3", "data/keys.vault", "logs/engine.err", "beatkeeper.toml"] {
        assert!(places.iter().any(|(place, content)| place.ends_with(name) && !content.is_empty()), "{name}");
    }
}

#[test]
fn a_crash_leaves_no_memory_image() {
    let stage = Stage::new();
    let _registry = life::set(&stage);
    // As on a developer's machine that keeps the memory of everything that crashes.
    let run = stage.command(&["run"]);
    let mut generous = std::process::Command::new("sh");
    generous
        .args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\""])
        .arg(run.get_program())
        .args(run.get_args());
    generous.current_dir(stage.root());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => generous.env(name, value),
            None => generous.env_remove(name),
        };
    }
    let mut engine = stage.answering("engine", generous);
    stage.agent("weather", |agent| agent["beats"]["confirmed"].as_u64() >= Some(1));
    #[cfg(target_os = "linux")]
    {
        let limits = fs::read_to_string(format!("/proc/{}/limits", engine.pid())).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        let sizes: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
        assert!(sizes == ["1", "1"] || sizes == ["0", "0"], "{core}");
    }
    engine.signal("ABRT");
    engine.ended();
    let mut places = Vec::new();
    collect(stage.root(), &mut places);
    let images: Vec<_> =
        places.iter().filter(|(_, content)| content.starts_with(b"\x7fELF")).map(|(at, _)| at).collect();
    assert!(images.is_empty(), "{images:?}");
    for form in forms(&SEED) {
        assert!(!places.iter().any(|(_, content)| contains(content, &form)), "the seed is in a file");
    }
}

/// Every file, but those that hold the key on purpose.
fn collect(folder: &Path, places: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
        if kind.is_dir() {
            collect(&path, places);
        } else if kind.is_file() && !["key.json", "broken.json"].contains(&&*entry.file_name().to_string_lossy()) {
            places.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
}

/// A seed as raw bytes, as hex, as base64, and as Rust and Python print bytes.
fn forms(seed: &[u8; 32]) -> Vec<Vec<u8>> {
    let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = seed.map(|byte| byte.to_string()).join(", ");
    let mut forms = vec![seed.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), list.into_bytes()];
    // Without the last character: in the 64-byte form it depends on what follows.
    forms.push(STANDARD_NO_PAD.encode(seed)[..42].into());
    forms.push(URL_SAFE_NO_PAD.encode(seed)[..42].into());
    forms
}

fn bytes(hex: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).expect("hex"), 16).expect("hex");
    }
    bytes
}

fn contains(content: &[u8], form: &[u8]) -> bool {
    content.windows(form.len()).any(|window| window == form)
}
