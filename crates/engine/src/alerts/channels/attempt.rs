//! One try to tell a channel, each kind in its own way.

use beatkeeper_core::notice::Notice;

use super::means::Means;
use super::message::Message;
use super::setback::Setback;
use super::{command, discord, email, ntfy, slack, webhook};
use crate::settings::{ChannelEntry, ChannelKind};

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
