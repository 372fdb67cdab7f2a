use beatkeeper_core::identity::EntityKind;
use tempfile::TempDir;

use super::*;
use crate::{ChannelSecret, Overwrite, Presence, Stored, Vault};

fn seed() -> Seed {
    Seed::filled(|bytes| bytes.copy_from_slice(&(0..32).collect::<Vec<u8>>()))
}

fn id() -> EntityId {
    EntityId::from_key(&seed().public_key(), EntityKind::Agent)
}

fn passphrase(text: &str) -> SecretString {
    SecretString::from(text)
}

/// A vault file with one key, under the passphrase "open sesame".
fn filled() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.json");
    let vault = Vault::create_file(&path, &passphrase("open sesame")).unwrap();
    assert_eq!(vault.look(&id()), Presence::Absent);
    assert_eq!(vault.store(&id(), &seed(), Overwrite::OnlyIfAbsent), Ok(Stored::Written));
    (dir, path)
}

fn refused(path: &Path, text: &str) -> VaultError {
    Vault::open_file(path, &passphrase(text)).unwrap_err()
}

#[test]
fn keys_survive_and_sign_after_opening_again() {
    let (_dir, path) = filled();
    let vault = Vault::open_file(&path, &passphrase("open sesame")).unwrap();
    let fingerprint = seed().public_key().fingerprint();
    assert_eq!(vault.look(&id()), Presence::Present(fingerprint));
    let signer = vault.signer(&id()).unwrap();
    assert!(seed().public_key().verifies(b"beat", &signer.sign(b"beat")));
    assert_eq!(vault.delete(&id(), fingerprint), Ok(()));
    assert_eq!(vault.look(&id()), Presence::Absent);
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_says_so() {
    let (_dir, path) = filled();
    let error = refused(&path, "open barley");
    assert_eq!(error.code(), "vault.wrong_passphrase");
    assert!(error.to_string().contains("vault.json"));
}

#[test]
fn creating_never_overwrites_and_never_takes_an_empty_passphrase() {
    let (_dir, path) = filled();
    let before = fs::read(&path).unwrap();
    let error = Vault::create_file(&path, &passphrase("other")).unwrap_err();
    assert_eq!(error.code(), "vault.file_exists");
    assert_eq!(fs::read(&path).unwrap(), before);
    let empty = Vault::create_file(&path.with_extension("new"), &passphrase("")).unwrap_err();
    assert_eq!(empty.code(), "vault.empty_passphrase");
    assert_eq!(refused(&path.with_extension("none"), "x").code(), "vault.file_missing");
}

#[cfg(unix)]
#[test]
fn the_file_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_dir, path) = filled();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_file_holds_no_secret_and_no_id_in_the_clear() {
    let (_dir, path) = filled();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("AAECAwQF") && !text.contains("00010203") && !text.contains("open sesame"));
    assert!(!text.contains(&id().as_str()[4..]));
}

#[test]
fn a_flawed_file_is_named_for_its_flaw_and_left_alone() {
    let (_dir, path) = filled();
    let whole = fs::read_to_string(&path).unwrap();
    let sealed_at = whole.find("\"sealed\": \"").unwrap() + 15;
    let mut flipped = whole.clone().into_bytes();
    flipped[sealed_at] = if flipped[sealed_at] == b'A' { b'B' } else { b'A' };
    let cases: [(&str, Vec<u8>); 8] = [
        ("vault.file_truncated", whole.as_bytes()[..whole.len() / 2].to_vec()),
        ("vault.file_truncated", Vec::new()),
        ("vault.file_damaged", b"hello".to_vec()),
        ("vault.file_damaged", b"{\"name\": \"something else\"}".to_vec()),
        ("vault.file_damaged", flipped),
        ("vault.file_damaged", whole.replace("\"passes\": 3", "\"passes\": 4000000").into_bytes()),
        ("vault.file_damaged", whole.replace("\"nonce\"", "\"once\"").into_bytes()),
        ("vault.file_newer", whole.replace("\"version\": 1", "\"version\": 2").into_bytes()),
    ];
    for (code, bytes) in cases {
        fs::write(&path, &bytes).unwrap();
        let error = refused(&path, "open sesame");
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains("vault.json"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn damage_while_it_is_open_stops_writing() {
    let (_dir, path) = filled();
    let vault = Vault::open_file(&path, &passphrase("open sesame")).unwrap();
    fs::write(&path, "{").unwrap();
    assert!(matches!(vault.look(&id()), Presence::Unavailable(reason) if reason.contains("truncated")));
    assert_eq!(vault.store(&id(), &seed(), Overwrite::OnlyIfAbsent).unwrap_err().code(), "vault.file_truncated");
    assert_eq!(fs::read_to_string(&path).unwrap(), "{");

    // Made anew with another passphrase by somebody else: not ours to write into.
    fs::remove_file(&path).unwrap();
    Vault::create_file(&path, &passphrase("another")).unwrap();
    assert_eq!(vault.store(&id(), &seed(), Overwrite::OnlyIfAbsent).unwrap_err().code(), "vault.file_replaced");
}

#[test]
fn two_programs_can_share_it() {
    let (_dir, path) = filled();
    let one = Vault::open_file(&path, &passphrase("open sesame")).unwrap();
    let two = Vault::open_file(&path, &passphrase("open sesame")).unwrap();
    let keys: Vec<Seed> = (0..20).map(|index| seed().derive(index)).collect();
    let ids: Vec<EntityId> = keys.iter().map(|key| EntityId::from_key(&key.public_key(), EntityKind::Agent)).collect();
    std::thread::scope(|scope| {
        for (vault, half) in [(&one, 0), (&two, 10)] {
            let (keys, ids) = (&keys, &ids);
            scope.spawn(move || {
                for index in half..half + 10 {
                    vault.store(&ids[index], &keys[index], Overwrite::OnlyIfAbsent).unwrap();
                }
            });
        }
    });
    for (key, id) in keys.iter().zip(&ids) {
        assert_eq!(one.look(id), Presence::Present(key.public_key().fingerprint()));
    }
}

#[test]
fn what_was_read_is_used_until_the_file_changes_or_nobody_asks() {
    let (_dir, path) = filled();
    let sealed = || Arc::new(Sealed::open(&path, &passphrase("open sesame")).unwrap());
    let (mut one, mut other) = (PassphraseFile::new(sealed()), PassphraseFile::new(sealed()));
    assert!(one.recent.is_none());
    assert!(one.read(&id()).unwrap().is_some());
    assert!(one.recent.is_some());
    other.remove(&id()).unwrap();
    assert!(one.read(&id()).unwrap().is_none(), "what another program changed is seen at once");
    one.rest();
    assert!(one.recent.is_none());
}

#[test]
fn channels_secrets_are_sealed_in_a_file_beside_and_leave_the_vault_file_as_it_is() {
    let (_dir, path) = filled();
    let before = fs::read(&path).unwrap();
    let open = || Vault::open_file(&path, &passphrase("open sesame")).unwrap();
    let secrets = open().channel_secrets();
    assert!(matches!(secrets.read("team"), ChannelSecret::Absent));
    secrets.store("team", &SecretString::from("https://hooks.example/T0/hunter2")).unwrap();
    secrets.store("mail", &SecretString::from("")).unwrap();
    secrets.remove("mail").unwrap();
    let again = open().channel_secrets();
    assert!(
        matches!(again.read("team"), ChannelSecret::Present(secret) if secret.expose_secret().ends_with("hunter2"))
    );
    assert!(matches!(again.read("mail"), ChannelSecret::Absent));
    assert_eq!(fs::read(&path).unwrap(), before);

    let beside = path.with_file_name("vault.json.channels");
    let text = fs::read_to_string(&beside).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("team"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&beside).unwrap().permissions().mode() & 0o777, 0o600);
    }

    // Neither file passes for the other, nor for one of another vault.
    fs::copy(&path, &beside).unwrap();
    assert!(matches!(again.read("team"), ChannelSecret::Unavailable(reason) if reason.contains("not a vault file")));
    let other = path.with_file_name("other.json");
    Vault::create_file(&other, &passphrase("open sesame")).unwrap();
    let stranger = Vault::open_file(&other, &passphrase("open sesame")).unwrap().channel_secrets();
    stranger.store("team", &SecretString::from("x")).unwrap();
    fs::copy(other.with_file_name("other.json.channels"), &beside).unwrap();
    assert!(matches!(again.read("team"), ChannelSecret::Unavailable(reason) if reason.contains("another vault file")));
}
