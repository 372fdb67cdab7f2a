//! Key files of agents at ArtCafe: an RSA key in PEM (protocols.md 5.1).

use std::path::{Path, PathBuf};

use super::{KeyFileError, Loose, must_be_itself, open, overwrite_and_delete};
use crate::rsa::RsaKey;

/// A PEM file that was read and found sound.
#[derive(Debug)]
pub struct RsaKeyFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub key: RsaKey,
}

impl RsaKeyFile {
    /// Reads the PEM file at `path`.
    ///
    /// # Errors
    /// [`KeyFileError`], as of any key file; [`KeyFileError::NotRsa`] says what is wrong with the PEM.
    pub fn read(path: &Path, loose: Loose) -> Result<Self, KeyFileError> {
        let (text, _) = open(path, loose)?;
        if text.trim_ascii_start().starts_with(b"{") {
            return Err(KeyFileError::IsJson { path: path.to_owned() });
        }
        let key = RsaKey::from_pem(&text).map_err(|why| KeyFileError::NotRsa { path: path.to_owned(), why })?;
        Ok(Self { path: path.to_owned(), key })
    }

    /// Overwrites the file and deletes it, as [`KeyFile::shred`](super::KeyFile::shred) does.
    ///
    /// # Errors
    /// [`KeyFileError`] when it is a link, was changed since it was read, or cannot be written; it is then still there.
    pub fn shred(self) -> Result<(), KeyFileError> {
        must_be_itself(&self.path)?;
        let again = Self::read(&self.path, Loose::Allow)?;
        if again.key.fingerprint() != self.key.fingerprint() {
            let computed = again.key.fingerprint();
            return Err(KeyFileError::WrongPublicKey { path: self.path, computed });
        }
        overwrite_and_delete(&self.path)
    }
}

/// Whether a file is in PEM, whatever it holds; words may stand before it (RFC 7468, 2).
pub(super) fn is_pem(text: &[u8]) -> bool {
    let is_json = text.trim_ascii_start().starts_with(b"{");
    !is_json && text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"-----BEGIN "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyFile;

    const PEM: &[u8] = include_bytes!("../../tests/rsa/pkcs8.pem");

    fn written(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.pem");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn each_kind_of_file_is_told_from_the_other() {
        let (_folder, path) = written(PEM);
        assert!(RsaKeyFile::read(&path, Loose::Allow).is_ok());
        let refused = KeyFile::read(&path, Loose::Allow).unwrap_err();
        assert_eq!(refused, KeyFileError::IsPem { path });
        let (_folder, path) = written(b" {}");
        assert_eq!(RsaKeyFile::read(&path, Loose::Allow).unwrap_err(), KeyFileError::IsJson { path });
        let (_folder, path) = written(b"-----BEGIN CERTIFICATE-----");
        assert_eq!(RsaKeyFile::read(&path, Loose::Allow).unwrap_err().code(), "keyfile.not_rsa");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_until_a_person_wants_it() {
        use std::os::unix::fs::PermissionsExt as _;

        let (_folder, path) = written(PEM);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(RsaKeyFile::read(&path, Loose::Refuse).unwrap_err().code(), "keyfile.loose_mode");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(RsaKeyFile::read(&path, Loose::Refuse).is_ok());
    }

    #[test]
    fn what_was_read_is_deleted_and_nothing_else() {
        let (_folder, path) = written(PEM);
        let file = RsaKeyFile::read(&path, Loose::Allow).unwrap();
        std::fs::write(&path, b"{}").unwrap();
        assert_eq!(file.shred().unwrap_err().code(), "keyfile.is_json");
        assert!(path.exists());
        std::fs::write(&path, PEM).unwrap();
        RsaKeyFile::read(&path, Loose::Allow).unwrap().shred().unwrap();
        assert!(!path.exists());
    }
}
