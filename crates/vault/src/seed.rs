//! The secret and the handle that signs with it.

use std::fmt;
use std::sync::Arc;

use beatkeeper_core::identity::{PublicKey, Signature};
use ed25519_dalek::{Signer as _, SigningKey};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::VaultError;

/// The 32 secret bytes of an Ed25519 key.
///
/// They live on the heap, so that moving a seed leaves no copy behind on the stack, and are overwritten when it is
/// dropped. There is no accessor, no `Clone` and no serialisation.
pub struct Seed(Box<[u8; 32]>);

impl Seed {
    /// A new seed from the operating system's randomness.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`] when the system has none.
    pub fn generate() -> Result<Self, VaultError> {
        let mut seed = Self::zeroed();
        getrandom::fill(seed.0.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
        Ok(seed)
    }

    /// The public key that belongs to this seed.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_bytes(self.signing_key().verifying_key().to_bytes())
    }

    /// A handle that signs with this seed.
    #[must_use]
    pub fn signer(&self) -> Signer {
        Signer { public_key: self.public_key(), key: Arc::new(self.signing_key()) }
    }

    /// From exactly 32 bytes.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == 32).then(|| Self::filled(|seed| seed.copy_from_slice(bytes)))
    }

    /// Written in place, so that the caller needs no array of its own.
    pub(crate) fn filled(write: impl FnOnce(&mut [u8; 32])) -> Self {
        let mut seed = Self::zeroed();
        write(&mut seed.0);
        seed
    }

    /// A copy for the vault's own thread, which may outlive the caller's patience.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_ref()).into()
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }

    fn zeroed() -> Self {
        Self(Box::new([0; 32]))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed(redacted, of {})", self.public_key())
    }
}

/// Bytes that hold a secret for a moment: overwritten when dropped.
pub(crate) type SecretBytes = Zeroizing<Vec<u8>>;

/// Signs with one key. Cheap to clone; the key is overwritten when the last clone is dropped.
#[derive(Clone)]
pub struct Signer {
    public_key: PublicKey,
    key: Arc<SigningKey>,
}

impl Signer {
    /// The public key of every signature made here.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public_key
    }

    /// Signs exactly these bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.key.sign(message).to_bytes())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Seed {
        Seed::from_slice(&(0..32).collect::<Vec<u8>>()).unwrap()
    }

    #[test]
    fn the_public_key_is_the_golden_one() {
        // protocols.md 4
        assert_eq!(golden().public_key().to_wire(), "ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");
        assert_eq!(golden().public_key().fingerprint().to_hex(), "56475aa75463474c0285df5dbf2bcab7");
    }

    #[test]
    fn heartbeats_are_signed_as_the_registry_expects() {
        // protocols.md 4, live heartbeats and the documented form
        let signer = golden().signer();
        for (message, signature) in [
            (
                "2026-01-02T03:04:05Z",
                "ed25519:9+OJk4A1zBNvaFSz6rOE8VhY7s8zUUMbT+1iOrn4ZKQ7YnJ+j7vN3ayXyrPjsIoijGODZwm+ufEOuxYmJhxTBg==",
            ),
            (
                "2026-01-02T03:04:05.678Z",
                "ed25519:lcjfdcFUNXd5K8ilkGxo8A0GArQsTy+Z/SZEzt/fh/CxtaCuBo/YBTjqNkXkEX//3xMV1bENXZogvLMyNLGBCQ==",
            ),
            (
                "zns:56475aa75463474c0285df5dbf2bcab71767323045",
                "ed25519:0SopY2EzFUPmUiI18WPAeOi10+HoAdt4FS5/Vx76b6pvvq3IPODv7jVce/2eMJ5FeB3oDWVIaGPeEH2xtU8HDQ==",
            ),
        ] {
            let signed = signer.sign(message.as_bytes());
            assert_eq!(signed.to_wire(), signature);
            assert!(signer.public_key().verifies(message.as_bytes(), &signed));
        }
    }

    #[test]
    fn generated_seeds_differ() {
        assert!(!Seed::generate().unwrap().same_as(&Seed::generate().unwrap()));
    }

    #[test]
    fn only_32_bytes_are_a_seed() {
        for length in [0, 31, 33, 64] {
            assert!(Seed::from_slice(&vec![7; length]).is_none(), "{length}");
        }
    }
}
