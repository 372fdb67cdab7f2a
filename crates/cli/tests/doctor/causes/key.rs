//! Causes in the vault, and of the key that the registry has.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;

use beatkeeper_core::identity::PublicKey;

use super::causes;
use crate::golden::take;
use crate::keychain::Desktop;
use crate::registry::Registry;
use crate::scene::Scene;

causes! {
    a_record_with_another_key: [] => "key.mismatch", Some("record_key"), || {
        let scene = Scene::new(Registry::start()).with_agent();
        let other = PublicKey::from_bytes([7; 32]);
        let changed = scene.registry.devnet.edit_record(&scene.registry.id(), |record| {
            record.key = other;
            record.public_key = other.to_wire();
        });
        changed.expect("it is registered");
        scene
    };
    a_key_that_was_lost: [] => "key.missing", Some("own_key"), without_vault;
    a_vault_that_was_lost_and_no_passphrase: [] => "key.missing", Some("own_key"), || {
        let mut scene = without_vault();
        scene.environment("BEATKEEPER_PASSPHRASE", "");
        scene
    };
    a_keychain_that_is_locked: [] => "key.locked", Some("own_key"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        let desktop = Desktop::locked(&scene.stage);
        scene.sits_at(desktop, "locked");
        scene
    };
    a_vault_of_which_nobody_gives_the_passphrase: [] => "key.locked", Some("own_key"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.environment("BEATKEEPER_PASSPHRASE", "");
        scene
    };
    a_desktop_without_a_keychain: [] => "key.unavailable", Some("own_key"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.sits_at(Desktop::bare(), "unavailable");
        scene
    };
    a_key_of_another_agent: [] => "key.of_another", Some("own_key"), || {
        let scene = Scene::new(Registry::start()).with_agent();
        take(&scene.stage);
        scene
    };
    a_vault_that_is_damaged: [] => "key.unavailable", Some("own_key"), || {
        let scene = Scene::new(Registry::start()).with_agent();
        let vault = fs::read(scene.stage.path("data/keys.vault")).expect("the vault");
        fs::write(scene.stage.path("data/keys.vault"), &vault[..vault.len() / 2]).expect("it is damaged");
        scene
    };
}

fn without_vault() -> Scene {
    let scene = Scene::new(Registry::start()).with_agent();
    fs::remove_file(scene.stage.path("data/keys.vault")).expect("the vault is lost");
    scene
}

#[test]
fn who_only_looks_makes_no_vault() {
    let scene = without_vault();
    let before = files(&scene);
    scene.doctor(&[]);
    assert_eq!(files(&scene), before);
}

/// The names of Beatkeeper's own files.
fn files(scene: &Scene) -> BTreeSet<OsString> {
    let folder = fs::read_dir(scene.stage.path("data")).expect("its data");
    folder.map(|entry| entry.expect("a file").file_name()).collect()
}
