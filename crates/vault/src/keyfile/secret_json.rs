//! JSON with a secret in it, read without leaving copies of the secret behind.
//!
//! serde would put a string it has to unescape into a scratch buffer that nobody overwrites, and its error messages quote
//! what they found. So the fields that may hold a secret are taken raw, as slices of the one buffer that is overwritten,
//! and of an error only the place is used.

use std::borrow::Cow;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::identity::{KeyError, PublicKey};
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{DerivedFrom, KeyFileError};
use crate::Seed;

/// The fields of a key file.
#[derive(Deserialize)]
pub(super) struct Fields<'a> {
    #[serde(borrow)]
    public_key: Option<&'a RawValue>,
    #[serde(borrow)]
    private_key: Option<&'a RawValue>,
    #[serde(borrow)]
    derived_from: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) entity_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
}

/// The secret, and the public key that the 64-byte form carries with it.
pub(super) struct SecretKey {
    pub(super) seed: Seed,
    pub(super) public_half: Option<PublicKey>,
}

/// What is wrong, before the file's path is put to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Truncated,
    NotJson { line: usize, column: usize },
    NotAKeyFile,
    MissingField(&'static str),
    WrongType(&'static str),
    NotBase64(&'static str),
    Length { field: &'static str, bytes: usize, want: &'static str },
}

impl Flaw {
    pub(super) fn at(self, path: &Path) -> KeyFileError {
        let path = path.to_owned();
        match self {
            Self::Truncated => KeyFileError::Truncated { path },
            Self::NotJson { line, column } => KeyFileError::NotJson { path, line, column },
            Self::NotAKeyFile => KeyFileError::NotAKeyFile { path },
            Self::MissingField(field) => KeyFileError::MissingField { path, field },
            Self::WrongType(field) => KeyFileError::WrongType { path, field },
            Self::NotBase64(field) => KeyFileError::NotBase64 { path, field },
            Self::Length { field, bytes, want } => KeyFileError::Length { path, field, bytes, want },
        }
    }
}

impl<'a> Fields<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, Flaw> {
        serde_json::from_slice(text).map_err(|error| match error.classify() {
            Category::Eof => Flaw::Truncated,
            Category::Syntax | Category::Io => Flaw::NotJson { line: error.line(), column: error.column() },
            Category::Data => Flaw::NotAKeyFile,
        })
    }

    pub(super) fn secret_key(&self) -> Result<SecretKey, Flaw> {
        const FIELD: &str = "private_key";
        const WANT: &str = "32 or 64";
        /// 64 bytes in base64.
        const LONGEST: usize = 88;

        let text = text_of(self.private_key, FIELD)?;
        if text.len() > LONGEST {
            return Err(Flaw::Length { field: FIELD, bytes: text.len() / 4 * 3, want: WANT });
        }
        let mut bytes = Zeroizing::new([0; LONGEST]);
        let length =
            STANDARD.decode_slice(text.as_bytes(), bytes.as_mut_slice()).map_err(|_| Flaw::NotBase64(FIELD))?;
        let (seed, public_half) = bytes[..length].split_at(length.min(32));
        let seed = Seed::from_slice(seed).ok_or(Flaw::Length { field: FIELD, bytes: length, want: WANT })?;
        let public_half = match public_half.len() {
            0 => None,
            _ => Some(PublicKey::from_bytes(public_half.try_into().map_err(|_| Flaw::Length {
                field: FIELD,
                bytes: length,
                want: WANT,
            })?)),
        };
        Ok(SecretKey { seed, public_half })
    }

    /// Read as if it were secret too: a file with its two keys swapped must not leave a copy either.
    pub(super) fn public_key(&self) -> Result<PublicKey, Flaw> {
        const FIELD: &str = "public_key";

        let text = text_of(self.public_key, FIELD)?;
        PublicKey::from_file(&text).map_err(|error| match error {
            KeyError::Length { got, .. } => Flaw::Length { field: FIELD, bytes: got, want: "32" },
            KeyError::MissingPrefix | KeyError::NotBase64 => Flaw::NotBase64(FIELD),
        })
    }

    /// Its writers do not agree on its form; one that is not known is no reason to refuse the key.
    pub(super) fn derived_from(&self) -> Option<DerivedFrom> {
        #[derive(Deserialize)]
        struct Form<'a> {
            #[serde(borrow)]
            developer_public_key: Cow<'a, str>,
            #[serde(alias = "entity_index")]
            index: u32,
        }

        let form: Form<'_> = serde_json::from_str(self.derived_from?.get()).ok()?;
        let developer_public_key = PublicKey::from_file(&form.developer_public_key).ok()?;
        Some(DerivedFrom { developer_public_key, index: form.index })
    }

    pub(super) fn name(&self) -> Option<String> {
        let name: String = serde_json::from_str(self.name?.get()).ok()?;
        let name = name.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }
}

fn text_of(field: Option<&RawValue>, name: &'static str) -> Result<Zeroizing<String>, Flaw> {
    let raw = field.ok_or(Flaw::MissingField(name))?.get();
    let quoted = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(Flaw::WrongType(name))?;
    unescaped(quoted).ok_or(Flaw::NotBase64(name))
}

/// Base64 needs no escapes, but `\/` and `\u002b` are legal ways to write two of its characters. Others are not base64.
fn unescaped(quoted: &str) -> Option<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(quoted.len()));
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next()? {
            '/' => text.push('/'),
            'u' => {
                let digits = rest.as_str().get(..4)?;
                text.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                rest = rest.as_str().get(4..)?.chars();
            }
            _ => return None,
        }
    }
    Some(text)
}
