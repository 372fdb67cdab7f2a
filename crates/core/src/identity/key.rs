//! Public keys and signatures as they travel: `ed25519:` and standard padded base64.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const PREFIX: &str = "ed25519:";

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

/// Why a text is not a public key or signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The `ed25519:` prefix is mandatory on the wire.
    #[error("it does not start with \"ed25519:\"")]
    MissingPrefix,
    /// Not standard padded base64.
    #[error("it is not standard base64")]
    NotBase64,
    /// The wrong number of bytes.
    #[error("it has {got} bytes instead of {want}")]
    Length {
        /// Bytes expected.
        want: usize,
        /// Bytes found.
        got: usize,
    },
}

impl PublicKey {
    /// From the 32 raw bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the wire form `ed25519:<base64>`.
    ///
    /// # Errors
    /// [`KeyError`] when the prefix, the base64 or the length is wrong.
    pub fn from_wire(text: &str) -> Result<Self, KeyError> {
        decode::<32>(text.strip_prefix(PREFIX).ok_or(KeyError::MissingPrefix)?).map(Self)
    }

    /// Reads the form of key files, where the prefix is usually left out (protocols.md 2.3).
    ///
    /// # Errors
    /// [`KeyError`] when the base64 or the length is wrong.
    pub fn from_file(text: &str) -> Result<Self, KeyError> {
        decode::<32>(text.strip_prefix(PREFIX).unwrap_or(text)).map(Self)
    }

    /// The wire form `ed25519:<base64>`.
    #[must_use]
    pub fn to_wire(self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// What a person compares: see [`Fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }

    /// Whether `signature` is this key's over `message`.
    ///
    /// Accepts exactly what the registry's Go implementation accepts; a key that is not a curve point accepts nothing.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        use ed25519_dalek::Verifier as _;
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_wire())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_wire())
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_wire(&text).map_err(|error| serde::de::Error::custom(format!("bad public key: {error}")))
    }
}

/// The first 16 bytes of SHA-256 over a public key, the same bytes that an entity id shows after its prefix, so that a
/// person can compare a key with an id by eye.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Of a public key of any kind, in the bytes that it is written in.
    #[must_use]
    pub fn of(public_key: &[u8]) -> Self {
        let digest = Sha256::digest(public_key);
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Self(half)
    }

    /// 32 lower-case hex digits, as in an entity id.
    #[must_use]
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = KeyError;

    /// Reads 32 hex digits in either case; spaces and colons between them are ignored.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| !matches!(c, ' ' | ':'))
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(KeyError::NotBase64))
            .collect::<Result<_, _>>()?;
        if digits.len() != 32 {
            return Err(KeyError::Length { want: 16, got: digits.len() / 2 });
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self(bytes))
    }
}

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// From the 64 raw bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Reads the wire form `ed25519:<base64>`.
    ///
    /// # Errors
    /// [`KeyError`] when the prefix, the base64 or the length is wrong.
    pub fn from_wire(text: &str) -> Result<Self, KeyError> {
        decode::<64>(text.strip_prefix(PREFIX).ok_or(KeyError::MissingPrefix)?).map(Self)
    }

    /// The wire form `ed25519:<base64>`.
    #[must_use]
    pub fn to_wire(self) -> String {
        format!("{PREFIX}{}", self.to_base64())
    }

    /// Bare standard base64, as some documents show it.
    #[must_use]
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", self.to_wire())
    }
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], KeyError> {
    let bytes = STANDARD.decode(text).map_err(|_| KeyError::NotBase64)?;
    let got = bytes.len();
    bytes.try_into().map_err(|_| KeyError::Length { want: N, got })
}
