//! The vault against a real Secret Service: unlocked, locked, absent, restarted, and with a prompt that nobody answers.
//!
//! Each test has its own bus, its own keyring and its own home. The vault runs in a child process, this very binary with
//! the desk's environment, because the environment of a running program cannot be changed safely.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and its child answers on stdout"
)]

mod child;
mod desk;
mod prompter;

use std::fs;
use std::path::{Path, PathBuf};

use beatkeeper_core::identity::{EntityId, PublicKey, Signature};
use child::Child;
use desk::{Desk, Unlocked};
use prompter::Prompter;

const SEED: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PUBLIC: &str = "ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const ID: &str = "zns:56475aa75463474c0285df5dbf2bcab7";
const FINGERPRINT: &str = "56475aa75463474c0285df5dbf2bcab7";

/// Does nothing in a test run; in a child process, it is the vault that the tests talk to.
#[test]
fn the_child() {
    child::serve();
}

#[test]
fn unlocked_a_key_goes_in_signs_survives_and_is_deleted() {
    let desk = Desk::new();
    let key = key_file(desk.dir());
    let mut keyring = desk.keyring(Unlocked::Yes);
    let mut child = Child::on(&desk);
    child.until(&format!("look {ID}"), "Absent");
    assert_eq!(child.ask(&format!("signer {ID}")), "vault.absent");
    assert_eq!(child.ask(&format!("store {} {ID}", key.display())), "Written");
    assert_eq!(child.ask(&format!("look {ID}")), format!("Present(Fingerprint({FINGERPRINT}))"));
    assert_eq!(child.ask(&format!("store {} {ID}", key.display())), "AlreadyThere");
    signs(&mut child);

    // The keychain restarts under the running vault, whose connections to the old one are dead.
    keyring.stop();
    let _keyring = desk.keyring(Unlocked::Yes);
    child.until(&format!("look {ID}"), &format!("Present(Fingerprint({FINGERPRINT}))"));
    signs(&mut child);

    assert_eq!(child.ask(&format!("delete {ID} 00000000000000000000000000000000")), "vault.other_key");
    assert_eq!(child.ask(&format!("delete {ID} {FINGERPRINT}")), "Deleted");
    assert_eq!(child.ask(&format!("look {ID}")), "Absent");
    assert_eq!(child.ask(&format!("delete {ID} {FINGERPRINT}")), "vault.absent");
}

#[test]
fn what_somebody_else_has_put_there_is_replaced_only_by_its_name() {
    let desk = Desk::new();
    let key = key_file(desk.dir());
    let _keyring = desk.keyring(Unlocked::Yes);
    let mut child = Child::on(&desk);
    child.until(&format!("look {ID}"), "Absent");
    desk.put(ID, "hunter2");
    assert_eq!(child.ask(&format!("store {} {ID}", key.display())), "vault.damaged");
    assert_eq!(child.ask(&format!("replace {} {ID} damaged-8", key.display())), "vault.other_key");
    assert_eq!(child.ask(&format!("replace {} {ID} {FINGERPRINT}", key.display())), "vault.other_key");
    assert_eq!(child.ask(&format!("signer {ID}")), "vault.damaged");
    assert_eq!(child.ask(&format!("replace {} {ID} damaged-7", key.display())), "Written");
    signs(&mut child);

    // 32 bytes are somebody's key.
    desk.put(ID, "abcdefghijklmnopqrstuvwxyz012345");
    assert_eq!(child.ask(&format!("store {} {ID}", key.display())), "vault.exists");
    assert_eq!(child.ask(&format!("replace {} {ID} damaged-32", key.display())), "vault.other_key");
    let present = child.ask(&format!("look {ID}"));
    let there = present.trim_start_matches("Present(Fingerprint(").trim_end_matches("))");
    assert_eq!(child.ask(&format!("replace {} {ID} {there}", key.display())), "Written");
    signs(&mut child);
}

#[test]
fn locked_is_not_absent_and_creates_nothing() {
    let desk = Desk::new();
    let key = key_file(desk.dir());
    let mut keyring = desk.keyring(Unlocked::Yes);
    let mut child = Child::on(&desk);
    child.until(&format!("store {} {ID}", key.display()), "Written");
    keyring.stop();

    let mut keyring = desk.keyring(Unlocked::No);
    let other = "zns:00000000000000000000000000000000";
    child.until(&format!("look {ID}"), "Locked");
    assert_eq!(child.ask(&format!("look {other}")), "Locked");
    assert_eq!(child.ask(&format!("signer {ID}")), "vault.locked");
    // These may prompt, and there is nobody to show a prompt: an answer all the same.
    assert_eq!(child.ask("unlock"), "vault.locked");
    assert_eq!(child.ask(&format!("store {} {ID}", key.display())), "vault.locked");
    assert_eq!(child.ask(&format!("delete {ID} {FINGERPRINT}")), "vault.locked");
    keyring.stop();

    let _keyring = desk.keyring(Unlocked::Yes);
    child.until(&format!("look {ID}"), &format!("Present(Fingerprint({FINGERPRINT}))"));
    signs(&mut child);
}

#[test]
fn a_prompt_that_nobody_answers_costs_one_deadline() {
    let desk = Desk::new();
    let key = key_file(desk.dir());
    let mut keyring = desk.keyring(Unlocked::Yes);
    let mut child = Child::on(&desk);
    child.until(&format!("look {ID}"), "Absent");
    keyring.stop();

    let prompter = Prompter::that_nobody_answers(&desk);
    let _keyring = desk.keyring(Unlocked::No);
    child.until(&format!("look {ID}"), "Locked");
    assert_eq!(prompter.prompts(), 0, "a look must not prompt");

    assert_eq!(child.ask(&format!("store {} {ID}", key.display())), "vault.locked");
    assert_eq!(prompter.prompts(), 1);
    // While the prompt is still on the screen, the vault answers, and shows no second one.
    assert_eq!(child.ask(&format!("look {ID}")), "Locked");
    assert_eq!(child.ask("unlock"), "vault.locked");
    assert_eq!(prompter.prompts(), 1);
}

#[test]
fn absent_is_unavailable_and_found_when_it_comes() {
    let desk = Desk::new();
    let key = key_file(desk.dir());
    let mut child = Child::on(&desk);
    let looked = child.ask(&format!("look {ID}"));
    assert!(looked.starts_with("Unavailable(") && looked.contains("no Secret Service"), "{looked}");
    assert_eq!(child.ask(&format!("signer {ID}")), "vault.unavailable");
    assert_eq!(child.ask(&format!("store {} {ID}", key.display())), "vault.unavailable");

    let _keyring = desk.keyring(Unlocked::Yes);
    child.until(&format!("look {ID}"), "Absent");
}

#[test]
fn without_a_bus_it_is_unavailable() {
    let desk = Desk::new();
    let mut child = Child::without_bus(&desk);
    let looked = child.ask(&format!("look {ID}"));
    assert!(looked.starts_with("Unavailable("), "{looked}");
    assert_eq!(child.ask("unlock"), "vault.unavailable");
}

#[test]
fn a_keychain_without_a_default_collection_says_so() {
    let desk = Desk::new();
    // A daemon that never had a password has made no collection yet.
    let _keyring = desk.keyring(Unlocked::No);
    let mut child = Child::on(&desk);
    let looked =
        child.until_it_starts_with(&format!("look {ID}"), "Unavailable(\"the system keychain cannot be used: it has");
    assert!(looked.contains("no default collection"), "{looked}");
}

fn signs(child: &mut Child) {
    let signature = child.ask(&format!("signer {ID}"));
    let signature = Signature::from_wire(&signature).unwrap_or_else(|error| panic!("{signature}: {error}"));
    assert!(PublicKey::from_wire(PUBLIC).unwrap().verifies(b"beat", &signature));
}

fn key_file(dir: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;

    assert!(ID.parse::<EntityId>().unwrap().belongs_to(&PublicKey::from_wire(PUBLIC).unwrap()));
    let path = dir.join("keypair.json");
    fs::write(&path, format!(r#"{{"public_key":"{PUBLIC}","private_key":"{SEED}"}}"#)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}
