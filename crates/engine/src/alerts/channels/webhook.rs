//! A webhook of the user's: JSON by POST, signed when there is a key to sign with.

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::http;
use super::means::Means;
use super::message::Message;
use super::payload::Payload;
use super::redact::Redactor;
use super::setback::Setback;
use crate::settings::ChannelEntry;

/// Tells the receiver who sent it and that nobody changed it: `t=<unix seconds>,v1=<hex HMAC-SHA-256 of "t.body">`.
const SIGNATURE: &str = "Beatkeeper-Signature";
/// The same for each try, so that a receiver can tell a repetition.
const IDEMPOTENCY: &str = "Idempotency-Key";

pub(super) async fn deliver(means: &Means, entry: &ChannelEntry, message: &Message<'_>) -> Result<(), Setback> {
    let Some(url) = entry.url.clone() else { return Err(Setback::Refused("it has no url".into())) };
    let secret = means.secret(&entry.name).await?;
    let body = Payload::of(message, &entry.name).json();
    let mut request = means
        .http
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(IDEMPOTENCY, message.notice.id.0.to_string());
    if let Some(secret) = &secret {
        let now = jiff::Timestamp::now().as_second();
        request = request.header(SIGNATURE, signature(secret, now, &body)?);
    }
    let redactor = secret.iter().fold(Redactor::default(), Redactor::secret);
    http::send(request.body(body), means.pace.http, redactor).await
}

fn signature(secret: &SecretString, now: i64, body: &str) -> Result<HeaderValue, Setback> {
    let unusable = || Setback::Refused("its secret cannot be used as a key".into());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_| unusable())?;
    mac.update(format!("{now}.").as_bytes());
    mac.update(body.as_bytes());
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut value = HeaderValue::try_from(format!("t={now},v1={digits}")).map_err(|_| unusable())?;
    // Whoever has it could repeat the notice.
    value.set_sensitive(true);
    Ok(value)
}
