//! The key of an agent that a developer has in a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey};
use ed25519_dalek::SigningKey;

/// A key whose seed is text, so that it is found wherever it should not be.
pub struct Key {
    seed: [u8; 32],
}

impl Key {
    /// A key of its own for each word; the rest of the seed is the same.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let mut seed = *b"never-to-be-seen-outside-a-vault";
        for (at, byte) in seed.iter_mut().zip(word.bytes()) {
            *at = byte;
        }
        Self { seed }
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(SigningKey::from_bytes(&self.seed).verifying_key().to_bytes())
    }

    /// Whose it is.
    #[must_use]
    pub fn id(&self) -> EntityId {
        EntityId::from_key(&self.public(), EntityKind::Agent)
    }

    /// The seed as a keychain gives it out.
    #[must_use]
    pub fn secret(&self) -> String {
        String::from_utf8_lossy(&self.seed).into_owned()
    }

    /// Every form in which the seed might leak: raw, hex, base64.
    #[must_use]
    pub fn traces(&self) -> [String; 4] {
        let hex: String = self.seed.iter().map(|byte| format!("{byte:02x}")).collect();
        // Without the last characters, in which the encodings of 32 and of 64 bytes differ.
        let base64 = STANDARD.encode(self.seed).chars().take(40).collect();
        [self.secret(), hex.to_uppercase(), hex, base64]
    }

    /// Writes the key file as the registry's own tools do, for the owner alone.
    pub fn write(&self, path: &Path) -> Result<()> {
        let file = serde_json::json!({
            "public_key": STANDARD.encode(self.public().as_bytes()),
            "private_key": STANDARD.encode(self.seed),
        });
        fs::write(path, file.to_string())?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(())
    }
}
