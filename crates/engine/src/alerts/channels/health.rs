//! How a channel is doing, for people.

use beatkeeper_core::notice::NoticeKind;
use beatkeeper_core::time::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::look::Found;
use crate::settings::{ChannelEntry, ChannelKind};

/// How a channel is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelHealth {
    /// The channel.
    pub name: String,
    /// How it is told.
    pub kind: ChannelKind,
    /// Whom it reaches, for people: a server, recipients, a program. Never a secret.
    pub target: String,
    /// Why the last try failed; nothing when it did not.
    pub problem: Option<String>,
    /// When it took a notice last, in this run.
    pub last_delivered_at: Option<Time>,
    /// How many notices wait for it.
    pub waiting: u32,
    /// How many dead letters it has.
    pub dead: u32,
}

/// A channel that does not take what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelTrouble {
    /// The channel.
    pub name: String,
    /// Why, as a sentence.
    pub problem: String,
}

/// A channel as the window and the command line show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ChannelView {
    /// Its name.
    pub name: String,
    /// `desktop`, or as in the file.
    pub kind: String,
    /// Whether it is told at all.
    pub enabled: bool,
    /// Whom it reaches, for people. Never a secret.
    pub target: String,
    /// Of what it is told; of everything when missing.
    pub only: Option<Vec<NoticeKind>>,
    /// The title's template.
    pub title: String,
    /// The body's template.
    pub body: String,
    /// Whether the vault has its secret, or cannot tell.
    pub has_secret: bool,
    /// Why it cannot be told whether there is a secret, as a sentence.
    pub secret_problem: Option<String>,
    /// Why the last try failed.
    pub problem: Option<String>,
    /// When it took a notice last, in this run.
    pub last_delivered_at: Option<Time>,
    /// How many notices wait for it.
    pub waiting: u32,
    /// How many dead letters it has.
    pub dead: u32,
    /// As the file has it, to be changed; nothing for the desktop.
    pub entry: Option<ChannelEntry>,
}

impl ChannelView {
    /// The desktop among the channels.
    pub(crate) fn desktop(enabled: bool, problem: Option<String>, last_delivered_at: Option<Time>) -> Self {
        Self {
            name: "desktop".to_owned(),
            kind: "desktop".to_owned(),
            enabled,
            target: "this computer".to_owned(),
            only: None,
            title: String::new(),
            body: String::new(),
            has_secret: false,
            secret_problem: None,
            problem,
            last_delivered_at,
            waiting: 0,
            dead: 0,
            entry: None,
        }
    }

    pub(super) fn of(entry: &ChannelEntry, health: ChannelHealth, secret: Found) -> Self {
        Self {
            name: health.name,
            kind: entry.kind.as_str().to_owned(),
            enabled: entry.enabled,
            target: health.target,
            only: entry.only.clone(),
            title: entry.title.clone(),
            body: entry.body.clone(),
            has_secret: secret.has_secret,
            secret_problem: secret.problem,
            problem: health.problem,
            last_delivered_at: health.last_delivered_at,
            waiting: health.waiting,
            dead: health.dead,
            entry: Some(entry.clone()),
        }
    }
}

/// Whom a channel reaches. Of addresses only the server: in their paths people write tokens.
pub(super) fn target(entry: &ChannelEntry) -> String {
    let server = entry.url.as_ref().and_then(|url| {
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    let server = server.unwrap_or_default();
    match entry.kind {
        ChannelKind::Webhook => server,
        ChannelKind::Slack => "Slack".into(),
        ChannelKind::Discord => "Discord".into(),
        // On a public server whoever knows the topic can read it.
        ChannelKind::Ntfy => server,
        ChannelKind::Email => {
            format!("{} through {}", entry.to.join(", "), entry.host.as_deref().unwrap_or_default())
        }
        ChannelKind::Command => entry.program.clone().unwrap_or_default().display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_shows_the_server_and_nothing_that_could_be_a_token() {
        let hook = ChannelEntry {
            url: Some("https://example.com:8443/hook/hunter2?key=hunter2".parse().unwrap()),
            ..ChannelEntry::new("a", ChannelKind::Webhook)
        };
        assert_eq!(target(&hook), "example.com:8443");
        let mail = ChannelEntry {
            host: Some("mail.example.com".into()),
            to: vec!["a@example.com".into(), "b@example.com".into()],
            ..ChannelEntry::new("a", ChannelKind::Email)
        };
        assert_eq!(target(&mail), "a@example.com, b@example.com through mail.example.com");
    }
}
