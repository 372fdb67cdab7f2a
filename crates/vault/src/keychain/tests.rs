//! The rules of keeping keys, over a keychain in memory.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use beatkeeper_core::identity::{EntityId, EntityKind};
use keyring_core::mock;
use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::worker::Deadlines;
use crate::{ChannelSecret, Occupant, Overwrite, Presence, Stored, Vault};

/// A keychain in memory that can be locked, missing, or waiting for a prompt that nobody answers.
#[derive(Clone)]
struct Fake {
    store: Arc<mock::Store>,
    locked: Arc<AtomicBool>,
    missing: Arc<AtomicBool>,
    prompts: Arc<AtomicUsize>,
    prompt: Arc<Prompt>,
}

#[derive(Default)]
struct Prompt {
    hangs: AtomicBool,
    answered: Mutex<bool>,
    bell: Condvar,
}

impl Prompt {
    fn answer(&self) {
        *self.answered.lock().unwrap() = true;
        self.bell.notify_all();
    }

    fn wait(&self) {
        let mut answered = self.answered.lock().unwrap();
        while !*answered {
            answered = self.bell.wait(answered).unwrap();
        }
    }
}

impl Fake {
    fn new() -> Self {
        Self {
            store: mock::Store::new().unwrap(),
            locked: Arc::default(),
            missing: Arc::default(),
            prompts: Arc::default(),
            prompt: Arc::default(),
        }
    }

    fn vault(&self) -> Vault {
        let fake = self.clone();
        let deadlines = Deadlines { program: Duration::from_secs(10), person: Duration::from_millis(200) };
        let open = move || -> Box<dyn Backend> { Box::new(Keychain::over(Box::new(fake.clone()))) };
        Vault::over(Place::Keychain, deadlines, Arc::new(open))
    }

    fn put(&self, id: &EntityId, secret: &[u8]) {
        self.entry(id).set_secret(secret).unwrap();
    }

    fn fails_next(&self, id: &EntityId, error: keyring::Error) {
        let entry = self.entry(id);
        entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
    }

    fn entry(&self, id: &EntityId) -> keyring_core::Entry {
        use keyring_core::api::CredentialStoreApi as _;
        self.store.build(SERVICE, id.as_str(), None).unwrap()
    }
}

impl System for Fake {
    fn start(&self) -> keyring::Result<Arc<CredentialStore>> {
        let store: Arc<CredentialStore> = self.store.clone();
        Ok(store)
    }

    fn ready(&mut self, ask: Ask, _account: Option<&str>) -> Result<(), Trouble> {
        if self.missing.load(Ordering::SeqCst) {
            return Err(Trouble::Failed("not there".into()));
        }
        if !self.locked.load(Ordering::SeqCst) {
            return Ok(());
        }
        if ask == Ask::Silently {
            return Err(Trouble::Locked("locked"));
        }
        self.prompts.fetch_add(1, Ordering::SeqCst);
        if self.prompt.hangs.load(Ordering::SeqCst) {
            self.prompt.wait();
            self.locked.store(false, Ordering::SeqCst);
            return Ok(());
        }
        Err(Trouble::Locked("dismissed"))
    }

    fn sort(&self, _error: &SystemError) -> Trouble {
        Trouble::Failed("broken".into())
    }
}

fn seed(first: u8) -> Seed {
    Seed::filled(|bytes| bytes.copy_from_slice(&(first..first + 32).collect::<Vec<u8>>()))
}

fn id_of(seed: &Seed) -> EntityId {
    EntityId::from_key(&seed.public_key(), EntityKind::Agent)
}

#[test]
fn a_key_goes_in_signs_and_is_deleted() {
    let (vault, key) = (Fake::new().vault(), seed(0));
    let id = id_of(&key);
    let fingerprint = key.public_key().fingerprint();
    assert_eq!(vault.look(&id), Presence::Absent);
    assert_eq!(vault.signer(&id).unwrap_err().code(), "vault.absent");

    assert_eq!(vault.store(&id, &key, Overwrite::OnlyIfAbsent), Ok(Stored::Written));
    assert_eq!(vault.look(&id), Presence::Present(fingerprint));
    assert_eq!(vault.store(&id, &key, Overwrite::OnlyIfAbsent), Ok(Stored::AlreadyThere));

    let signer = vault.signer(&id).unwrap();
    assert!(key.public_key().verifies(b"beat", &signer.sign(b"beat")));

    let other = seed(100).public_key().fingerprint();
    assert_eq!(vault.delete(&id, other).unwrap_err().code(), "vault.other_key");
    assert_eq!(vault.look(&id), Presence::Present(fingerprint));
    assert_eq!(vault.delete(&id, fingerprint), Ok(()));
    assert_eq!(vault.look(&id), Presence::Absent);
    assert_eq!(vault.delete(&id, fingerprint).unwrap_err().code(), "vault.absent");
}

#[test]
fn a_key_is_stored_only_under_its_own_id() {
    let fake = Fake::new();
    let vault = fake.vault();
    let id = id_of(&seed(100));
    assert_eq!(vault.store(&id, &seed(0), Overwrite::OnlyIfAbsent).unwrap_err().code(), "vault.wrong_id");
    assert_eq!(vault.look(&id), Presence::Absent);

    // Both kinds of id belong to a key.
    let service = EntityId::from_key(&seed(0).public_key(), EntityKind::Service);
    assert_eq!(vault.store(&service, &seed(0), Overwrite::OnlyIfAbsent), Ok(Stored::Written));
}

#[test]
fn what_is_there_is_replaced_only_by_its_fingerprint() {
    let (fake, key, stranger) = (Fake::new(), seed(0), seed(100));
    let (vault, id) = (fake.vault(), id_of(&key));
    fake.put(&id, stranger.expose());

    let found = stranger.public_key().fingerprint();
    let mine = key.public_key().fingerprint();
    assert_eq!(vault.look(&id), Presence::Present(found));
    assert_eq!(vault.signer(&id).unwrap_err().code(), "vault.wrong_id");
    let refused = vault.store(&id, &key, Overwrite::OnlyIfAbsent).unwrap_err();
    assert_eq!((refused.code(), refused.occupant()), ("vault.exists", Some((&id, Occupant::Key(found)))));
    assert!(refused.remedy().contains(&format!("--replace {found}")), "{}", refused.remedy());
    for wrong in [Occupant::Key(mine), Occupant::Damaged { bytes: 32 }] {
        let refused = vault.store(&id, &key, Overwrite::Replacing(wrong)).unwrap_err();
        assert_eq!((refused.code(), refused.occupant()), ("vault.other_key", Some((&id, Occupant::Key(found)))));
    }
    assert_eq!(fake.entry(&id).get_secret().unwrap(), stranger.expose());

    assert_eq!(vault.store(&id, &key, Overwrite::Replacing(Occupant::Key(found))), Ok(Stored::Written));
    assert_eq!(vault.look(&id), Presence::Present(mine));
    // Asked for once more, there is nothing left to replace.
    assert_eq!(vault.store(&id, &key, Overwrite::Replacing(Occupant::Key(found))), Ok(Stored::AlreadyThere));
}

#[test]
fn an_entry_that_is_no_key_is_kept_until_it_is_named_for_what_it_is() {
    let (fake, key) = (Fake::new(), seed(0));
    let (vault, id) = (fake.vault(), id_of(&key));
    fake.put(&id, b"hunter2");
    let named = Occupant::Damaged { bytes: 7 };
    assert!(matches!(vault.look(&id), Presence::Unavailable(reason) if reason.contains("7 bytes")));
    let refused = vault.store(&id, &key, Overwrite::OnlyIfAbsent).unwrap_err();
    assert_eq!((refused.code(), refused.occupant()), ("vault.damaged", Some((&id, named))));
    assert!(refused.remedy().contains("--replace damaged-7"), "{}", refused.remedy());
    for wrong in [Occupant::Damaged { bytes: 8 }, Occupant::Key(key.public_key().fingerprint())] {
        let refused = vault.store(&id, &key, Overwrite::Replacing(wrong)).unwrap_err();
        assert_eq!((refused.code(), refused.occupant()), ("vault.other_key", Some((&id, named))));
    }
    assert_eq!(fake.entry(&id).get_secret().unwrap(), b"hunter2");

    assert_eq!(vault.store(&id, &key, Overwrite::Replacing(named)), Ok(Stored::Written));
    assert_eq!(vault.signer(&id).unwrap().public_key(), key.public_key());
}

#[test]
fn a_key_that_came_in_place_of_damage_is_not_taken_for_it() {
    let (fake, key, stranger) = (Fake::new(), seed(0), seed(100));
    let (vault, id) = (fake.vault(), id_of(&key));
    fake.put(&id, stranger.expose());
    let damage = Overwrite::Replacing(Occupant::Damaged { bytes: 31 });
    assert_eq!(vault.store(&id, &key, damage).unwrap_err().code(), "vault.other_key");
    assert_eq!(fake.entry(&id).get_secret().unwrap(), stranger.expose());
}

#[test]
fn replacing_is_refused_by_a_locked_keychain_and_for_an_id_of_another_key() {
    let (fake, key, stranger) = (Fake::new(), seed(0), seed(100));
    let (vault, id) = (fake.vault(), id_of(&key));
    fake.put(&id, stranger.expose());
    let replace = Overwrite::Replacing(Occupant::Key(stranger.public_key().fingerprint()));
    fake.locked.store(true, Ordering::SeqCst);
    assert_eq!(vault.store(&id, &key, replace).unwrap_err().code(), "vault.locked");
    fake.locked.store(false, Ordering::SeqCst);
    assert_eq!(vault.store(&id, &seed(50), replace).unwrap_err().code(), "vault.wrong_id");
    assert_eq!(fake.entry(&id).get_secret().unwrap(), stranger.expose());
}

#[test]
fn what_is_stored_is_named_in_the_same_words_that_are_read() {
    let key = Occupant::Key(seed(0).public_key().fingerprint());
    for (occupant, text) in [(key, "56475aa75463474c0285df5dbf2bcab7"), (Occupant::Damaged { bytes: 7 }, "damaged-7")] {
        assert_eq!(occupant.to_string(), text);
        assert_eq!(text.parse(), Ok(occupant));
        assert_eq!(serde_json::from_str::<Occupant>(&serde_json::to_string(&occupant).unwrap()).unwrap(), occupant);
    }
    for wrong in ["", "56475aa7", "damaged", "damaged-", "damaged--1", "damaged-7x", "damaged-99999999999999999999999"]
    {
        assert!(wrong.parse::<Occupant>().is_err(), "{wrong}");
    }
}

#[test]
fn a_locked_keychain_answers_locked_creates_nothing_and_prompts_only_a_person() {
    let (fake, key) = (Fake::new(), seed(0));
    let (vault, id) = (fake.vault(), id_of(&key));
    fake.locked.store(true, Ordering::SeqCst);

    assert_eq!(vault.look(&id), Presence::Locked);
    assert_eq!(vault.signer(&id).unwrap_err().code(), "vault.locked");
    assert_eq!(fake.prompts.load(Ordering::SeqCst), 0);

    assert_eq!(vault.store(&id, &key, Overwrite::OnlyIfAbsent).unwrap_err().code(), "vault.locked");
    assert_eq!(fake.prompts.load(Ordering::SeqCst), 1);

    fake.locked.store(false, Ordering::SeqCst);
    assert_eq!(vault.look(&id), Presence::Absent);
}

#[test]
fn a_keychain_that_comes_later_is_found() {
    let (fake, key) = (Fake::new(), seed(0));
    let (vault, id) = (fake.vault(), id_of(&key));
    fake.missing.store(true, Ordering::SeqCst);
    assert!(matches!(vault.look(&id), Presence::Unavailable(reason) if reason.contains("not there")));
    assert_eq!(vault.store(&id, &key, Overwrite::OnlyIfAbsent).unwrap_err().code(), "vault.unavailable");
    fake.missing.store(false, Ordering::SeqCst);
    assert_eq!(vault.look(&id), Presence::Absent);
}

#[test]
fn a_prompt_that_nobody_answers_costs_one_deadline_and_changes_nothing_later() {
    let (fake, key) = (Fake::new(), seed(0));
    let (vault, id) = (fake.vault(), id_of(&key));
    fake.locked.store(true, Ordering::SeqCst);
    fake.prompt.hangs.store(true, Ordering::SeqCst);

    assert_eq!(vault.store(&id, &key, Overwrite::OnlyIfAbsent).unwrap_err().code(), "vault.locked");
    // Later requests are served, and no second prompt is put over the first.
    assert_eq!(vault.look(&id), Presence::Locked);
    assert_eq!(vault.unlock().unwrap_err().code(), "vault.locked");
    assert_eq!(fake.prompts.load(Ordering::SeqCst), 1);

    fake.prompt.answer();
    // The abandoned request runs on to the point where it would write, and stops there.
    // (Here, in the vault, and in its new worker: the old one's is gone.)
    let give_up = Instant::now() + Duration::from_secs(10);
    while Arc::strong_count(&fake.prompt) > 3 {
        assert!(Instant::now() < give_up, "the abandoned worker did not end");
        std::thread::yield_now();
    }
    assert_eq!(vault.look(&id), Presence::Absent);
    assert_eq!(vault.store(&id, &key, Overwrite::OnlyIfAbsent), Ok(Stored::Written));
}

#[test]
fn a_dead_connection_is_made_anew_within_the_request() {
    let (fake, key) = (Fake::new(), seed(0));
    let (vault, id) = (fake.vault(), id_of(&key));
    vault.store(&id, &key, Overwrite::OnlyIfAbsent).unwrap();
    fake.fails_next(&id, keyring::Error::PlatformFailure("session closed".into()));
    assert_eq!(vault.look(&id), Presence::Present(key.public_key().fingerprint()));
}

#[test]
fn a_keychains_own_words_about_a_secret_are_never_repeated() {
    let secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let boxed = || Box::<dyn std::error::Error + Send + Sync>::from(secret);
    let failures = [
        keyring::Error::PlatformFailure(boxed()),
        keyring::Error::NoStorageAccess(boxed()),
        keyring::Error::BadEncoding(secret.into()),
        keyring::Error::BadDataFormat(secret.into(), boxed()),
        keyring::Error::BadStoreFormat(secret.into()),
        keyring::Error::Invalid("secret".into(), secret.into()),
        keyring::Error::NotSupportedByStore(secret.into()),
    ];
    let systems: [&dyn System; 2] = [&Fake::new(), &system::native()];
    for system in systems {
        for failure in &failures {
            let text = format!("{:?}", sort(system, failure));
            assert!(!text.contains(secret) && !text.contains("65, 66"), "{text}");
        }
    }
}

#[test]
fn a_panic_in_the_keychain_library_costs_one_request() {
    struct Panics(Arc<AtomicBool>, Fake);
    impl System for Panics {
        fn start(&self) -> keyring::Result<Arc<CredentialStore>> {
            self.1.start()
        }
        fn ready(&mut self, _ask: Ask, _account: Option<&str>) -> Result<(), Trouble> {
            assert!(!self.0.swap(false, Ordering::SeqCst), "as a library might");
            Ok(())
        }
        fn sort(&self, error: &SystemError) -> Trouble {
            self.1.sort(error)
        }
    }
    let panics = Arc::new(AtomicBool::new(true));
    let fake = Fake::new();
    let open =
        move || -> Box<dyn Backend> { Box::new(Keychain::over(Box::new(Panics(Arc::clone(&panics), fake.clone())))) };
    let vault = Vault::over(Place::Keychain, Deadlines::default(), Arc::new(open));
    let id = id_of(&seed(0));
    assert!(matches!(vault.look(&id), Presence::Unavailable(_)));
    assert_eq!(vault.look(&id), Presence::Absent);
}

#[test]
fn a_channels_secret_is_kept_under_an_account_of_its_own_and_comes_out_again() {
    let fake = Fake::new();
    let secrets = fake.vault().channel_secrets();
    let of = |channel: &str| match secrets.read(channel) {
        ChannelSecret::Present(secret) => secret.expose_secret().to_owned(),
        ChannelSecret::Absent => "absent".to_owned(),
        ChannelSecret::Locked(reason) | ChannelSecret::Unavailable(reason) => reason,
    };
    assert_eq!(of("team"), "absent");
    secrets.store("team", &SecretString::from("hünter2")).unwrap();
    secrets.store("team", &SecretString::from("hünter3")).unwrap();
    assert_eq!((of("team"), of("other")), ("hünter3".into(), "absent".into()));
    assert!(!format!("{:?}", secrets.read("team")).contains("nter"));
    use keyring_core::api::CredentialStoreApi as _;
    let entry = fake.store.build("beatkeeper", "channel:team", None).unwrap();
    assert_eq!(entry.get_secret().unwrap(), "hünter3".as_bytes());
    assert_eq!(secrets.remove("team"), Ok(()));
    assert_eq!(secrets.remove("team"), Ok(()));
    assert_eq!(of("team"), "absent");
    let long = SecretString::from("x".repeat(2049));
    assert_eq!(secrets.store("team", &long).unwrap_err().code(), "vault.unavailable");
}

#[test]
fn a_locked_or_missing_keychain_is_not_taken_for_one_without_the_channels_secret() {
    let fake = Fake::new();
    let secrets = fake.vault().channel_secrets();
    secrets.store("team", &SecretString::from("hunter2")).unwrap();
    fake.locked.store(true, Ordering::SeqCst);
    assert!(matches!(secrets.read("team"), ChannelSecret::Locked(_)));
    assert_eq!(fake.prompts.load(Ordering::SeqCst), 0, "a program shows no prompt");
    assert_eq!(secrets.store("team", &SecretString::from("x")).unwrap_err().code(), "vault.locked");
    assert_eq!(fake.prompts.load(Ordering::SeqCst), 1);
    fake.missing.store(true, Ordering::SeqCst);
    assert!(matches!(secrets.read("team"), ChannelSecret::Unavailable(reason) if reason.contains("not there")));
    fake.missing.store(false, Ordering::SeqCst);
    fake.locked.store(false, Ordering::SeqCst);
    assert!(matches!(secrets.read("team"), ChannelSecret::Present(_)));
}
