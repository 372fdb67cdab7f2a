//! Adding, changing and removing channels: the entry into the configuration, the secret into the vault.

use beatkeeper_vault::{ChannelSecret, Vault};
use secrecy::SecretString;

use crate::paths::Paths;
use crate::refusal::Refusal;
use crate::settings::{self, ChannelEntry, Settings};

/// Saves a channel, in place of the one that is called `replace`. Without a secret it keeps the one that it has; an empty
/// one takes it away.
pub(super) fn save(
    paths: &Paths,
    vault: &Vault,
    channel: &ChannelEntry,
    secret: Option<&str>,
    replace: Option<&str>,
) -> Result<(), Refusal> {
    channel.check().map_err(|what| bad(channel, &what))?;
    let secrets = vault.channel_secrets();
    let old_name = replace.unwrap_or(&channel.name);
    let kept = match secrets.read(old_name) {
        ChannelSecret::Present(secret) => Some(secret),
        ChannelSecret::Absent => None,
        // Only who wants to keep one must know it.
        ChannelSecret::Locked(why) | ChannelSecret::Unavailable(why) => {
            if secret.is_none() && channel.needs_secret() {
                return Err(Refusal::new("channel.locked", why, "Unlock the keychain and save again."));
            }
            None
        }
    };
    let wanted: Option<SecretString> = match secret {
        Some("") => None,
        Some(new) => {
            channel.check_secret(new).map_err(|what| bad(channel, &what))?;
            Some(new.to_owned().into())
        }
        None => kept.clone(),
    };
    if channel.needs_secret() && wanted.is_none() {
        return Err(bad(channel, "it cannot work without its secret"));
    }
    // Whether the file takes it, before the vault is touched.
    settings::save_channel(&paths.config, channel, replace).map_err(|error| bad(channel, &error.what))?;
    match &wanted {
        Some(new) if secret.is_some() || old_name != channel.name => secrets.store(&channel.name, new)?,
        Some(_) => {}
        None if secret.is_some() && kept.is_some() => secrets.remove(&channel.name)?,
        None => {}
    }
    if old_name != channel.name && kept.is_some() {
        secrets.remove(old_name)?;
    }
    Ok(())
}

/// Removes a channel and its secret.
pub(super) fn remove(paths: &Paths, vault: &Vault, name: &str) -> Result<(), Refusal> {
    let settings = Settings::load(&paths.config)?;
    if !settings.channels.iter().any(|channel| channel.name == name) {
        return Err(Refusal::new(
            "channel.unknown",
            format!("There is no channel \"{}\"", name.escape_debug()),
            "See `beatkeeper alert channels`.",
        ));
    }
    settings::remove_channel(&paths.config, name).map_err(|error| {
        Refusal::new(
            "channel.in_use",
            format!("The channel cannot be removed: {}", error.what),
            "Take it out of those rules.",
        )
    })?;
    vault.channel_secrets().remove(name)?;
    Ok(())
}

fn bad(channel: &ChannelEntry, what: &str) -> Refusal {
    let sentence = format!("The channel \"{}\" cannot be saved: {what}", channel.name.escape_debug());
    Refusal::new("channel.bad", sentence, "Correct it and save again.")
}
