//! The channels' secrets, in a file of their own beside the vault file: the key of the one opens the other, and programs
//! that know only agents' keys still read the vault file.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::format::{self, Texts};
use super::{Sealed, access, error, read_file, write_file};
use crate::error::{Place, VaultError};

/// What is there; nothing when no secret was ever stored.
pub(super) fn load(sealed: &Sealed) -> Result<Texts, VaultError> {
    let path = path(sealed);
    match fs::metadata(&path) {
        Ok(_) => {}
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(Texts::new()),
        Err(reason) => return Err(access(&path, "open", &reason)),
    }
    let text = read_file(&path)?;
    let header = format::channels_header(&text).map_err(|flaw| error(&path, flaw))?;
    if header != sealed.header.of_channels() {
        return Err(VaultError::Unavailable {
            place: Place::File(path),
            reason: "it belongs to another vault file; delete it, and enter the channels' secrets again".into(),
        });
    }
    format::open_texts(&text, &header, &sealed.key).map_err(|flaw| error(&path, flaw))
}

/// Changes it under the lock that the vault file has, too.
pub(super) fn change(sealed: &Sealed, change: impl FnOnce(&mut Texts)) -> Result<(), VaultError> {
    let path = path(sealed);
    let _lock = sealed.lock()?;
    let mut texts = load(sealed)?;
    change(&mut texts);
    let text = format::seal_texts(&sealed.header.of_channels(), &sealed.key, &texts);
    let text = text.map_err(|flaw| error(&path, flaw))?;
    write_file(&path, text.as_bytes()).map_err(|reason| access(&path, "write", &reason))
}

fn path(sealed: &Sealed) -> PathBuf {
    let mut beside = sealed.path.clone().into_os_string();
    beside.push(".channels");
    beside.into()
}
