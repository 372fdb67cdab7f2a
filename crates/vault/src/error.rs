//! What can go wrong in the vault, for programs (a code) and for people (a sentence and a remedy).

use std::fmt;
use std::path::PathBuf;

use beatkeeper_core::identity::{EntityId, Fingerprint};

use crate::occupant::Occupant;

/// Where secrets are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// The operating system's keychain.
    Keychain,
    /// A file sealed with a passphrase.
    File(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keychain => f.write_str("the system keychain"),
            Self::File(path) => write!(f, "the vault file {}", path.display()),
        }
    }
}

/// Why the vault did not do what it was asked. No variant carries a secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VaultError {
    /// The keychain is locked, its prompt was dismissed, or nobody answered in time.
    #[error("{place} is locked: {why}")]
    Locked {
        /// Where.
        place: Place,
        /// How that is known.
        why: String,
    },
    /// There is no keychain here, or it failed.
    #[error("{place} cannot be used: {reason}")]
    Unavailable {
        /// Where.
        place: Place,
        /// What failed.
        reason: String,
    },
    /// Nothing is stored under this id.
    #[error("{place} has no key for {id}")]
    Absent {
        /// Where.
        place: Place,
        /// Which id.
        id: EntityId,
    },
    /// Something else is stored under this id, and replacing it was not asked for.
    #[error("{place} already has another key under {id}, with fingerprint {found}")]
    Exists {
        /// Where.
        place: Place,
        /// Which id.
        id: EntityId,
        /// The fingerprint of the key that is there.
        found: Fingerprint,
    },
    /// Replacing or deleting named one thing, and another one is there.
    #[error("{place} has {} under {id}, not {}; nothing was changed", found.words(), expected.words())]
    OtherKey {
        /// Where.
        place: Place,
        /// Which id.
        id: EntityId,
        /// What was named.
        expected: Occupant,
        /// What is there.
        found: Occupant,
    },
    /// The key and the id do not belong together.
    #[error("the key with fingerprint {fingerprint} is not the key of {id}")]
    WrongId {
        /// Which id.
        id: EntityId,
        /// The fingerprint of the key that came with it.
        fingerprint: Fingerprint,
    },
    /// What is stored is not a key.
    #[error("{place} has {bytes} bytes under {id}; a key has 32")]
    Damaged {
        /// Where.
        place: Place,
        /// Which id.
        id: EntityId,
        /// How many bytes are there.
        bytes: usize,
    },
    /// What was read back after a change is not what the change should have left.
    #[error("{place} did not keep the change to {id}: what was read back differs from what was written")]
    NotKept {
        /// Where.
        place: Place,
        /// Which id.
        id: EntityId,
    },
    /// The system's randomness failed.
    #[error("the operating system gave no randomness, so no key was made")]
    NoRandomness,
    /// A vault file was to be opened and is not there.
    #[error("there is no vault file {}", path.display())]
    FileMissing {
        /// Which file.
        path: PathBuf,
    },
    /// A vault file was to be created and is there already.
    #[error("the vault file {} exists already", path.display())]
    FileExists {
        /// Which file.
        path: PathBuf,
    },
    /// An empty passphrase protects nothing.
    #[error("the passphrase for the vault file {} is empty", path.display())]
    EmptyPassphrase {
        /// Which file.
        path: PathBuf,
    },
    /// The file is whole and the passphrase does not open it.
    #[error("the passphrase does not open the vault file {}", path.display())]
    WrongPassphrase {
        /// Which file.
        path: PathBuf,
    },
    /// The file ends too early.
    #[error("the vault file {} is truncated; it was left as it is", path.display())]
    FileTruncated {
        /// Which file.
        path: PathBuf,
    },
    /// The file is not a vault file, or not whole.
    #[error("the vault file {} is damaged: {what}; it was left as it is", path.display())]
    FileDamaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A newer program wrote the file.
    #[error("the vault file {} has version {version}, and this program knows versions up to {known}", path.display())]
    FileNewer {
        /// Which file.
        path: PathBuf,
        /// The file's version.
        version: u64,
        /// The newest version this program knows.
        known: u64,
    },
    /// Another program made the file anew while this one had it open.
    #[error("the vault file {} was made anew since it was opened", path.display())]
    FileReplaced {
        /// Which file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot {doing} the vault file {}: {reason}", path.display())]
    FileAccess {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        reason: String,
    },
}

impl VaultError {
    /// The id that is taken and what it is taken by, when naming that would have it replaced.
    #[must_use]
    pub const fn occupant(&self) -> Option<(&EntityId, Occupant)> {
        match self {
            Self::Exists { id, found, .. } => Some((id, Occupant::Key(*found))),
            Self::OtherKey { id, found, .. } => Some((id, *found)),
            Self::Damaged { id, bytes, .. } => Some((id, Occupant::Damaged { bytes: *bytes })),
            Self::Locked { .. }
            | Self::Unavailable { .. }
            | Self::Absent { .. }
            | Self::WrongId { .. }
            | Self::NotKept { .. }
            | Self::NoRandomness
            | Self::FileMissing { .. }
            | Self::FileExists { .. }
            | Self::EmptyPassphrase { .. }
            | Self::WrongPassphrase { .. }
            | Self::FileTruncated { .. }
            | Self::FileDamaged { .. }
            | Self::FileNewer { .. }
            | Self::FileReplaced { .. }
            | Self::FileAccess { .. } => None,
        }
    }

    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "vault.locked",
            Self::Unavailable { .. } => "vault.unavailable",
            Self::Absent { .. } => "vault.absent",
            Self::Exists { .. } => "vault.exists",
            Self::OtherKey { .. } => "vault.other_key",
            Self::WrongId { .. } => "vault.wrong_id",
            Self::Damaged { .. } => "vault.damaged",
            Self::NotKept { .. } => "vault.not_kept",
            Self::NoRandomness => "vault.no_randomness",
            Self::FileMissing { .. } => "vault.file_missing",
            Self::FileExists { .. } => "vault.file_exists",
            Self::EmptyPassphrase { .. } => "vault.empty_passphrase",
            Self::WrongPassphrase { .. } => "vault.wrong_passphrase",
            Self::FileTruncated { .. } => "vault.file_truncated",
            Self::FileDamaged { .. } => "vault.file_damaged",
            Self::FileNewer { .. } => "vault.file_newer",
            Self::FileReplaced { .. } => "vault.file_replaced",
            Self::FileAccess { .. } => "vault.file_access",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Locked { place: Place::File(_), .. } => {
                "Another program may hold the lock beside the file; close it, then try again.".into()
            }
            Self::Locked { place: Place::Keychain, .. } => {
                "Unlock the keychain (log in to the desktop, or open its password program), then try again.".into()
            }
            Self::Unavailable { place: Place::Keychain, .. } => {
                "Start the desktop's keychain (on Linux a Secret Service such as gnome-keyring or KWallet), or choose a \
                 passphrase-protected file with --vault file."
                    .into()
            }
            Self::Unavailable { place: Place::File(_), .. } => "Try again.".into(),
            Self::Absent { id, .. } => format!("Import or generate the key of {id} first."),
            Self::Exists { found, .. } => format!(
                "Keep it, or replace it with --replace {found}; unless there is a copy of it elsewhere, whoever beats \
                 with that key never will again."
            ),
            Self::OtherKey { found, .. } => {
                format!("Compare the fingerprints, then name what is really there, as in --replace {found}.")
            }
            Self::WrongId { .. } => "Use the id that this key gives, or the key file that belongs to this id.".into(),
            Self::Damaged { place, id, bytes } => format!(
                "Look at the entry \"beatkeeper\" / {id} in {place}, then replace it: import the agent's key again, with \
                 --replace {}.",
                Occupant::Damaged { bytes: *bytes }
            ),
            Self::NotKept { .. } => "Keep the key file, look at the keychain's own messages, and try again.".into(),
            Self::NoRandomness => "Try again; on a freshly started machine, wait until it has gathered some.".into(),
            Self::FileMissing { .. } => "Create it by importing a first key with --vault file.".into(),
            Self::FileExists { .. } => "Open it with its passphrase; it is never overwritten.".into(),
            Self::EmptyPassphrase { .. } => "Give a passphrase of at least one character; a long one is better.".into(),
            Self::WrongPassphrase { .. } => "Type the passphrase again. There is no other way to open the file.".into(),
            Self::FileTruncated { .. } | Self::FileDamaged { .. } => {
                "Restore the file from a backup, or move it away and import the keys again.".into()
            }
            Self::FileNewer { .. } => "Use the newer version of Beatkeeper that wrote it.".into(),
            Self::FileReplaced { .. } => "Start Beatkeeper again, so that it asks for the new file's passphrase.".into(),
            Self::FileAccess { .. } => "Check that the folder exists, is yours, and has room.".into(),
        }
    }
}
