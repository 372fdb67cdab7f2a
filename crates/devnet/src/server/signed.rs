//! Signatures on what is asked, and refusals of it.

use axum::http::StatusCode;
use beatkeeper_core::identity::{PublicKey, Signature};

/// Why not: a status and a sentence.
pub(super) type Refusal = (StatusCode, String);

/// The key, when `signature` is its over `message`. The key's prefix may be missing, the signature's may not.
pub(super) fn verified(key: &str, message: &[u8], signature: &str) -> Option<PublicKey> {
    let key = PublicKey::from_file(key).ok()?;
    let signature = Signature::from_wire(signature).ok()?;
    key.verifies(message, &signature).then_some(key)
}

pub(super) fn bad(sentence: impl Into<String>) -> Refusal {
    (StatusCode::BAD_REQUEST, sentence.into())
}

pub(super) fn unauthorized(sentence: impl Into<String>) -> Refusal {
    (StatusCode::UNAUTHORIZED, sentence.into())
}
