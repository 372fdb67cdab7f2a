//! What can be wrong with a key file.

use std::path::{Path, PathBuf};

use beatkeeper_core::identity::Fingerprint;

use super::FileMode;
use crate::rsa::RsaKeyError;

/// Why a key file was refused. No variant carries anything of the file's contents.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It is not there, or the system does not let us.
    #[error("cannot read the key file {}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A folder, a pipe or a device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// Which file.
        path: PathBuf,
    },
    /// Others can read it, or worse.
    #[error("the key file {} is open to others: its mode is {mode}", path.display())]
    LooseMode {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: FileMode,
    },
    /// Much larger than any key file.
    #[error("{} is larger than {limit} bytes, so it is not a key file", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// It ends in the middle.
    #[error("the key file {} is truncated: its JSON ends too early", path.display())]
    Truncated {
        /// Which file.
        path: PathBuf,
    },
    /// It is something else.
    #[error("the key file {} is not JSON: line {line}, column {column}", path.display())]
    NotJson {
        /// Which file.
        path: PathBuf,
        /// Where the JSON ends to be JSON.
        line: usize,
        /// Where the JSON ends to be JSON.
        column: usize,
    },
    /// It is PEM, where a Zynd agent's key is wanted.
    #[error("{} is a PEM file: such keys are for agents at ArtCafe", path.display())]
    IsPem {
        /// Which file.
        path: PathBuf,
    },
    /// It is JSON, where the key of an agent at ArtCafe is wanted.
    #[error("{} is a Zynd agent's key file: agents at ArtCafe have RSA keys in PEM", path.display())]
    IsJson {
        /// Which file.
        path: PathBuf,
    },
    /// It is no PEM file that can be used.
    #[error("{} cannot be used: {why}", path.display())]
    NotRsa {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: RsaKeyError,
    },
    /// JSON, but not an object with the fields of a key file.
    #[error("{} is JSON, but not in the form of a key file", path.display())]
    NotAKeyFile {
        /// Which file.
        path: PathBuf,
    },
    /// A field that every key file has is missing.
    #[error("the key file {} has no {field}", path.display())]
    MissingField {
        /// Which file.
        path: PathBuf,
        /// Which field.
        field: &'static str,
    },
    /// A field is not a text.
    #[error("{field} in the key file {} is not a text", path.display())]
    WrongType {
        /// Which file.
        path: PathBuf,
        /// Which field.
        field: &'static str,
    },
    /// A field is not base64.
    #[error("{field} in the key file {} is not standard base64", path.display())]
    NotBase64 {
        /// Which file.
        path: PathBuf,
        /// Which field.
        field: &'static str,
    },
    /// A field has the wrong number of bytes.
    #[error("{field} in the key file {} has {bytes} bytes instead of {want}", path.display())]
    Length {
        /// Which file.
        path: PathBuf,
        /// Which field.
        field: &'static str,
        /// How many it has.
        bytes: usize,
        /// How many it should have.
        want: &'static str,
    },
    /// The public key in the file is not that of the secret in it.
    #[error(
        "public_key in the key file {} does not belong to its private_key, whose fingerprint is {computed}",
        path.display()
    )]
    WrongPublicKey {
        /// Which file.
        path: PathBuf,
        /// The fingerprint of the secret's real public key.
        computed: Fingerprint,
    },
    /// The second half of a 64-byte secret is not the public key of the first.
    #[error(
        "the two halves of private_key in the key file {} do not belong together; the first half's fingerprint is \
         {computed}",
        path.display()
    )]
    WrongHalf {
        /// Which file.
        path: PathBuf,
        /// The fingerprint of the first half's real public key.
        computed: Fingerprint,
    },
    /// The id in the file is not that of the key in it.
    #[error("entity_id in {} is not the id of its key, whose fingerprint is {computed}", path.display())]
    WrongId {
        /// Which file.
        path: PathBuf,
        /// The fingerprint of the key.
        computed: Fingerprint,
    },
}

impl KeyFileError {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "keyfile.unreadable",
            Self::NotAFile { .. } => "keyfile.not_a_file",
            Self::LooseMode { .. } => "keyfile.loose_mode",
            Self::TooLarge { .. } => "keyfile.too_large",
            Self::Truncated { .. } => "keyfile.truncated",
            Self::NotJson { .. } => "keyfile.not_json",
            Self::IsPem { .. } => "keyfile.is_pem",
            Self::IsJson { .. } => "keyfile.is_json",
            Self::NotRsa { .. } => "keyfile.not_rsa",
            Self::NotAKeyFile { .. } => "keyfile.not_a_key_file",
            Self::MissingField { .. } => "keyfile.missing_field",
            Self::WrongType { .. } => "keyfile.wrong_type",
            Self::NotBase64 { .. } => "keyfile.not_base64",
            Self::Length { .. } => "keyfile.wrong_length",
            Self::WrongPublicKey { .. } => "keyfile.wrong_public_key",
            Self::WrongHalf { .. } => "keyfile.wrong_half",
            Self::WrongId { .. } => "keyfile.wrong_id",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Unreadable { .. } => "Check the path, and that you may read the file.".into(),
            Self::LooseMode { path, .. } => format!("Run: chmod 600 {}", shell_word(path)),
            Self::IsPem { .. } => {
                "Name a registry with dialect = \"artcafe\" in the configuration; for a Zynd registry, name the agent's \
                 keypair.json."
                    .into()
            }
            Self::IsJson { .. } => "Name the agent's PEM file, or another registry.".into(),
            Self::NotRsa { .. } => {
                "Name the PEM file with the agent's RSA private key: `BEGIN PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`.".into()
            }
            Self::Truncated { .. } => "Restore the file from a backup, or have the key written again.".into(),
            Self::NotAFile { .. }
            | Self::TooLarge { .. }
            | Self::NotJson { .. }
            | Self::NotAKeyFile { .. }
            | Self::MissingField { .. } => {
                "Name a key file, such as ~/.zynd/agents/NAME/keypair.json or a project's .agent/config.json.".into()
            }
            Self::WrongType { .. } | Self::NotBase64 { .. } | Self::Length { .. } => {
                "The file was changed by hand or written in part; restore it from a backup.".into()
            }
            Self::WrongPublicKey { computed, .. }
            | Self::WrongHalf { computed, .. }
            | Self::WrongId { computed, .. } => {
                format!(
                    "The file was put together from two keys. If the secret is the right one, the agent's id ends in \
                     {computed}; correct the file and import it again."
                )
            }
        }
    }
}

/// As a shell reads it back as one word.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '~' | '+' | ',' | '@');
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
