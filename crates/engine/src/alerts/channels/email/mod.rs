//! Mail over SMTP.

mod dial;
mod mail;
mod wire;

use std::error::Error as _;
use std::time::Duration;

use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use secrecy::{ExposeSecret as _, SecretString};

use super::means::Means;
use super::message::Message;
use super::redact::Redactor;
use super::setback::{Setback, quote};
use crate::settings::ChannelEntry;

/// The mail is taken by then; this is only politeness.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) async fn deliver(means: &Means, entry: &ChannelEntry, message: &Message<'_>) -> Result<(), Setback> {
    let login = match &entry.user {
        Some(user) => Some((user.clone(), means.needed_secret(&entry.name, "password").await?)),
        None => None,
    };
    let within = means.pace.mail;
    match tokio::time::timeout(within, Box::pin(exchange(means, entry, message, login))).await {
        Ok(result) => result,
        Err(_) => Err(Setback::Unreached(format!("the mail server did not take it within {} s", within.as_secs()))),
    }
}

async fn exchange(
    means: &Means,
    entry: &ChannelEntry,
    message: &Message<'_>,
    login: Option<(String, SecretString)>,
) -> Result<(), Setback> {
    let mail = mail::compose(entry, message)?;
    let mut connection = dial::open(entry, &means.tls).await?;
    if let Some((user, password)) = login {
        let credentials = Credentials::new(user, password.expose_secret().to_owned());
        let done = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
        done.map_err(|error| setback("logging in", &error, Some(&password)))?;
    }
    let sent = connection.send(mail.envelope(), &mail.formatted()).await;
    sent.map_err(|error| setback("the mail", &error, None))?;
    let _ = tokio::time::timeout(FAREWELL, connection.quit()).await;
    Ok(())
}

/// What the person sees who sets it up.
pub(super) fn preview(entry: &ChannelEntry, message: &Message<'_>) -> Result<String, Setback> {
    let mail = mail::compose(entry, message)?;
    let headers = mail.headers().to_string();
    let shown = headers.lines().filter(|line| !line.starts_with("Content-") && !line.starts_with("MIME-"));
    Ok(format!("{}\n\n{}", shown.collect::<Vec<_>>().join("\n"), mail::text(message)))
}

/// Sorts what the server said, or that it said nothing.
fn setback(doing: &str, error: &smtp::Error, secret: Option<&SecretString>) -> Setback {
    let redactor = secret.into_iter().fold(Redactor::default(), Redactor::secret);
    let words = error.source().map(|source| quote(&source.to_string(), &redactor)).unwrap_or_default();
    let Some(code) = error.status() else {
        return match error.is_client() {
            true => Setback::Refused(format!("{doing}: {words}")),
            false => Setback::Unreached(format!("{doing}: the mail server hung up or spoke no SMTP ({words})")),
        };
    };
    let problem = format!("{doing}: the mail server answers {code} {words}").trim_end().to_owned();
    if error.is_permanent() { Setback::Refused(problem) } else { Setback::not_now(problem) }
}
