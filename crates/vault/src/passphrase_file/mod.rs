//! A file sealed with a passphrase, for machines without a keychain. An explicit choice, never a fallback.
//!
//! The key is derived from the passphrase once, when the file is opened; the passphrase is not kept. Every operation reads
//! the file again if it was written since, so two programs can share it: changes are made under a lock beside the file and
//! written atomically. What was read is forgotten as soon as nobody asks any more.

mod format;
mod texts;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use atomic_write_file::AtomicWriteFile;
use beatkeeper_core::identity::EntityId;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::backend::{Ask, Backend};
use crate::error::{Place, VaultError};
use crate::seed::{SecretBytes, Seed};
use format::{Entries, FileKey, Flaw, Header};

/// Far more than any fleet needs (about 80 bytes an agent), and little enough to read into memory without a thought.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// An opened vault file: where it is and the key that opens it.
pub(crate) struct Sealed {
    path: PathBuf,
    header: Header,
    key: FileKey,
}

impl Sealed {
    pub(crate) fn open(path: &Path, passphrase: &SecretString) -> Result<Self, VaultError> {
        let text = read_file(path)?;
        let flawed = |flaw| error(path, flaw);
        let header = format::header(&text).map_err(flawed)?;
        let key = header.derive_key(passphrase.expose_secret()).map_err(flawed)?;
        // Opening proves the passphrase; what is inside is read again when it is needed.
        format::open(&text, &header, &key).map_err(flawed)?;
        Ok(Self { path: path.to_owned(), header, key })
    }

    pub(crate) fn create(path: &Path, passphrase: &SecretString) -> Result<Self, VaultError> {
        if passphrase.expose_secret().is_empty() {
            return Err(VaultError::EmptyPassphrase { path: path.to_owned() });
        }
        let header = Header::fresh().map_err(|flaw| error(path, flaw))?;
        let key = header.derive_key(passphrase.expose_secret()).map_err(|flaw| error(path, flaw))?;
        let sealed = Self { path: path.to_owned(), header, key };
        let _lock = sealed.lock()?;
        if fs::symlink_metadata(path).is_ok() {
            return Err(VaultError::FileExists { path: path.to_owned() });
        }
        sealed.save(&Entries::default())?;
        Ok(sealed)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn load(&self) -> Result<Entries, VaultError> {
        let text = read_file(&self.path)?;
        let flawed = |flaw| error(&self.path, flaw);
        if format::header(&text).map_err(flawed)? != self.header {
            return Err(VaultError::FileReplaced { path: self.path.clone() });
        }
        format::open(&text, &self.header, &self.key).map_err(flawed)
    }

    fn save(&self, entries: &Entries) -> Result<(), VaultError> {
        let text = format::seal(&self.header, &self.key, entries).map_err(|flaw| error(&self.path, flaw))?;
        write_file(&self.path, text.as_bytes()).map_err(|reason| access(&self.path, "write", &reason))
    }

    fn change(&self, change: impl FnOnce(&mut Entries)) -> Result<(), VaultError> {
        let _lock = self.lock()?;
        let mut entries = self.load()?;
        change(&mut entries);
        self.save(&entries)
    }

    /// Held while the file is read, changed and written, by this program and by every other.
    ///
    /// The lock is on a file beside it, because an atomic write gives the vault file itself a new inode each time.
    fn lock(&self) -> Result<File, VaultError> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".lock");
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // Or anybody on the machine could hold it.
            options.mode(0o600);
        }
        let lock = options.open(&beside);
        let lock = lock.and_then(|file| file.lock().map(|()| file));
        lock.map_err(|reason| access(&self.path, "lock", &reason))
    }
}

/// The vault file as a [`Backend`].
pub(crate) struct PassphraseFile {
    sealed: Arc<Sealed>,
    /// The file as it was read a moment ago. Whoever starts a fleet asks for one key after the other, and each would open
    /// the whole file again.
    recent: Option<(Stamp, Entries)>,
}

/// Tells one writing of the file from another: each replaces it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok()?;
        Some(Self {
            modified: meta.modified().ok()?,
            length: meta.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&meta),
        })
    }
}

impl PassphraseFile {
    pub(crate) fn new(sealed: Arc<Sealed>) -> Self {
        Self { sealed, recent: None }
    }
}

impl Backend for PassphraseFile {
    fn place(&self) -> Place {
        Place::File(self.sealed.path.clone())
    }

    /// It was unlocked when it was opened.
    fn ready(&mut self, _ask: Ask, _account: Option<&str>) -> Result<(), VaultError> {
        Ok(())
    }

    fn read(&mut self, id: &EntityId) -> Result<Option<SecretBytes>, VaultError> {
        // Before reading: what is written meanwhile is then read again the next time, never overlooked.
        let stamp = Stamp::of(&self.sealed.path);
        if self.recent.as_ref().is_none_or(|(read, _)| Some(*read) != stamp) {
            self.recent = None;
        }
        let entries = match &mut self.recent {
            Some((_, entries)) => entries,
            none => {
                let entries = self.sealed.load()?;
                match stamp {
                    Some(stamp) => &mut none.insert((stamp, entries)).1,
                    None => return Ok(secret(&entries, id)),
                }
            }
        };
        Ok(secret(entries, id))
    }

    fn write(&mut self, id: &EntityId, seed: &Seed) -> Result<(), VaultError> {
        self.sealed.change(|entries| {
            entries.insert(id.as_str().to_owned(), seed.duplicate());
        })
    }

    fn remove(&mut self, id: &EntityId) -> Result<(), VaultError> {
        self.sealed.change(|entries| {
            entries.remove(id.as_str());
        })
    }

    fn read_text(&mut self, account: &str) -> Result<Option<SecretBytes>, VaultError> {
        Ok(texts::load(&self.sealed)?.remove(account))
    }

    fn write_text(&mut self, account: &str, text: &SecretBytes) -> Result<(), VaultError> {
        texts::change(&self.sealed, |texts| {
            texts.insert(account.to_owned(), text.clone());
        })
    }

    fn remove_text(&mut self, account: &str) -> Result<(), VaultError> {
        texts::change(&self.sealed, |texts| {
            texts.remove(account);
        })
    }

    fn rest(&mut self) {
        self.recent = None;
    }
}

fn secret(entries: &Entries, id: &EntityId) -> Option<SecretBytes> {
    entries.get(id.as_str()).map(|seed| Zeroizing::new(seed.expose().to_vec()))
}

fn read_file(path: &Path) -> Result<Vec<u8>, VaultError> {
    let file = File::open(path).map_err(|reason| {
        if reason.kind() == io::ErrorKind::NotFound {
            return VaultError::FileMissing { path: path.to_owned() };
        }
        access(path, "open", &reason)
    })?;
    let mut text = Vec::new();
    file.take(SIZE_LIMIT + 1).read_to_end(&mut text).map_err(|reason| access(path, "read", &reason))?;
    if text.len() as u64 > SIZE_LIMIT {
        return Err(error(path, Flaw::Damaged("it is far too large")));
    }
    Ok(text)
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = owners_alone().open(path)?;
    file.write_all(bytes)?;
    file.commit()
}

#[cfg(unix)]
fn owners_alone() -> atomic_write_file::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;

    use atomic_write_file::unix::OpenOptionsExt as _;

    let mut options = AtomicWriteFile::options();
    // Whatever mode somebody gave the file meanwhile.
    options.preserve_mode(false).mode(0o600);
    options
}

/// Elsewhere the folder's own access list decides, and a user's data folder is the user's.
#[cfg(not(unix))]
fn owners_alone() -> atomic_write_file::OpenOptions {
    AtomicWriteFile::options()
}

fn error(path: &Path, flaw: Flaw) -> VaultError {
    let path = path.to_owned();
    match flaw {
        Flaw::Truncated => VaultError::FileTruncated { path },
        Flaw::Damaged(what) => VaultError::FileDamaged { path, what },
        Flaw::Newer(version) => VaultError::FileNewer { path, version, known: format::VERSION },
        Flaw::WrongPassphrase => VaultError::WrongPassphrase { path },
        Flaw::NoRandomness => VaultError::NoRandomness,
        Flaw::NoMemory => {
            VaultError::FileAccess { path, doing: "derive the key of", reason: "there is not enough memory".into() }
        }
    }
}

fn access(path: &Path, doing: &'static str, reason: &io::Error) -> VaultError {
    VaultError::FileAccess { path: path.to_owned(), doing, reason: reason.to_string() }
}

#[cfg(test)]
mod tests;
