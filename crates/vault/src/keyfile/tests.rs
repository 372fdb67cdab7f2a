use std::fmt::Write as _;

use tempfile::TempDir;

use super::*;

const SEED: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SEED_AND_PUBLIC: &str =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA==";
const PUBLIC: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const OTHER_PUBLIC: &str = "mwQvTmA+9sTEzmEnfiw4jRtFf5PZO6mAEDFEFUrp/C0=";

struct Dir(TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join("keypair.json");
        fs::write(&path, text).unwrap();
        chmod(&path, 0o600);
        path
    }

    fn read(&self, text: impl AsRef<[u8]>) -> Result<KeyFile, KeyFileError> {
        KeyFile::read(&self.file(text), Loose::Refuse)
    }
}

#[cfg(unix)]
fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn chmod(_path: &Path, _mode: u32) {}

fn keypair(public: &str, private: &str) -> String {
    format!(r#"{{"public_key": "{public}", "private_key": "{private}"}}"#)
}

#[test]
fn both_forms_give_the_golden_key() {
    let dir = Dir::new();
    for (private, form) in [(SEED, KeyForm::Seed), (SEED_AND_PUBLIC, KeyForm::SeedAndPublic)] {
        let file = dir.read(keypair(PUBLIC, private)).unwrap();
        assert_eq!(file.form, form);
        assert_eq!(file.public_key.to_wire(), format!("ed25519:{PUBLIC}"));
        assert_eq!(file.seed().public_key(), file.public_key);
        assert_eq!(file.derived_from, None);
        assert_eq!(file.name, None);
    }
}

#[test]
fn an_sdks_own_store_is_read_with_its_name() {
    let text = format!(
        r#"{{"schema_version":"2.0","entity_id":"zns:56475aa75463474c0285df5dbf2bcab7","public_key":"ed25519:{PUBLIC}",
            "private_key":"{SEED}","name":"weather-agent","description":"d","entity_url":null,
            "registry_url":"https://zns01.zynd.ai","created_at":"2026-01-02T03:04:05Z"}}"#
    );
    let file = Dir::new().read(&text).unwrap();
    assert_eq!(file.name.as_deref(), Some("weather-agent"));

    let foreign = text.replace("zns:5647", "zns:0000");
    assert_eq!(Dir::new().read(foreign).unwrap_err().code(), "keyfile.wrong_id");
}

#[test]
fn derived_from_is_read_in_each_writers_form_and_never_a_reason_to_refuse() {
    let dir = Dir::new();
    let read = |derived: &str| {
        let text = format!(r#"{{"public_key":"{PUBLIC}","private_key":"{SEED}","derived_from":{derived}}}"#);
        dir.read(text).unwrap().derived_from
    };
    let expected =
        |index| Some(DerivedFrom { developer_public_key: PublicKey::from_file(OTHER_PUBLIC).unwrap(), index });
    assert_eq!(read(&format!(r#"{{"developer_public_key":"{OTHER_PUBLIC}","index":3}}"#)), expected(3));
    let wire = format!(
        r#"{{"developer_public_key":"ed25519:{OTHER_PUBLIC}","entity_index":190,"developer_signature":"ed25519:x"}}"#
    );
    assert_eq!(read(&wire), expected(190));
    for odd in ["null", "7", r#"{"index":1}"#, r#"{"developer_public_key":"?","index":1}"#] {
        assert_eq!(read(odd), None, "{odd}");
    }
}

#[test]
fn escaped_base64_is_still_base64() {
    let public = PUBLIC.replace('/', "\\/").replace('=', "\\u003d");
    let private = SEED_AND_PUBLIC.replace('/', "\\/").replace('+', "\\u002B");
    assert!(Dir::new().read(keypair(&public, &private)).is_ok());
}

#[test]
fn a_file_that_lies_about_its_key_is_refused() {
    let dir = Dir::new();
    for private in [SEED, SEED_AND_PUBLIC] {
        let error = dir.read(keypair(OTHER_PUBLIC, private)).unwrap_err();
        assert_eq!(error.code(), "keyfile.wrong_public_key");
        assert!(error.to_string().contains("56475aa75463474c0285df5dbf2bcab7"), "{error}");
    }
    // The trailing half of the 64-byte form, with one bit changed.
    let half = SEED_AND_PUBLIC.replace("UxuA==", "UxuQ==");
    assert_eq!(dir.read(keypair(PUBLIC, &half)).unwrap_err().code(), "keyfile.wrong_half");
}

#[test]
fn each_kind_of_bad_file_has_its_own_code_and_names_the_file() {
    let dir = Dir::new();
    let whole = keypair(PUBLIC, SEED);
    let mut large = whole.clone();
    write!(large, "{}", " ".repeat(70_000)).unwrap();
    let cases: Vec<(&str, String)> = vec![
        ("keyfile.truncated", String::new()),
        ("keyfile.truncated", whole[..whole.len() - 20].to_owned()),
        ("keyfile.is_pem", "-----BEGIN PRIVATE KEY-----".into()),
        ("keyfile.not_json", "PRIVATE KEY".into()),
        ("keyfile.not_json", format!("{whole} and more")),
        ("keyfile.not_a_key_file", "[1, 2]".into()),
        ("keyfile.not_a_key_file", format!("\"{SEED}\"")),
        ("keyfile.missing_field", "{}".into()),
        ("keyfile.missing_field", format!(r#"{{"private_key":"{SEED}"}}"#)),
        ("keyfile.missing_field", format!(r#"{{"public_key":"{PUBLIC}"}}"#)),
        ("keyfile.wrong_type", format!(r#"{{"public_key":"{PUBLIC}","private_key":[0,1,2]}}"#)),
        ("keyfile.not_base64", keypair(PUBLIC, "not base64")),
        ("keyfile.not_base64", keypair(PUBLIC, "AAEC\\nAwQF")),
        ("keyfile.not_base64", keypair("?", SEED)),
        ("keyfile.wrong_length", keypair(PUBLIC, "AAECAwQFBgcICQoLDA0ODw==")),
        ("keyfile.wrong_length", keypair(PUBLIC, "")),
        ("keyfile.wrong_length", keypair(PUBLIC, &format!("{}AA==", "AAEC".repeat(16)))),
        ("keyfile.wrong_length", keypair(PUBLIC, &"AAEC".repeat(40))),
        ("keyfile.wrong_length", keypair("AAEC", SEED)),
        ("keyfile.too_large", large),
    ];
    for (code, text) in cases {
        let error = dir.read(&text).unwrap_err();
        assert_eq!(error.code(), code, "{text:.60}: {error}");
        assert!(error.to_string().contains("keypair.json"), "{error}");
        assert!(!error.remedy().is_empty());
    }
    let missing = KeyFile::read(&dir.0.path().join("none.json"), Loose::Refuse).unwrap_err();
    assert_eq!(missing.code(), "keyfile.unreadable");
    assert_eq!(KeyFile::read(dir.0.path(), Loose::Refuse).unwrap_err().code(), "keyfile.not_a_file");
}

#[cfg(unix)]
#[test]
fn a_file_open_to_others_is_refused_with_its_mode_unless_allowed() {
    let dir = Dir::new();
    let path = dir.file(keypair(PUBLIC, SEED));
    for mode in [0o644, 0o640, 0o604, 0o660, 0o610] {
        chmod(&path, mode);
        let error = KeyFile::read(&path, Loose::Refuse).unwrap_err();
        assert_eq!(error.code(), "keyfile.loose_mode");
        assert!(error.to_string().ends_with(&format!("its mode is 0{mode:o}")), "{error}");
        assert_eq!(error.remedy(), format!("Run: chmod 600 {}", path.display()));
        let file = KeyFile::read(&path, Loose::Allow).unwrap();
        assert_eq!(file.mode, FileMode { mode: Some(mode), loose: true });
    }
    for mode in [0o600, 0o400] {
        chmod(&path, mode);
        assert!(!KeyFile::read(&path, Loose::Refuse).unwrap().mode.loose);
    }
}

#[cfg(unix)]
#[test]
fn the_remedy_can_be_pasted_whatever_the_name() {
    let dir = Dir::new();
    let path = dir.0.path().join("it's mine.json");
    fs::write(&path, keypair(PUBLIC, SEED)).unwrap();
    chmod(&path, 0o644);
    let remedy = KeyFile::read(&path, Loose::Refuse).unwrap_err().remedy();
    assert!(remedy.ends_with("/it'\\''s mine.json'"), "{remedy}");
}

#[test]
fn a_shredded_file_is_overwritten_and_gone() {
    let dir = Dir::new();
    let key = dir.read(keypair(PUBLIC, SEED)).unwrap();
    let path = key.path.clone();
    // A second name shows what became of the content.
    let other_name = dir.0.path().join("other-name.json");
    fs::hard_link(&path, &other_name).unwrap();
    key.shred().unwrap();
    assert!(!path.exists());
    let left = fs::read(&other_name).unwrap();
    assert!(!left.is_empty() && left.iter().all(|byte| *byte == b' '), "{}", String::from_utf8_lossy(&left));
}

#[test]
fn a_file_that_was_changed_meanwhile_is_not_shredded() {
    let dir = Dir::new();
    let key = dir.read(keypair(PUBLIC, SEED)).unwrap();
    let path = key.path.clone();
    let other = keypair(OTHER_PUBLIC, "MU/qMJ+Yxrs+KW7/0hqbA7zi/2lJXte25elE5mLoL+Q=");
    fs::write(&path, other).unwrap();
    assert!(key.shred().is_err());
    assert!(path.exists());
}

#[cfg(unix)]
#[test]
fn a_link_is_not_shredded() {
    let dir = Dir::new();
    let file = dir.file(keypair(PUBLIC, SEED));
    let link = dir.0.path().join("link.json");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let error = KeyFile::read(&link, Loose::Allow).unwrap().shred().unwrap_err();
    assert!(matches!(error, KeyFileError::NotAFile { .. }), "{error}");
    assert!(fs::read_to_string(&file).unwrap().contains(SEED));
}
