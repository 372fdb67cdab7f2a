//! Where the channels' secrets come from.

use std::sync::Arc;

use beatkeeper_vault::{ChannelSecret, ChannelSecrets};

/// A place that has the channels' secrets.
pub trait Secrets: Send + Sync {
    /// The secret of a channel, without asking a person. May block: it is never called on a thread of the runtime.
    fn read(&self, channel: &str) -> ChannelSecret;
}

impl Secrets for ChannelSecrets {
    fn read(&self, channel: &str) -> ChannelSecret {
        Self::read(self, channel)
    }
}

/// Asks on a thread that may block.
pub(super) async fn ask(secrets: &Arc<dyn Secrets>, channel: &str) -> ChannelSecret {
    let (secrets, channel) = (Arc::clone(secrets), channel.to_owned());
    tokio::task::spawn_blocking(move || secrets.read(&channel))
        .await
        .unwrap_or_else(|_| ChannelSecret::Unavailable("asking for the channel's secret failed".into()))
}
