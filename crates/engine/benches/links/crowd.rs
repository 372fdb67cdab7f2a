//! Who beats: agents of one developer, whose keys every part derives for itself.

use std::path::{Path, PathBuf};

use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_engine::{Options, Paths, VaultChoice};
use beatkeeper_vault::{KeyFile, Loose, Overwrite, Seed, Vault};
use secrecy::SecretString;

use super::{INTERVAL, Outcome};

/// The developer key of the protocol's golden vectors, which is no secret.
const DEVELOPER: &str = r#"{"public_key": "ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
"private_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;

/// Leaves the developer's key for the other parts.
pub(crate) fn write_developer(folder: &Path) -> Outcome<()> {
    Ok(std::fs::write(developer_file(folder), DEVELOPER)?)
}

/// The agents' seeds.
pub(crate) fn seeds(folder: &Path, links: u32) -> Outcome<impl Iterator<Item = Seed>> {
    // The file is in a folder that only its owner can enter.
    let developer = KeyFile::read(&developer_file(folder), Loose::Allow)?.into_seed();
    Ok((0..links).map(move |index| developer.derive(index)))
}

/// The id that belongs to a seed.
pub(crate) fn id(seed: &Seed) -> EntityId {
    EntityId::from_key(&seed.public_key(), EntityKind::Agent)
}

/// What the engine is started with.
pub(crate) fn options(folder: &Path) -> Options {
    let paths = Paths { config: folder.join("beatkeeper.toml"), data: folder.join("data") };
    Options { paths, vault: VaultChoice::File { passphrase: passphrase() }, shim: None }
}

/// All keys, in a vault file where the engine finds them. The vault writes its whole file for every key, which takes
/// minutes for ten thousand, so the file is kept for the next time.
pub(crate) fn write_vault(folder: &Path, links: u32) -> Outcome<()> {
    let paths = options(folder).paths;
    let file = paths.vault_file();
    std::fs::create_dir_all(&paths.data)?;
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("links-{links}.vault"));
    // One of an older format is made anew.
    if std::fs::copy(&kept, &file).is_ok() && Vault::open_file(&file, &passphrase()).is_ok() {
        return Ok(());
    }
    if std::fs::exists(&file)? {
        std::fs::remove_file(&file)?;
    }
    println!("  making a vault file with {links} keys, once; this takes minutes for thousands");
    let vault = Vault::create_file(&file, &passphrase())?;
    for (stored, seed) in (1..).zip(seeds(folder, links)?) {
        vault.store(&id(&seed), &seed, Overwrite::OnlyIfAbsent)?;
        if stored % 1000 == 0 {
            println!("  {stored} keys are stored");
        }
    }
    std::fs::copy(&file, &kept)?;
    Ok(())
}

/// All agents, as a user's configuration names them.
pub(crate) fn write_config(folder: &Path, links: u32, url: &str) -> Outcome<()> {
    let mut text = format!("[[registry]]\nname = \"devnet\"\nurl = \"{url}\"\n");
    for (number, seed) in seeds(folder, links)?.enumerate() {
        text += &format!("\n[[agent]]\nentity = \"{}\"\nname = \"agent-{number}\"\nregistry = \"devnet\"\n", id(&seed));
        text += &format!("interval = {}\n", INTERVAL.as_secs());
    }
    Ok(std::fs::write(options(folder).paths.config, text)?)
}

fn developer_file(folder: &Path) -> PathBuf {
    folder.join("developer.json")
}

fn passphrase() -> SecretString {
    "ten thousand keys".to_owned().into()
}
