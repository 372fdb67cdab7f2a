//! Nothing that the vault shows has the secret in it: not its values, not its errors, not what it writes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::{Debug, Display};
use std::fs;
use std::path::Path;

use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_vault::{KeyFile, KeyFileError, Loose, Overwrite, Vault, VaultError};
use secrecy::SecretString;

const SEED: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SEED_AND_PUBLIC: &str =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA==";
const PUBLIC: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const PASSPHRASE: &str = "correct horse battery staple";

/// Everything that was shown, and a search through it for every way to write the seed.
#[derive(Default)]
struct Shown(Vec<Vec<u8>>);

impl Shown {
    fn value(&mut self, value: &impl Debug) {
        self.0.push(format!("{value:?}").into());
        self.0.push(format!("{value:#?}").into());
    }

    fn text(&mut self, text: impl Display) {
        self.0.push(text.to_string().into());
    }

    fn vault_error(&mut self, error: &VaultError) {
        self.value(error);
        self.text(error);
        self.text(error.remedy());
        self.text(error.code());
    }

    fn key_file_error(&mut self, error: &KeyFileError) {
        self.value(error);
        self.text(error);
        self.text(error.remedy());
        self.text(error.code());
    }

    fn search(&self) {
        assert!(self.0.len() > 50, "only {} things were searched", self.0.len());
        let seed: Vec<u8> = (0..32).collect();
        let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
        let needles: Vec<Vec<u8>> = vec![
            // A third of it is as bad as all of it.
            seed[4..16].to_vec(),
            hex[8..32].into(),
            hex[8..32].to_uppercase().into(),
            // The three alignments that base64 can have, in both alphabets (which do not differ for these bytes).
            SEED[4..24].into(),
            b"AQIDBAUGBwgJCgsM".to_vec(),
            b"AgMEBQYHCAkKCwwN".to_vec(),
            b"4, 5, 6, 7, 8, 9".to_vec(),
            PASSPHRASE.into(),
        ];
        for shown in &self.0 {
            for needle in &needles {
                let found = shown.windows(needle.len()).any(|window| window == needle.as_slice());
                assert!(!found, "the secret was shown: {}", String::from_utf8_lossy(shown));
            }
        }
    }
}

#[test]
fn nothing_shows_the_seed() {
    let dir = tempfile::tempdir().unwrap();
    let mut shown = Shown::default();
    key_files(dir.path(), &mut shown);
    vault_file(dir.path(), &mut shown);
    shown.search();
}

/// Bad files in which the seed is in every place where it could be quoted from.
fn key_files(dir: &Path, shown: &mut Shown) {
    let path = dir.join("keypair.json");
    let pair = |public: &str, private: &str| format!(r#"{{"public_key":"{public}","private_key":"{private}"}}"#);
    let bad = [
        SEED.to_owned(),
        format!("\"{SEED}\""),
        format!("[\"{SEED}\"]"),
        format!(r#"{{"{SEED}":1}}"#),
        pair(SEED, PUBLIC),
        pair(SEED, SEED),
        pair(PUBLIC, &SEED[..40]),
        pair(PUBLIC, &format!("{SEED}!")),
        pair(PUBLIC, &format!("{SEED}{SEED}{SEED}")),
        pair(PUBLIC, &SEED_AND_PUBLIC.replace("UxuA==", "UxuQ==")),
        pair("ed25519:x", SEED_AND_PUBLIC),
        pair(PUBLIC, SEED).replace(':', " "),
        pair(PUBLIC, SEED).replace('}', ""),
        pair(PUBLIC, SEED).replace('}', r#","entity_id":"zns:00000000000000000000000000000000"}"#),
        pair(PUBLIC, SEED).replace('}', &format!(r#","entity_id":["{SEED}"]}}"#)),
        pair(PUBLIC, SEED).replace('}', &format!(r#","private_key":"{SEED}"}}"#)),
    ];
    for text in bad {
        write(&path, &text, 0o600);
        let error = KeyFile::read(&path, Loose::Refuse).unwrap_err();
        shown.key_file_error(&error);
    }
    write(&path, &pair(PUBLIC, SEED), 0o644);
    if let Err(error) = KeyFile::read(&path, Loose::Refuse) {
        shown.key_file_error(&error);
    }
    for private in [SEED, SEED_AND_PUBLIC] {
        write(&path, &pair(PUBLIC, private), 0o600);
        let file = KeyFile::read(&path, Loose::Refuse).unwrap();
        shown.value(&file);
        shown.value(file.seed());
        shown.value(&file.seed().signer());
        shown.value(&file.seed().developer_proof(7));
    }
}

fn vault_file(dir: &Path, shown: &mut Shown) {
    let seed = KeyFile::read(&dir.join("keypair.json"), Loose::Refuse).unwrap().into_seed();
    let stranger = seed.derive(0);
    let id = EntityId::from_key(&seed.public_key(), EntityKind::Agent);
    let path = dir.join("vault.json");
    let passphrase = SecretString::from(PASSPHRASE);
    let vault = Vault::create_file(&path, &passphrase).unwrap();
    shown.vault_error(&vault.signer(&id).unwrap_err());
    shown.vault_error(&vault.store(&id, &stranger, Overwrite::OnlyIfAbsent).unwrap_err());
    shown.value(&vault.store(&id, &seed, Overwrite::OnlyIfAbsent).unwrap());
    shown.value(&vault.look(&id));
    shown.value(&vault.signer(&id).unwrap());
    shown.value(&vault);
    shown.vault_error(&vault.delete(&id, stranger.public_key().fingerprint()).unwrap_err());
    shown.vault_error(&Vault::create_file(&path, &passphrase).unwrap_err());
    shown.vault_error(&Vault::open_file(&path, &SecretString::from("wrong")).unwrap_err());
    // What is on the disk, the lock beside it included.
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap().path();
        if entry != dir.join("keypair.json") {
            shown.0.push(fs::read(entry).unwrap());
        }
    }
    fs::write(&path, format!("{{\"format\":\"{SEED}\"}}")).unwrap();
    shown.vault_error(&Vault::open_file(&path, &passphrase).unwrap_err());
    shown.value(&vault.look(&id));
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = mode;
}
