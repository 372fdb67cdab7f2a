//! With what channels are told.

use std::sync::Arc;

use beatkeeper_vault::ChannelSecret;
use secrecy::SecretString;

use super::pace::Pace;
use super::secrets::{self, Secrets};
use super::setback::Setback;

/// With what channels are told.
pub(super) struct Means {
    pub(super) http: reqwest::Client,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) pace: Pace,
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
