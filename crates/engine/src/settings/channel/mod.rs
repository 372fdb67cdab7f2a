//! A channel in the file: who is told beside the desktop, and how to reach them. Never what is secret about it.

use std::net::IpAddr;
use std::path::{Component, PathBuf};

use beatkeeper_core::notice::NoticeKind;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use url::{Host, Url};

use super::template::Template;

const LONGEST_NAME: usize = 32;
/// What every keychain takes.
const LONGEST_SECRET: usize = 2048;
const MOST_CHANNELS: usize = 32;
const MOST_RECIPIENTS: usize = 20;
const MOST_ARGUMENTS: usize = 64;

/// One channel. Which fields there are beside the first six depends on its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ChannelEntry {
    /// What people call it.
    pub name: String,
    /// How it is told.
    pub kind: ChannelKind,
    /// Whether it is told at all.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    #[ts(optional, as = "Option<bool>")]
    pub enabled: bool,
    /// Of what it is told; of everything when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub only: Option<Vec<NoticeKind>>,
    /// The title, as a template.
    #[serde(default = "usual_title", skip_serializing_if = "is_usual_title")]
    #[ts(optional, as = "Option<String>")]
    pub title: String,
    /// The body, as a template.
    #[serde(default = "usual_body", skip_serializing_if = "is_usual_body")]
    #[ts(optional, as = "Option<String>")]
    pub body: String,
    /// Webhook: where it is posted. ntfy: the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, as = "Option<String>")]
    pub url: Option<Url>,
    /// Allow `http://` to another computer.
    #[serde(default, skip_serializing_if = "is_false")]
    #[ts(optional, as = "Option<bool>")]
    pub allow_plain: bool,
    /// ntfy: the topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub topic: Option<String>,
    /// Email: the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub host: Option<String>,
    /// Email: its port; 587, 465 or 25 when missing, as `tls` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub port: Option<u16>,
    /// Email: how the connection is encrypted; by STARTTLS when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tls: Option<MailTls>,
    /// Email: the sender, such as `Beatkeeper <alerts@example.com>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<String>,
    /// Email: the recipients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub to: Vec<String>,
    /// Email: who logs in; nobody when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user: Option<String>,
    /// Command: the program, by its full path or a name on the PATH. No shell reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub program: Option<PathBuf>,
    /// Command: its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub args: Vec<String>,
}

/// How a channel is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ChannelKind {
    /// A POST of JSON, signed when the channel has a secret.
    Webhook,
    /// Slack's incoming webhook; its address is the secret.
    Slack,
    /// Discord's webhook; its address is the secret.
    Discord,
    /// An ntfy server; the secret is an access token.
    Ntfy,
    /// SMTP; the secret is the password.
    Email,
    /// A program of the user's.
    Command,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum MailTls {
    /// From STARTTLS on, which the server must offer.
    #[default]
    Starttls,
    /// From the first byte on.
    Tls,
    /// Not at all; only for a server on this computer.
    None,
}

impl ChannelKind {
    /// The name in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Ntfy => "ntfy",
            Self::Email => "email",
            Self::Command => "command",
        }
    }

    /// The fields that it needs, and those that it may have.
    const fn fields(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Webhook => (&["url"], &["allow_plain"]),
            Self::Slack | Self::Discord => (&[], &["allow_plain"]),
            Self::Ntfy => (&["url", "topic"], &["allow_plain"]),
            Self::Email => (&["host", "from", "to"], &["port", "tls", "user"]),
            Self::Command => (&["program"], &["args"]),
        }
    }
}

impl ChannelEntry {
    /// One with nothing but what every channel has.
    #[must_use]
    pub fn new(name: &str, kind: ChannelKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            enabled: true,
            only: None,
            title: usual_title(),
            body: usual_body(),
            url: None,
            allow_plain: false,
            topic: None,
            host: None,
            port: None,
            tls: None,
            from: None,
            to: Vec::new(),
            user: None,
            program: None,
            args: Vec::new(),
        }
    }

    /// Whether it can be a channel.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without the channel's name.
    pub fn check(&self) -> Result<(), String> {
        check_name(&self.name)?;
        if let Some(only) = &self.only {
            if only.is_empty() {
                return Err("only = [] would tell it nothing; write enabled = false".into());
            }
            if let Some((_, kind)) = only.iter().enumerate().find(|(place, kind)| only[..*place].contains(kind)) {
                return Err(format!("only names \"{}\" twice", kind.as_str()));
            }
        }
        Template::parse(&self.title).map_err(|what| format!("title: {what}"))?;
        Template::parse(&self.body).map_err(|what| format!("body: {what}"))?;
        self.check_fields()?;
        if let Some(url) = &self.url {
            check_url(url, self.allow_plain).map_err(|what| format!("url: {what}"))?;
        }
        match self.kind {
            ChannelKind::Webhook | ChannelKind::Slack | ChannelKind::Discord => Ok(()),
            ChannelKind::Ntfy => check_topic(self.topic.as_deref().unwrap_or_default()),
            ChannelKind::Email => self.check_mail(),
            ChannelKind::Command => self.check_command(),
        }
    }

    /// Whether this can be its secret.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without the secret.
    pub fn check_secret(&self, secret: &str) -> Result<(), String> {
        if secret.len() > LONGEST_SECRET {
            return Err(format!("the secret is longer than {LONGEST_SECRET} bytes"));
        }
        if secret.trim() != secret || secret.is_empty() || secret.contains(char::is_control) {
            return Err("the secret is empty, or has spaces around it or control characters in it".into());
        }
        match self.kind {
            ChannelKind::Slack | ChannelKind::Discord => {
                let url: Url = secret.parse().map_err(|_| "the webhook's address is not an https:// address")?;
                check_url(&url, self.allow_plain).map_err(|what| format!("the webhook's address: {what}"))
            }
            ChannelKind::Command => {
                Err("a command has no secret; give the program what it needs in another way".into())
            }
            ChannelKind::Webhook | ChannelKind::Ntfy | ChannelKind::Email => Ok(()),
        }
    }

    /// Whether it cannot work without a secret.
    #[must_use]
    pub const fn needs_secret(&self) -> bool {
        match self.kind {
            ChannelKind::Slack | ChannelKind::Discord => true,
            ChannelKind::Email => self.user.is_some(),
            ChannelKind::Webhook | ChannelKind::Ntfy | ChannelKind::Command => false,
        }
    }

    fn check_fields(&self) -> Result<(), String> {
        let (needs, may) = self.kind.fields();
        for (field, there) in [
            ("url", self.url.is_some()),
            ("allow_plain", self.allow_plain),
            ("topic", self.topic.is_some()),
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("tls", self.tls.is_some()),
            ("from", self.from.is_some()),
            ("to", !self.to.is_empty()),
            ("user", self.user.is_some()),
            ("program", self.program.is_some()),
            ("args", !self.args.is_empty()),
        ] {
            let kind = self.kind.as_str();
            if needs.contains(&field) && !there {
                return Err(format!("a channel of kind \"{kind}\" needs {field}"));
            }
            if there && !needs.contains(&field) && !may.contains(&field) {
                let in_keychain = field == "url" && matches!(self.kind, ChannelKind::Slack | ChannelKind::Discord);
                let hint = if in_keychain { "; its address is a secret and lives in the keychain" } else { "" };
                return Err(format!("a channel of kind \"{kind}\" has no {field}{hint}"));
            }
        }
        Ok(())
    }

    fn check_mail(&self) -> Result<(), String> {
        let host = self.host.as_deref().unwrap_or_default();
        if rustls::pki_types::ServerName::try_from(host).is_err() {
            return Err(format!("host: \"{}\" is neither a name nor an address", host.escape_debug()));
        }
        if self.tls == Some(MailTls::None) && !is_loopback(host) {
            return Err("tls = \"none\" is only for a server on this computer; use \"starttls\" or \"tls\"".into());
        }
        if self.port == Some(0) {
            return Err("port = 0 is no port".into());
        }
        if self.to.len() > MOST_RECIPIENTS {
            return Err(format!("{} recipients are more than {MOST_RECIPIENTS}", self.to.len()));
        }
        for address in self.from.iter().chain(&self.to) {
            if address.parse::<Mailbox>().is_err() {
                return Err(format!("\"{}\" is no mail address", address.escape_debug()));
            }
        }
        Ok(())
    }

    fn check_command(&self) -> Result<(), String> {
        let program = self.program.clone().unwrap_or_default();
        let bare =
            program.components().count() == 1 && matches!(program.components().next(), Some(Component::Normal(_)));
        if !program.is_absolute() && !bare {
            return Err("program must be a full path, or a name that is on the PATH".into());
        }
        if self.args.len() > MOST_ARGUMENTS || self.args.iter().any(|argument| argument.contains('\0')) {
            return Err(format!("args has more than {MOST_ARGUMENTS} arguments, or one with a NUL"));
        }
        Ok(())
    }
}

/// Whether these can stand in one file.
pub(super) fn check_all(channels: &[ChannelEntry]) -> Result<(), String> {
    if channels.len() > MOST_CHANNELS {
        return Err(format!("{} channels are more than {MOST_CHANNELS}", channels.len()));
    }
    for (place, channel) in channels.iter().enumerate() {
        channel.check().map_err(|what| format!("channel \"{}\": {what}", channel.name.escape_debug()))?;
        if channels[..place].iter().any(|other| other.name == channel.name) {
            return Err(format!("two channels are called \"{}\"", channel.name));
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    let long = name.chars().count() > LONGEST_NAME;
    if long || name.is_empty() || name.trim() != name || name.contains(char::is_control) {
        return Err(format!("its name is not 1 to {LONGEST_NAME} characters without outer spaces"));
    }
    if name.eq_ignore_ascii_case("desktop") {
        return Err("the name \"desktop\" is taken by the desktop itself".into());
    }
    Ok(())
}

fn check_topic(topic: &str) -> Result<(), String> {
    let fits = (1..=64).contains(&topic.len());
    if fits && topic.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Ok(());
    }
    Err("topic must be 1 to 64 letters, digits, - and _".into())
}

fn check_url(url: &Url, allow_plain: bool) -> Result<(), String> {
    let here = match url.host() {
        Some(Host::Domain(name)) => is_loopback(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("it names no server".into()),
    };
    match url.scheme() {
        "https" => {}
        "http" if here || allow_plain => {}
        "http" => {
            return Err("http:// to another computer is not encrypted; use https://, or allow_plain = true".into());
        }
        _ => return Err("it must be an https:// address".into()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a name and a password in an address would stand in the file; they are no part of it".into());
    }
    Ok(())
}

/// Whether a server's name means this computer.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn usual_title() -> String {
    "{title}".into()
}

fn usual_body() -> String {
    "{body}".into()
}

fn is_usual_title(text: &str) -> bool {
    text == usual_title()
}

fn is_usual_body(text: &str) -> bool {
    text == usual_body()
}

const fn yes() -> bool {
    true
}

const fn is_true(value: &bool) -> bool {
    *value
}

const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests;
