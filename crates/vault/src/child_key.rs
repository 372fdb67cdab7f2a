//! An agent's key on its way into the agent's own process.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::seed::Seed;

/// What an agent's process finds its key by: the only way in which a key leaves the vault, for a child that a person asked
/// to be started with it.
pub struct ChildKey(SecretString);

impl ChildKey {
    /// The variable that holds the key: standard base64 of the 32-byte seed (protocols.md 2.5).
    pub const KEY: &'static str = "ZYND_AGENT_PRIVATE_KEY";
    /// The variables that name a key file. They must be empty, and not missing: else the project's `.env` wins
    /// (protocols.md 2.5).
    pub const FILES: [&'static str; 2] = ["ZYND_AGENT_KEYPAIR_PATH", "ZYND_SERVICE_KEYPAIR_PATH"];

    pub(crate) fn of(seed: &Seed) -> Self {
        let mut text = Zeroizing::new(vec![0; 44]);
        // 32 bytes are 44 characters.
        let length = STANDARD.encode_slice(seed.expose(), &mut text).unwrap_or_default();
        let text = String::from_utf8_lossy(&text[..length]);
        Self(SecretString::from(text.as_ref()))
    }

    /// The value of [`KEY`](Self::KEY), for the child's environment and nothing else.
    #[must_use]
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

impl fmt::Debug for ChildKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn it_is_the_seed_in_base64_and_is_not_shown() {
        let seed = Seed::from_slice(&(0..32).collect::<Vec<u8>>()).unwrap();
        let key = ChildKey::of(&seed);
        assert_eq!(format!("{key:?}"), "ChildKey(redacted)");
        assert_eq!(key.into_secret().expose_secret(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    }
}
