//! One try to tell a channel, and what it can come to.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::notice::Notice;
use beatkeeper_vault::ChannelSecret;
use secrecy::SecretString;

use super::message::Message;
use super::pace::Pace;
use super::redact::Redactor;
use super::secrets::{self, Secrets};
use super::{command, discord, email, ntfy, slack, webhook};
use crate::refusal::Refusal;
use crate::settings::{ChannelEntry, ChannelKind};

/// Of a server's or a program's own words.
const LONGEST_QUOTE: usize = 200;

/// With what channels are told.
pub(super) struct Means {
    pub(super) http: reqwest::Client,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) pace: Pace,
}

/// Why a channel did not take a notice, as a sentence without a secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Setback {
    /// It cannot be told whether there is a secret: the keychain is locked. Nothing was sent.
    Locked(String),
    /// Nobody answered.
    Unreached(String),
    /// The answer is no, for now.
    NotNow {
        problem: String,
        /// After how long it may be tried again, where the answer says so.
        again_after: Option<Duration>,
    },
    /// The answer is no, and would be the next time.
    Refused(String),
}

impl Setback {
    pub(super) fn not_now(problem: impl Into<String>) -> Self {
        Self::NotNow { problem: problem.into(), again_after: None }
    }

    pub(super) fn problem(&self) -> &str {
        match self {
            Self::Locked(problem)
            | Self::Unreached(problem)
            | Self::NotNow { problem, .. }
            | Self::Refused(problem) => problem,
        }
    }

    /// For the person who waits for a test.
    pub(super) fn refusal(&self, channel: &str) -> Refusal {
        let (code, remedy) = match self {
            Self::Locked(_) => ("channel.locked", "Unlock the keychain, then try again."),
            Self::Unreached(_) => ("channel.unreachable", "Check the address and the network, then try again."),
            Self::NotNow { .. } => ("channel.failed", "Try again later; alerts are tried again by themselves."),
            Self::Refused(_) => ("channel.refused", "Correct the channel's settings or its secret, then try again."),
        };
        Refusal::new(code, format!("{channel}: {}", self.problem()), remedy)
    }
}

/// Tells the channel.
pub(super) async fn deliver(means: &Means, entry: &ChannelEntry, notice: &Notice) -> Result<(), Setback> {
    let message = Message::of(entry, notice)?;
    match entry.kind {
        ChannelKind::Webhook => webhook::deliver(means, entry, &message).await,
        ChannelKind::Slack => slack::deliver(means, entry, &message).await,
        ChannelKind::Discord => discord::deliver(means, entry, &message).await,
        ChannelKind::Ntfy => ntfy::deliver(means, entry, &message).await,
        ChannelKind::Email => email::deliver(means, entry, &message).await,
        ChannelKind::Command => command::deliver(means, entry, &message).await,
    }
}

impl Means {
    /// The channel's secret, if it has one.
    pub(super) async fn secret(&self, channel: &str) -> Result<Option<SecretString>, Setback> {
        match secrets::ask(&self.secrets, channel).await {
            ChannelSecret::Present(secret) => Ok(Some(secret)),
            ChannelSecret::Absent => Ok(None),
            ChannelSecret::Locked(reason) => Err(Setback::Locked(reason)),
            ChannelSecret::Unavailable(reason) => Err(Setback::Unreached(reason)),
        }
    }

    /// The channel's secret, without which it cannot be told.
    pub(super) async fn needed_secret(&self, channel: &str, what: &str) -> Result<SecretString, Setback> {
        let secret = self.secret(channel).await?;
        secret.ok_or_else(|| Setback::Refused(format!("the keychain has no {what} for it; enter it in the settings")))
    }
}

/// Somebody else's words, short, on one line, and without the secrets should they repeat them.
pub(super) fn quote(words: &str, redactor: &Redactor) -> String {
    let words: String = redactor.clean(words).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut short = String::new();
    for word in words.split_whitespace() {
        let gap = if short.is_empty() { "" } else { " " };
        if short.chars().count() + gap.len() + word.chars().count() > LONGEST_QUOTE {
            let room = LONGEST_QUOTE.saturating_sub(short.chars().count());
            short.extend(gap.chars().chain(word.chars()).take(room));
            short.push('…');
            break;
        }
        let _ = write!(short, "{gap}{word}");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_short_on_one_line_and_without_the_secret() {
        let (none, secret) = (Redactor::default(), "https://hooks.example/services/T0/hunter2".into());
        let redactor = none.clone().secret(&secret);
        assert_eq!(quote("no\r\n  such\u{7}hook", &redactor), "no such hook");
        for words in ["at https://hooks.example/services/T0/hunter2", "POST /services/T0/hunter2 is unknown"] {
            let quoted = quote(words, &redactor);
            assert!(!quoted.contains("hunter2") && quoted.contains('…'), "{quoted}");
        }
        assert_eq!(quote(&"x".repeat(500), &none).chars().count(), 201);
        assert_eq!(quote(&"word ".repeat(100), &none).chars().count(), 201);
    }
}
