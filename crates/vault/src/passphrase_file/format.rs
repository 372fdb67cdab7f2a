//! The bytes of a vault file.
//!
//! JSON, so that a person who finds the file can see what it is: format, version, how the key is derived, and one sealed
//! box with all entries (an observer learns neither ids nor how many, beyond the length). The key is argon2id of the
//! passphrase, with the costs that the file names; the box is XChaCha20-Poly1305 with the header as associated data and a
//! fresh random nonce each time. A SHA-256 over all of it tells a damaged file from a wrong passphrase; it protects
//! nothing.

use std::collections::BTreeMap;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::seed::{SecretBytes, Seed};

/// The newest version this program reads, and the one it writes.
pub(super) const VERSION: u64 = 1;

const FORMAT: &str = "beatkeeper-vault";
const CHANNELS: &str = "beatkeeper-channel-secrets";
const KDF: &str = "argon2id";
const CIPHER: &str = "xchacha20poly1305";
const UNTIDY: Flaw = Flaw::Damaged("its entries are not laid out as they should be");
const NONCE: usize = 24;
const SALT: usize = 16;

/// RFC 9106's second recommended setting: 64 MiB, 3 passes, 4 lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// What a file may ask for at most. A hostile file must not be able to take all memory or run for hours.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 32;
const MOST_LANES: u32 = 16;

/// Seeds by entity id.
pub(super) type Entries = BTreeMap<String, Seed>;

/// Channels' secrets by account.
pub(super) type Texts = BTreeMap<String, SecretBytes>;

/// The key that opens a vault file.
pub(super) struct FileKey(Box<Zeroizing<[u8; 32]>>);

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Truncated,
    Damaged(&'static str),
    Newer(u64),
    WrongPassphrase,
    NoRandomness,
    NoMemory,
}

/// Everything that the key depends on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    format: String,
    version: u64,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    cipher: String,
}

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(flatten)]
    header: Header,
    nonce: String,
    sealed: String,
    sha256: String,
}

#[derive(Deserialize)]
struct Preamble {
    format: Option<String>,
    version: Option<u64>,
}

impl Header {
    pub(super) fn fresh() -> Result<Self, Flaw> {
        Ok(Self {
            format: FORMAT.into(),
            version: VERSION,
            kdf: KDF.into(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: STANDARD.encode(random::<SALT>()?),
            cipher: CIPHER.into(),
        })
    }

    /// The header of the file beside, which the same key opens. Its format is part of what is authenticated, so neither
    /// file passes for the other.
    pub(super) fn of_channels(&self) -> Self {
        Self { format: CHANNELS.into(), ..self.clone() }
    }

    /// Slow on purpose.
    pub(super) fn derive_key(&self, passphrase: &str) -> Result<FileKey, Flaw> {
        let salt = STANDARD.decode(&self.salt).map_err(|_| Flaw::Damaged("its salt is not base64"))?;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|_| Flaw::Damaged("its key derivation costs make no sense"))?;
        let mut key = FileKey(Box::new(Zeroizing::new([0; 32])));
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &salt, key.0.as_mut_slice())
            .map_err(|error| {
                if error == argon2::Error::OutOfMemory {
                    Flaw::NoMemory
                } else {
                    Flaw::Damaged("its salt has the wrong length")
                }
            })?;
        Ok(key)
    }

    fn check(&self) -> Result<(), Flaw> {
        if self.kdf != KDF || self.cipher != CIPHER {
            return Err(Flaw::Damaged("it names a cipher that this version of the format does not have"));
        }
        if self.memory_kib > MOST_MEMORY_KIB || self.passes > MOST_PASSES || self.lanes > MOST_LANES {
            return Err(Flaw::Damaged("it asks for absurd key derivation costs"));
        }
        Ok(())
    }

    /// In a form of its own, so that it does not depend on how the JSON is laid out.
    fn associated_data(&self) -> String {
        let Self { format, version, kdf, memory_kib, passes, lanes, salt, cipher } = self;
        format!("{format}|{version}|{kdf}|{memory_kib}|{passes}|{lanes}|{salt}|{cipher}")
    }
}

/// Reads and checks the header of a vault file, without any key.
pub(super) fn header(text: &[u8]) -> Result<Header, Flaw> {
    header_of(FORMAT, text)
}

/// The same of the file beside it.
pub(super) fn channels_header(text: &[u8]) -> Result<Header, Flaw> {
    header_of(CHANNELS, text)
}

fn header_of(format: &str, text: &[u8]) -> Result<Header, Flaw> {
    // The version comes first: a newer file may differ in everything else.
    let preamble: Preamble = parse(text)?;
    if preamble.format.as_deref() != Some(format) {
        return Err(Flaw::Damaged("it is not a vault file"));
    }
    match preamble.version {
        Some(VERSION) => {}
        Some(version) if version > VERSION => return Err(Flaw::Newer(version)),
        _ => return Err(Flaw::Damaged("its version makes no sense")),
    }
    let document: Document = parse(text)?;
    document.header.check()?;
    if checksum(&document.header, &document.nonce, &document.sealed) != document.sha256 {
        return Err(Flaw::Damaged("its checksum does not fit its contents"));
    }
    Ok(document.header)
}

/// Opens a file whose header was checked.
pub(super) fn open(text: &[u8], header: &Header, key: &FileKey) -> Result<Entries, Flaw> {
    unpack(&unseal(text, header, key)?).ok_or(UNTIDY)
}

pub(super) fn open_texts(text: &[u8], header: &Header, key: &FileKey) -> Result<Texts, Flaw> {
    unpack_texts(&unseal(text, header, key)?).ok_or(UNTIDY)
}

fn unseal(text: &[u8], header: &Header, key: &FileKey) -> Result<SecretBytes, Flaw> {
    let document: Document = parse(text)?;
    let nonce = STANDARD.decode(&document.nonce).map_err(|_| Flaw::Damaged("its nonce is not base64"))?;
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| Flaw::Damaged("its nonce has the wrong length"))?;
    let sealed = STANDARD.decode(&document.sealed).map_err(|_| Flaw::Damaged("its contents are not base64"))?;
    let aad = header.associated_data();
    key.cipher()
        .decrypt(&XNonce::from(nonce), Payload { msg: &sealed, aad: aad.as_bytes() })
        .map(Zeroizing::new)
        .map_err(|_| Flaw::WrongPassphrase)
}

pub(super) fn seal(header: &Header, key: &FileKey, entries: &Entries) -> Result<String, Flaw> {
    seal_bytes(header, key, &pack(entries))
}

pub(super) fn seal_texts(header: &Header, key: &FileKey, texts: &Texts) -> Result<String, Flaw> {
    seal_bytes(header, key, &pack_texts(texts))
}

fn seal_bytes(header: &Header, key: &FileKey, plain: &SecretBytes) -> Result<String, Flaw> {
    let nonce = random::<NONCE>()?;
    let aad = header.associated_data();
    let sealed = key
        .cipher()
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: aad.as_bytes() })
        .map_err(|_| Flaw::Damaged("it would be too large"))?;
    let (nonce, sealed) = (STANDARD.encode(nonce), STANDARD.encode(sealed));
    let sha256 = checksum(header, &nonce, &sealed);
    let document = Document { header: header.clone(), nonce, sealed, sha256 };
    let mut text =
        serde_json::to_string_pretty(&document).map_err(|_| Flaw::Damaged("it could not be written down"))?;
    text.push('\n');
    Ok(text)
}

impl FileKey {
    fn cipher(&self) -> XChaCha20Poly1305 {
        let key: &[u8; 32] = &self.0;
        XChaCha20Poly1305::new(key.into())
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Flaw> {
    serde_json::from_slice(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => Flaw::Truncated,
        serde_json::error::Category::Data => Flaw::Damaged("a field is missing or has the wrong type"),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => Flaw::Damaged("it is not JSON"),
    })
}

/// Each entry: length of the id in one byte, the id, the 32 seed bytes.
fn pack(entries: &Entries) -> Zeroizing<Vec<u8>> {
    // All at once: growing would leave copies of secrets behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(entries.keys().map(|id| 1 + id.len() + 32).sum()));
    for (id, seed) in entries {
        // Entity ids have at most 40 characters.
        plain.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
        plain.extend_from_slice(id.as_bytes());
        plain.extend_from_slice(seed.expose());
    }
    plain
}

fn unpack(mut plain: &[u8]) -> Option<Entries> {
    let mut entries = Entries::new();
    while let Some((length, rest)) = plain.split_first() {
        let (id, rest) = rest.split_at_checked(usize::from(*length))?;
        let (seed, rest) = rest.split_at_checked(32)?;
        entries.insert(String::from_utf8(id.to_vec()).ok()?, Seed::from_slice(seed)?);
        plain = rest;
    }
    Some(entries)
}

/// Each entry: length of the account in one byte, the account, length of the secret in two, the secret.
fn pack_texts(texts: &Texts) -> SecretBytes {
    let size = texts.iter().map(|(account, text)| 3 + account.len() + text.len()).sum();
    let mut plain = Zeroizing::new(Vec::with_capacity(size));
    for (account, text) in texts {
        // Whoever stores one has seen to it that both fit.
        plain.push(u8::try_from(account.len()).unwrap_or(u8::MAX));
        plain.extend_from_slice(account.as_bytes());
        plain.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        plain.extend_from_slice(text);
    }
    plain
}

fn unpack_texts(mut plain: &[u8]) -> Option<Texts> {
    let mut texts = Texts::new();
    while let Some((length, rest)) = plain.split_first() {
        let (account, rest) = rest.split_at_checked(usize::from(*length))?;
        let (length, rest) = rest.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        texts.insert(String::from_utf8(account.to_vec()).ok()?, Zeroizing::new(text.to_vec()));
        plain = rest;
    }
    Some(texts)
}

fn checksum(header: &Header, nonce: &str, sealed: &str) -> String {
    let mut hash = Sha256::new();
    for part in [&header.associated_data(), nonce, sealed] {
        hash.update(part);
        hash.update(b"\n");
    }
    STANDARD.encode(hash.finalize())
}

fn random<const N: usize>() -> Result<[u8; N], Flaw> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Flaw::NoRandomness)?;
    Ok(bytes)
}
