//! RSA keys, as ArtCafe's agents have them: in PEM, without a passphrase (protocols.md 5.1).

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::Fingerprint;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::seed::SecretBytes;

/// How OpenSSH calls such keys.
const SSH_RSA: &str = "ssh-rsa";
/// No key file of such a key comes near it.
const LONGEST_PEM: usize = 64 * 1024;

/// Why a PEM text is refused. No variant carries anything of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RsaKeyError {
    /// No private key in it.
    #[error("there is no private key in PEM form in it")]
    NoPem,
    /// A passphrase protects it.
    #[error(
        "its key is protected by a passphrase: write it without one first, such as with `openssl pkey -in FILE -out PLAIN`"
    )]
    Encrypted,
    /// As `ssh-keygen` writes keys.
    #[error("it is in OpenSSH's own form: write it as PEM first, such as with `ssh-keygen -p -m PEM -f FILE`")]
    OpenSsh,
    /// A key of another kind, a damaged one, or one of a size that is not used.
    #[error("it is not an RSA key of 2048 to 4096 bits")]
    NotRsa,
    /// Much larger than any key.
    #[error("it is larger than 64 KiB, so it is not a key")]
    TooLarge,
}

/// An RSA private key, in DER. Overwritten when it is dropped; there is no accessor, no `Clone` and no serialisation.
pub struct RsaKey {
    der: SecretBytes,
    fingerprint: Fingerprint,
}

impl RsaKey {
    /// Reads the first private key of a PEM text: PKCS#8 (`BEGIN PRIVATE KEY`) or PKCS#1 (`BEGIN RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// [`RsaKeyError`].
    pub fn from_pem(text: &[u8]) -> Result<Self, RsaKeyError> {
        if text.len() > LONGEST_PEM {
            return Err(RsaKeyError::TooLarge);
        }
        let has = |needle: &str| text.windows(needle.len()).any(|window| window == needle.as_bytes());
        if has("BEGIN OPENSSH PRIVATE KEY") {
            return Err(RsaKeyError::OpenSsh);
        }
        if has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED") {
            return Err(RsaKeyError::Encrypted);
        }
        let key = PrivateKeyDer::from_pem_slice(text).map_err(|_| RsaKeyError::NoPem)?;
        Self::from_der(Zeroizing::new(key.secret_der().to_vec())).ok_or(RsaKeyError::NotRsa)
    }

    pub(crate) fn from_der(der: SecretBytes) -> Option<Self> {
        let pair = pair_of(&der)?;
        Some(Self { fingerprint: Fingerprint::of(pair.public_key().as_ref()), der })
    }

    /// The first half of SHA-256 over its public half, as PKCS#1 writes that.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// A handle that signs with it.
    ///
    /// # Errors
    /// [`RsaKeyError::NotRsa`], which cannot be of a key that was read.
    pub fn signer(&self) -> Result<RsaSigner, RsaKeyError> {
        let pair = pair_of(&self.der).ok_or(RsaKeyError::NotRsa)?;
        Ok(RsaSigner { pair: Arc::new(pair), fingerprint: self.fingerprint })
    }

    pub(crate) const fn der(&self) -> &SecretBytes {
        &self.der
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self { der: self.der.clone(), fingerprint: self.fingerprint }
    }

    pub(crate) fn same_as(&self, der: &[u8]) -> bool {
        self.der.ct_eq(der).into()
    }
}

fn pair_of(der: &[u8]) -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)).ok()
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaKey(redacted, {})", self.fingerprint)
    }
}

/// Signs with one RSA key. Cheap to clone.
#[derive(Clone)]
pub struct RsaSigner {
    pair: Arc<RsaKeyPair>,
    fingerprint: Fingerprint,
}

impl RsaSigner {
    /// RSASSA-PKCS1-v1_5 with SHA-256 over exactly these bytes.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`] when the system has none to blind the calculation with.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| VaultError::NoRandomness)?;
        Ok(signature)
    }

    /// Of the key.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Its public half, as PKCS#1 writes it.
    #[must_use]
    pub fn public_der(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Its public half as OpenSSH writes it, which is what an ArtCafe server is given (RFC 4253, 6.6).
    #[must_use]
    pub fn public_openssh(&self) -> String {
        let PublicKeyComponents::<Vec<u8>> { n: modulus, e: exponent } = self.pair.public().into();
        let mut blob = Vec::new();
        for (part, signed) in [(SSH_RSA.as_bytes(), false), (&exponent[..], true), (&modulus[..], true)] {
            // A number whose first bit is set would be read as negative (RFC 4251, 5).
            let sign = signed && part.first().is_some_and(|first| first & 0x80 != 0);
            let length = u32::try_from(part.len() + usize::from(sign)).unwrap_or(u32::MAX);
            blob.extend_from_slice(&length.to_be_bytes());
            blob.extend(sign.then_some(0));
            blob.extend_from_slice(part);
        }
        format!("{SSH_RSA} {}", STANDARD.encode(blob))
    }
}

impl fmt::Debug for RsaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaSigner({})", self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    const PKCS8: &[u8] = include_bytes!("../tests/rsa/pkcs8.pem");
    const PKCS1: &[u8] = include_bytes!("../tests/rsa/pkcs1.pem");
    /// As `ssh-keygen -y` says of them.
    const OPENSSH: &str = include_str!("../tests/rsa/public.openssh");

    #[test]
    fn both_forms_of_the_key_are_the_same_key_and_sign() {
        let keys = [PKCS8, PKCS1].map(|pem| RsaKey::from_pem(pem).unwrap());
        assert_eq!(keys[0].fingerprint(), keys[1].fingerprint());
        for key in keys {
            let signer = key.signer().unwrap();
            let signature = signer.sign(b"challenge").unwrap();
            assert_eq!(signer.public_openssh(), OPENSSH.trim());
            let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, signer.public_der());
            assert!(public.verify(b"challenge", &signature).is_ok());
            assert!(public.verify(b"another", &signature).is_err());
        }
    }

    #[test]
    fn what_is_no_such_key_is_refused_with_the_way_out() {
        let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        for (text, why) in [
            (String::new(), RsaKeyError::NoPem),
            ("hello".into(), RsaKeyError::NoPem),
            (pem("CERTIFICATE"), RsaKeyError::NoPem),
            (pem("PRIVATE KEY"), RsaKeyError::NotRsa),
            (pem("OPENSSH PRIVATE KEY"), RsaKeyError::OpenSsh),
            (pem("ENCRYPTED PRIVATE KEY"), RsaKeyError::Encrypted),
            (pem("RSA PRIVATE KEY").replace('A', "Proc-Type: 4,ENCRYPTED"), RsaKeyError::Encrypted),
            ("x".repeat(LONGEST_PEM + 1), RsaKeyError::TooLarge),
        ] {
            assert_eq!(RsaKey::from_pem(text.as_bytes()).unwrap_err(), why);
        }
        let shown = format!("{:?}", RsaKey::from_pem(PKCS8).unwrap());
        assert!(shown.starts_with("RsaKey(redacted"), "{shown}");
    }
}
