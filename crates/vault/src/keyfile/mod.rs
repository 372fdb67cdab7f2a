//! Key files as the registry's tools and SDKs write them (protocols.md 2.3).
//!
//! Nobody else checks `public_key` on load; here it is recomputed from the secret, and a file that lies is refused. The
//! file is read into memory that is overwritten afterwards, and the JSON parser is made to skip over the secret instead
//! of copying it.

mod error;
mod pem;
mod secret_json;

use std::fmt;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use beatkeeper_core::identity::{EntityId, PublicKey};
use zeroize::Zeroizing;

pub use error::KeyFileError;
pub use pem::RsaKeyFile;
use secret_json::{Fields, SecretKey};

use crate::Seed;

/// No real key file comes near it.
const SIZE_LIMIT: u64 = 64 * 1024;

/// Whether a file that others can read is good enough to import from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loose {
    /// Refuse it, with the command that closes it.
    Refuse,
    /// The person has seen the mode and wants it nevertheless. (The Python SDK leaves its files at 0644.)
    Allow,
}

/// A file's permission bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileMode {
    /// The bits, where the system has them.
    pub mode: Option<u32>,
    /// Whether anybody but the owner can do anything with the file.
    pub loose: bool,
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode {
            Some(mode) => write!(f, "{mode:04o}"),
            None => f.write_str("unknown"),
        }
    }
}

/// How the file writes the secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyForm {
    /// The 32-byte seed, as the Python and TypeScript tools write it.
    Seed,
    /// Seed and public key, 64 bytes, as the Go tools write it.
    SeedAndPublic,
}

/// What the file says about where its key came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DerivedFrom {
    /// The developer's key.
    pub developer_public_key: PublicKey,
    /// Which of the developer's agents.
    pub index: u32,
}

/// A key file that was read and found sound.
pub struct KeyFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: FileMode,
    /// How it writes the secret.
    pub form: KeyForm,
    /// The key's public half, recomputed.
    pub public_key: PublicKey,
    /// Where it says the key came from, if it does in a form that is known.
    pub derived_from: Option<DerivedFrom>,
    /// The agent's name, if the file has one (an SDK's `.agent/config.json`).
    pub name: Option<String>,
    seed: Seed,
}

impl KeyFile {
    /// Reads the key file at `path`: `keypair.json`, `developer.json`, `agent-N.json`, or an SDK's `.agent/config.json`.
    ///
    /// # Errors
    /// [`KeyFileError`], one variant for each thing that can be wrong with such a file.
    pub fn read(path: &Path, loose: Loose) -> Result<Self, KeyFileError> {
        let (text, mode) = open(path, loose)?;
        if pem::is_pem(&text) {
            return Err(KeyFileError::IsPem { path: path.to_owned() });
        }
        let fields = Fields::parse(&text).map_err(|flaw| flaw.at(path))?;
        let SecretKey { seed, public_half } = fields.secret_key().map_err(|flaw| flaw.at(path))?;
        let public_key = seed.public_key();
        let wrong_key = || KeyFileError::WrongPublicKey { path: path.to_owned(), computed: public_key.fingerprint() };

        let stated = fields.public_key().map_err(|flaw| flaw.at(path))?;
        if stated != public_key {
            return Err(wrong_key());
        }
        if public_half.is_some_and(|half| half != public_key) {
            return Err(KeyFileError::WrongHalf { path: path.to_owned(), computed: public_key.fingerprint() });
        }
        if let Some(Ok(id)) = fields.entity_id.as_deref().map(str::parse::<EntityId>)
            && !id.belongs_to(&public_key)
        {
            return Err(KeyFileError::WrongId { path: path.to_owned(), computed: public_key.fingerprint() });
        }
        Ok(Self {
            path: path.to_owned(),
            mode,
            form: if public_half.is_some() { KeyForm::SeedAndPublic } else { KeyForm::Seed },
            public_key,
            derived_from: fields.derived_from(),
            name: fields.name(),
            seed,
        })
    }

    /// The key.
    #[must_use]
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// The key alone.
    #[must_use]
    pub fn into_seed(self) -> Seed {
        self.seed
    }

    /// Overwrites the file and deletes it. Where the file system writes elsewhere instead (copy on write, snapshots, flash
    /// storage), what was overwritten may survive on the medium; backups do in any case.
    ///
    /// # Errors
    /// [`KeyFileError`] when it is a link, was changed since it was read, or cannot be written; it is then still there.
    pub fn shred(self) -> Result<(), KeyFileError> {
        must_be_itself(&self.path)?;
        let again = Self::read(&self.path, Loose::Allow)?;
        if again.public_key != self.public_key {
            return Err(KeyFileError::WrongPublicKey {
                path: self.path.clone(),
                computed: again.public_key.fingerprint(),
            });
        }
        overwrite_and_delete(&self.path)
    }
}

/// Through a link, another file would be emptied and the link deleted.
fn must_be_itself(path: &Path) -> Result<(), KeyFileError> {
    let metadata = fs::symlink_metadata(path).map_err(|reason| unreadable(path, &reason))?;
    if metadata.is_file() { Ok(()) } else { Err(KeyFileError::NotAFile { path: path.to_owned() }) }
}

fn overwrite_and_delete(path: &Path) -> Result<(), KeyFileError> {
    let failed = |reason: std::io::Error| unreadable(path, &reason);
    let mut file = File::options().write(true).open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len().min(SIZE_LIMIT);
    file.write_all(&vec![b' '; length as usize]).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    drop(file);
    fs::remove_file(path).map_err(failed)
}

fn unreadable(path: &Path, reason: &std::io::Error) -> KeyFileError {
    KeyFileError::Unreadable { path: path.to_owned(), reason: reason.to_string() }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile")
            .field("path", &self.path)
            .field("mode", &self.mode)
            .field("form", &self.form)
            .field("public_key", &self.public_key)
            .field("derived_from", &self.derived_from)
            .finish_non_exhaustive()
    }
}

fn open(path: &Path, loose: Loose) -> Result<(Zeroizing<Vec<u8>>, FileMode), KeyFileError> {
    let unreadable = |reason: std::io::Error| unreadable(path, &reason);
    // Before opening: opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(KeyFileError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(unreadable)?;
    // Of what was opened, not of what has the name now.
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = mode_of(&metadata);
    if mode.loose && loose == Loose::Refuse {
        return Err(KeyFileError::LooseMode { path: path.to_owned(), mode });
    }
    // Large enough from the start: a buffer that grows leaves copies of the secret behind.
    let mut text = Zeroizing::new(Vec::with_capacity(SIZE_LIMIT as usize + 64));
    file.take(SIZE_LIMIT + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > SIZE_LIMIT {
        return Err(KeyFileError::TooLarge { path: path.to_owned(), limit: SIZE_LIMIT });
    }
    Ok((text, mode))
}

#[cfg(unix)]
fn mode_of(metadata: &fs::Metadata) -> FileMode {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = metadata.permissions().mode() & 0o7777;
    FileMode { mode: Some(mode), loose: mode & 0o077 != 0 }
}

#[cfg(not(unix))]
fn mode_of(_metadata: &fs::Metadata) -> FileMode {
    FileMode { mode: None, loose: false }
}

#[cfg(test)]
mod tests;
