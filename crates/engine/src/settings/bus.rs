//! A Redis heartbeat bus in the file: where it is, and what is done there (protocols.md 6).

use beatkeeper_core::bus::Limits;
use beatkeeper_core::liveness::Profile;
use beatkeeper_core::view::BeatsBy;
use serde::Deserialize;
use url::Url;

use super::alerts::OverridesEntry;
use super::file::{AgentEntry, Settings};

/// What the how-to calls its channel.
const CHANNEL: &str = "heartbeats";
/// What it puts before an agent's name for its hash.
const PREFIX: &str = "agent:";
/// So many agents that nobody configured are shown at most.
const MOST_SEEN: u32 = 1000;
const SCHEMES: [&str; 4] = ["redis", "rediss", "redis+unix", "unix"];

/// One bus.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusEntry {
    /// What agents call it, and a part of their ids.
    pub name: String,
    /// One server; of a cluster or of Sentinels, any one.
    pub url: Url,
    /// The other ones.
    #[serde(default)]
    pub more: Vec<Url>,
    /// How they belong together.
    #[serde(default)]
    pub mode: BusMode,
    /// The name of the master that the Sentinels watch.
    #[serde(default)]
    pub master: Option<String>,
    /// Allow unencrypted traffic to another computer.
    #[serde(default)]
    pub allow_plain: bool,
    /// Where beats are published.
    #[serde(default = "channel")]
    pub channel: String,
    /// Before an agent's name, for its hash.
    #[serde(default = "prefix")]
    pub prefix: String,
    /// Whether agents that nobody configured here are shown, too.
    #[serde(default = "yes")]
    pub watch: bool,
    /// So many of those at most.
    #[serde(default = "most_seen")]
    pub most_seen: u32,
    /// Whether several Beatkeepers share it: each agent is beaten for by one of them, also those of registries.
    #[serde(default)]
    pub team: bool,
    /// For so many seconds a lease lasts unless it is renewed: that long, a computer that vanished is waited for.
    #[serde(default = "lease")]
    pub lease: u32,
    /// When an agent's silence gets which name.
    #[serde(default)]
    pub missed: MissedEntry,
    /// From when an agent's own figures make it degraded, busy or recovering.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// Rules of its own for alerts.
    #[serde(default)]
    pub alerts: OverridesEntry,
}

/// How several servers belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BusMode {
    /// One server.
    #[default]
    Single,
    /// A cluster.
    Cluster,
    /// Sentinels, which know the master.
    Sentinel,
}

/// In intervals of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MissedEntry {
    /// Missing.
    pub missing: u32,
    /// Failed.
    pub failed: u32,
}

impl Default for MissedEntry {
    fn default() -> Self {
        Self { missing: 1, failed: 3 }
    }
}

/// An agent is what the first of these says that it is over: recovering, degraded, busy; else healthy.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsEntry {
    /// Errors of the last 5 minutes, for recovering.
    pub errors: u32,
    /// MiB, for degraded.
    pub memory_mb: u32,
    /// Waiting tasks, for busy.
    pub queue: u32,
}

impl Default for LimitsEntry {
    fn default() -> Self {
        Self { errors: 10, memory_mb: 1000, queue: 50 }
    }
}

const fn lease() -> u32 {
    30
}

fn channel() -> String {
    CHANNEL.into()
}

fn prefix() -> String {
    PREFIX.into()
}

const fn yes() -> bool {
    true
}

const fn most_seen() -> u32 {
    MOST_SEEN
}

impl BusEntry {
    /// One with nothing but what it must have.
    #[must_use]
    pub fn new(name: String, url: Url) -> Self {
        Self {
            name,
            url,
            more: Vec::new(),
            mode: BusMode::default(),
            master: None,
            allow_plain: false,
            channel: channel(),
            prefix: prefix(),
            watch: true,
            most_seen: MOST_SEEN,
            team: false,
            lease: lease(),
            missed: MissedEntry::default(),
            limits: LimitsEntry::default(),
            alerts: OverridesEntry::default(),
        }
    }

    /// All of its servers.
    pub fn servers(&self) -> impl Iterator<Item = &Url> {
        std::iter::once(&self.url).chain(&self.more)
    }

    /// Host and port of its first server; nothing when that is a socket file of this computer.
    #[must_use]
    pub fn first_host(&self) -> Option<(String, u16)> {
        let host = self.url.host_str()?.trim_matches(['[', ']']);
        (!host.is_empty()).then(|| (host.to_owned(), self.url.port().unwrap_or(6379)))
    }

    /// When silence gets which name.
    #[must_use]
    pub const fn thresholds(&self) -> Profile {
        Profile::InIntervals { missing: self.missed.missing, failed: self.missed.failed }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for url in self.servers() {
            check_server(url)?;
        }
        if self.mode == BusMode::Sentinel && self.master.as_deref().is_none_or(str::is_empty) {
            return Err("mode = \"sentinel\" needs master, the name that the Sentinels know the master by".into());
        }
        if self.mode == BusMode::Single && !self.more.is_empty() {
            return Err("more is for mode = \"cluster\" or \"sentinel\"".into());
        }
        for (field, text) in [("channel", &self.channel), ("prefix", &self.prefix)] {
            if text.is_empty() || text.len() > 128 || text.chars().any(char::is_control) {
                return Err(format!("{field} is not 1 to 128 bytes without control characters"));
            }
        }
        if self.missed.missing == 0 || self.missed.failed <= self.missed.missing || self.missed.failed > 1000 {
            return Err("missed: missing must be 1 or more, and failed more than that, 1000 at most".into());
        }
        if !(3..=300).contains(&self.lease) {
            return Err(format!("lease = {} is not within 3 to 300 seconds", self.lease));
        }
        if self.most_seen > 10_000 {
            return Err(format!("most_seen = {} is not within 0 to 10000", self.most_seen));
        }
        Ok(())
    }
}

impl Settings {
    /// The bus where a team settles who beats for this agent: those of the bus itself, and those of registries that are not
    /// inside this very program. Whoever only watches settles nothing.
    #[must_use]
    pub fn team_of(&self, agent: &AgentEntry) -> Option<&BusEntry> {
        let team = self.buses.iter().find(|bus| bus.team)?;
        let of_registry = self.registry(&agent.registry).is_some_and(|registry| !registry.demo);
        let concerned = agent.registry == team.name || of_registry;
        (concerned && agent.beats != BeatsBy::Agent).then_some(team)
    }

    pub(super) fn check_team(&self) -> Result<(), String> {
        let teams: Vec<&str> = self.buses.iter().filter(|bus| bus.team).map(|bus| bus.name.as_str()).collect();
        match teams[..] {
            [first, second, ..] => {
                Err(format!("team = true is written in \"{first}\" and in \"{second}\": one bus settles who beats"))
            }
            [_] | [] => Ok(()),
        }
    }
}

impl From<&LimitsEntry> for Limits {
    fn from(entry: &LimitsEntry) -> Self {
        Self { errors: entry.errors.into(), memory_mb: entry.memory_mb.into(), queue: entry.queue.into() }
    }
}

fn check_server(url: &Url) -> Result<(), String> {
    if !SCHEMES.contains(&url.scheme()) {
        return Err(format!("\"{}\" is not a scheme of a Redis server: write redis:// or rediss://", url.scheme()));
    }
    if url.password().is_some() {
        return Err("the URL holds a password: leave it out, `beatkeeper bus add` puts it into the keychain".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the URL has a \"?\" or \"#\" part, which Beatkeeper does not use".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_file_has_no_host() {
        let first = |url: &str| BusEntry::new("team".into(), url.parse().unwrap()).first_host();
        assert_eq!(first("redis://me@[::1]:7000/2"), Some(("::1".into(), 7000)));
        assert_eq!(first("rediss://redis.example"), Some(("redis.example".into(), 6379)));
        assert_eq!(first("redis+unix:///run/redis.sock"), None);
        assert_eq!(first("unix:///run/redis.sock"), None);
    }
}
