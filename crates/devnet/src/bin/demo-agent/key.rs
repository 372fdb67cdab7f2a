//! The agent's key file (protocols.md 2.3).

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::{PublicKey, Signature};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha512};

/// A key that signs.
pub(crate) struct AgentKey(SigningKey);

#[derive(Deserialize)]
struct KeyFile {
    private_key: String,
}

impl AgentKey {
    /// Reads the key file, in its 32-byte or 64-byte form, or makes a new one that only its owner can read.
    pub(crate) fn load_or_create(path: &Path) -> anyhow::Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(&text).with_context(|| format!("{} is no key file", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// As the SDKs find it (protocols.md 2.5): a path that is not empty counts more than a key.
    pub(crate) fn of_environment() -> anyhow::Result<Self> {
        if let Some(path) = std::env::var_os("ZYND_AGENT_KEYPAIR_PATH").filter(|path| !path.is_empty()) {
            return Self::load_or_create(Path::new(&path));
        }
        let key = std::env::var("ZYND_AGENT_PRIVATE_KEY").ok().filter(|key| !key.is_empty());
        let key = key.context("there is no key: give --key, or set ZYND_AGENT_PRIVATE_KEY")?;
        let bytes = STANDARD.decode(key).map_err(|_| anyhow::anyhow!("ZYND_AGENT_PRIVATE_KEY is not base64"))?;
        let seed =
            bytes.as_slice().try_into().map_err(|_| anyhow::anyhow!("ZYND_AGENT_PRIVATE_KEY is no 32-byte key"))?;
        Ok(Self::from_seed(seed))
    }

    fn read(text: &str) -> anyhow::Result<Self> {
        // The parser's own words could quote the key.
        let file: KeyFile =
            serde_json::from_str(text).map_err(|_| anyhow::anyhow!("it is not JSON with a \"private_key\""))?;
        let bytes = STANDARD.decode(&file.private_key).map_err(|_| anyhow::anyhow!("its private_key is not base64"))?;
        let seed = match bytes.len() {
            32 | 64 => bytes.first_chunk::<32>(),
            _ => None,
        };
        let seed = seed.with_context(|| format!("its private_key has {} bytes instead of 32 or 64", bytes.len()))?;
        Ok(Self::from_seed(seed))
    }

    fn create(path: &Path) -> anyhow::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| anyhow::anyhow!("the system gave no random bytes: {error}"))?;
        let key = Self::from_seed(&seed);
        let text = json!({
            "public_key": STANDARD.encode(key.public().as_bytes()),
            "private_key": STANDARD.encode(seed),
        });
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(path)
            .and_then(|mut file| writeln!(file, "{text:#}"))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(key)
    }

    fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The developer that this agent registers under: always the same one for the same key.
    pub(crate) fn developer(&self) -> Self {
        let digest: [u8; 64] =
            Sha512::new().chain_update(b"beatkeeper demo developer").chain_update(self.0.as_bytes()).finalize().into();
        let mut seed = [0; 32];
        seed.copy_from_slice(&digest[..32]);
        Self::from_seed(&seed)
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(message).to_bytes())
    }
}
