//! Adding, changing and removing channels: the secret into the vault, then the entry into the configuration. Whoever reads
//! the file meanwhile never finds a channel whose secret is still to come.

use std::path::Path;

use beatkeeper_store::{Store, StoreError, Writer};
use beatkeeper_vault::{ChannelSecret, Vault};
use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Clock;
use crate::paths::Paths;
use crate::refusal::Refusal;
use crate::settings::{self, ChannelEntry, ChannelKind, Settings};

/// Saves a channel, in place of the one that is called `replace`. Without a secret it keeps the one that it has; an empty
/// one takes it away. What another kind of channel has is not kept: it was meant for another server.
pub(super) fn save(
    paths: &Paths,
    vault: &Vault,
    channel: &ChannelEntry,
    secret: Option<&str>,
    replace: Option<&str>,
) -> Result<(), Refusal> {
    channel.check().map_err(|what| bad(channel, &what))?;
    let before = Settings::load(&paths.config)?;
    let draft = settings::draft_channel(&paths.config, channel, replace).map_err(|error| bad(channel, &error.what))?;
    let old_name = replace.unwrap_or(&channel.name);
    let old = before.channels.iter().find(|old| old.name == old_name);
    let moves = old_name != channel.name;
    let keeps = secret.is_none() && old.is_some_and(|old| old.kind == channel.kind);
    let secrets = vault.channel_secrets();
    let mut unknown = false;
    let wanted: Option<SecretString> = match secret {
        Some("") => None,
        Some(new) => Some(new.to_owned().into()),
        None if !keeps => None,
        None => match secrets.read(old_name) {
            ChannelSecret::Present(kept) => Some(kept),
            ChannelSecret::Absent => None,
            ChannelSecret::Locked(why) | ChannelSecret::Unavailable(why) if moves => {
                return Err(Refusal::new("channel.locked", why, "Unlock the keychain and save again."));
            }
            // It stays where it is.
            ChannelSecret::Locked(_) | ChannelSecret::Unavailable(_) => {
                unknown = true;
                None
            }
        },
    };
    if let Some(wanted) = &wanted {
        channel.check_secret(wanted.expose_secret()).map_err(|what| bad(channel, &what))?;
    }
    if wanted.is_none() && !unknown && channel.enabled && channel.needs_secret() {
        return Err(bad(channel, "it cannot work without its secret"));
    }
    match &wanted {
        Some(new) if secret.is_some() || moves => secrets.store(&channel.name, new)?,
        None if !unknown && !moves && may_have_one(vault, old) => secrets.remove(&channel.name)?,
        _ => {}
    }
    draft.write().map_err(|error| bad(channel, &error.what))?;
    if moves && may_have_one(vault, old) {
        secrets.remove(old_name)?;
    }
    Ok(())
}

/// Removes a channel and its secret.
pub(super) fn remove(paths: &Paths, vault: &Vault, name: &str) -> Result<(), Refusal> {
    let settings = Settings::load(&paths.config)?;
    let Some(channel) = settings.channels.iter().find(|channel| channel.name == name) else {
        return Err(Refusal::new(
            "channel.unknown",
            format!("There is no channel \"{}\"", name.escape_debug()),
            "See `beatkeeper alert channels`.",
        ));
    };
    let refuse = |what: &str| {
        let sentence = format!("The channel cannot be removed: {what}");
        Refusal::new("channel.in_use", sentence, "Take it out of the rules that name it.")
    };
    let draft = settings::draft_without_channel(&paths.config, name).map_err(|error| refuse(&error.what))?;
    if may_have_one(vault, Some(channel)) {
        vault.channel_secrets().remove(name)?;
    }
    draft.write().map_err(|error| refuse(&error.what))?;
    Ok(())
}

/// Has what the history knows of a channel go by its new name while no engine runs.
pub(super) fn follow(history: &Path, from: &str, to: &str) -> Result<(), StoreError> {
    if !history.exists() {
        return Ok(());
    }
    let writer = Writer::start(Store::open(history)?, Clock::new().now())?;
    writer.rename_channel(from, to);
    writer.close()
}

/// Whether the vault may have a secret of this channel; asking it to take one away may show a prompt.
fn may_have_one(vault: &Vault, channel: Option<&ChannelEntry>) -> bool {
    channel.is_some_and(|channel| {
        channel.kind != ChannelKind::Command
            && !matches!(vault.channel_secrets().read(&channel.name), ChannelSecret::Absent)
    })
}

fn bad(channel: &ChannelEntry, what: &str) -> Refusal {
    let sentence = format!("The channel \"{}\" cannot be saved: {what}", channel.name.escape_debug());
    Refusal::new("channel.bad", sentence, "Correct it and save again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::{VaultChoice, open_vault};

    struct Scene {
        _folder: tempfile::TempDir,
        paths: Paths,
        vault: Vault,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let paths = Paths { config: folder.path().join("beatkeeper.toml"), data: folder.path().to_owned() };
            let vault =
                open_vault(&paths, &VaultChoice::File { passphrase: "correct horse".to_owned().into() }).unwrap();
            Self { _folder: folder, paths, vault }
        }

        fn save(&self, channel: &ChannelEntry, secret: Option<&str>, replace: Option<&str>) -> Result<(), Refusal> {
            save(&self.paths, &self.vault, channel, secret, replace)
        }

        fn secret(&self, name: &str) -> Option<String> {
            match self.vault.channel_secrets().read(name) {
                ChannelSecret::Present(secret) => Some(secret.expose_secret().to_owned()),
                ChannelSecret::Absent => None,
                ChannelSecret::Locked(why) | ChannelSecret::Unavailable(why) => panic!("{why}"),
            }
        }

        fn names(&self) -> Vec<String> {
            Settings::load(&self.paths.config).unwrap().channels.into_iter().map(|channel| channel.name).collect()
        }
    }

    fn hook(name: &str) -> ChannelEntry {
        let url = Some("https://hooks.example/x".parse().unwrap());
        ChannelEntry { url, ..ChannelEntry::new(name, ChannelKind::Webhook) }
    }

    #[test]
    fn a_secret_goes_along_with_its_channel_and_leaves_with_it() {
        let scene = Scene::new();
        scene.save(&hook("team"), Some("open-sesame"), None).unwrap();
        scene.save(&hook("team"), None, Some("team")).unwrap();
        assert_eq!(scene.secret("team").as_deref(), Some("open-sesame"), "it is kept");
        scene.save(&hook("crew"), None, Some("team")).unwrap();
        assert_eq!((scene.secret("team"), scene.secret("crew").as_deref()), (None, Some("open-sesame")));
        scene.save(&hook("crew"), Some(""), Some("crew")).unwrap();
        assert_eq!(scene.secret("crew"), None, "taken away on request");
        scene.save(&hook("crew"), Some("again"), Some("crew")).unwrap();
        remove(&scene.paths, &scene.vault, "crew").unwrap();
        assert_eq!((scene.secret("crew"), scene.names()), (None, vec![]));
    }

    #[test]
    fn a_secret_of_another_kind_is_not_sent_to_another_server() {
        let scene = Scene::new();
        scene.save(&hook("team"), Some("open-sesame"), None).unwrap();
        let phone = ChannelEntry {
            url: Some("https://ntfy.example".parse().unwrap()),
            topic: Some("beats".into()),
            ..ChannelEntry::new("team", ChannelKind::Ntfy)
        };
        scene.save(&phone, None, Some("team")).unwrap();
        assert_eq!(scene.secret("team"), None);
    }

    #[test]
    fn what_cannot_work_is_refused_and_changes_nothing() {
        let scene = Scene::new();
        let slack = ChannelEntry::new("chat", ChannelKind::Slack);
        assert_eq!(scene.save(&slack, None, None).unwrap_err().code, "channel.bad");
        assert_eq!(scene.save(&slack, Some("not an address"), None).unwrap_err().code, "channel.bad");
        assert_eq!((scene.names(), scene.secret("chat")), (vec![], None));
        assert_eq!(remove(&scene.paths, &scene.vault, "chat").unwrap_err().code, "channel.unknown");
        scene.save(&hook("team"), None, None).unwrap();
        let text = std::fs::read_to_string(&scene.paths.config).unwrap();
        std::fs::write(&scene.paths.config, format!("{text}\n[alerts]\nchannels = [\"team\"]\n")).unwrap();
        assert_eq!(remove(&scene.paths, &scene.vault, "team").unwrap_err().code, "channel.in_use");
        assert_eq!(scene.names(), ["team"]);
    }
}
