//! Signatures on what is asked, and refusals of it.

use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use beatkeeper_core::identity::{KeyError, PublicKey, Signature, canonical_json};
use serde_json::Value;

/// Why not: a status and a sentence.
pub(super) type Refusal = (StatusCode, String);

/// The key, when `signature` is its over `message`. The key's prefix may be missing, the signature's may not.
pub(super) fn verified(key: &str, message: &[u8], signature: &str) -> Option<PublicKey> {
    let key = PublicKey::from_file(key).ok()?;
    let signature = Signature::from_wire(signature).ok()?;
    key.verifies(message, &signature).then_some(key)
}

/// What Go's default encoder writes of an object, which escapes more than the canonical form does.
pub(super) fn marshalled(value: &Value) -> String {
    canonical_json(value).replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

/// By which key an `Authorization` header says that it is signed.
pub(super) enum Scheme {
    /// `Bearer`: the key of what is changed.
    Own,
    /// `Bearer-Dev`: the key of the developer it belongs to.
    Developer,
}

/// The scheme of an `Authorization` header, and the signature in it.
pub(super) fn credentials(headers: &HeaderMap) -> Result<(Scheme, &str), String> {
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()).unwrap_or_default();
    if header.is_empty() {
        return Err("missing Authorization header".to_owned());
    }
    if let Some(signature) = header.strip_prefix("Bearer-Dev ") {
        return Ok((Scheme::Developer, signature));
    }
    let signature =
        header.strip_prefix("Bearer ").ok_or("Authorization header must use Bearer or Bearer-Dev scheme")?;
    Ok((Scheme::Own, signature))
}

/// Whether the signature of an `Authorization` header is this key's over what is to be signed.
pub(super) fn owned(key: Result<PublicKey, KeyError>, signed: &[u8], signature: &str) -> Result<(), String> {
    let signature = Signature::from_wire(signature).map_err(|error| match error {
        KeyError::MissingPrefix => {
            "signature verification failed: invalid signature format, expected ed25519:<base64>".to_owned()
        }
        KeyError::NotBase64 => "signature verification failed: failed to decode signature".to_owned(),
        KeyError::Length { want, got } => {
            format!("signature verification failed: invalid signature length: {got} (expected {want})")
        }
    })?;
    if key.is_ok_and(|key| key.verifies(signed, &signature)) {
        Ok(())
    } else {
        Err("invalid ownership signature".to_owned())
    }
}

pub(super) fn bad(sentence: impl Into<String>) -> Refusal {
    (StatusCode::BAD_REQUEST, sentence.into())
}

pub(super) fn unauthorized(sentence: impl Into<String>) -> Refusal {
    (StatusCode::UNAUTHORIZED, sentence.into())
}
