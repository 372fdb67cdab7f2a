//! Keys as they may be shown, and key files that are no longer needed.

use std::path::Path;

use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_vault::{KeyFile, KeyFileError, Loose, Presence, Vault};

use super::artcafe;
use crate::command::{KeyFace, Refusal};
use crate::paths::Paths;
use crate::settings::Derived;

/// What may be shown of a key.
pub(super) fn face(vault: &Vault, id: &EntityId, derived: Option<Derived>) -> KeyFace {
    if let Some(face) = artcafe::face(vault, id) {
        return face;
    }
    // Nothing where another key lies in its place.
    face_of(vault, vault.look(id), derived, || vault.signer(id).ok().map(|signer| signer.public_key().to_wire()))
}

/// As [`face`], of a key that was looked for.
pub(super) fn face_of(
    vault: &Vault,
    found: Presence,
    derived: Option<Derived>,
    public_key: impl FnOnce() -> Option<String>,
) -> KeyFace {
    let face = KeyFace {
        presence: String::new(),
        place: vault.place().to_string(),
        fingerprint: None,
        public_key: None,
        reason: None,
        derived,
    };
    let presence = |word: &str| word.to_owned();
    match found {
        Presence::Present(fingerprint) => KeyFace {
            presence: presence("present"),
            fingerprint: Some(fingerprint.to_hex()),
            public_key: public_key(),
            ..face
        },
        Presence::Absent => KeyFace { presence: presence("absent"), ..face },
        Presence::Locked => KeyFace { presence: presence("locked"), ..face },
        Presence::Unavailable(reason) => KeyFace { presence: presence("unavailable"), reason: Some(reason), ..face },
    }
}

/// Only what the vault keeps safely may go.
pub(super) fn shred(paths: &Paths, vault: &Vault, file: &Path) -> Result<(), Refusal> {
    let key = match KeyFile::read(file, Loose::Allow) {
        Err(KeyFileError::IsPem { .. }) => return artcafe::shred(paths, vault, file),
        read => read?,
    };
    if key.name.is_some() {
        return Err(Refusal::new(
            "keyfile.more_than_a_key",
            format!("{} stays: it holds its project's settings beside the key", file.display()),
            "Take `private_key` out of it by hand, once the agent gets its key from elsewhere.",
        ));
    }
    let kept = [EntityKind::Agent, EntityKind::Service].into_iter().any(|kind| {
        let id = EntityId::from_key(&key.public_key, kind);
        vault.look(&id) == Presence::Present(key.public_key.fingerprint())
    });
    if !kept {
        return Err(not_kept(file));
    }
    key.shred()?;
    tracing::info!(file = %file.display(), "key file shredded");
    Ok(())
}

pub(super) fn not_kept(file: &Path) -> Refusal {
    Refusal::new(
        "keyfile.not_kept",
        format!("{} stays: its key is not in the vault, and this may be the only copy", file.display()),
        "Import it first; if the vault is locked, unlock it.",
    )
}
