//! A registry in the file: where it is, and the times that hold there.

use std::net::SocketAddr;
use std::time::Duration;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_core::link::LinkTiming;
use beatkeeper_core::liveness::Thresholds;
use serde::Deserialize;

use super::alerts::OverridesEntry;

/// One registry.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryEntry {
    /// What agents call it.
    pub name: String,
    /// Its base.
    pub url: BaseUrl,
    /// The way to beat there.
    #[serde(default)]
    pub dialect: DialectChoice,
    /// ArtCafe: whose agents these are.
    #[serde(default)]
    pub organization: Option<String>,
    /// ArtCafe: where an agent gets its challenge, with `{agent_id}` in it; when missing, below the base.
    #[serde(default)]
    pub challenge: Option<String>,
    /// ArtCafe: so many intervals without an acknowledgement end the connection.
    #[serde(default = "three")]
    pub timeout_multiplier: f64,
    /// Allow `http://` to another computer.
    #[serde(default)]
    pub allow_plain: bool,
    /// When silence gets which name.
    #[serde(default)]
    pub thresholds: ThresholdsEntry,
    /// How its sockets are found out when they are dead.
    #[serde(default)]
    pub ping: PingEntry,
    /// It runs inside Beatkeeper, for trying it out.
    #[serde(default)]
    pub demo: bool,
    /// Rules of its own for alerts.
    #[serde(default)]
    pub alerts: OverridesEntry,
}

const fn three() -> f64 {
    3.0
}

/// WebSocket pings, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PingEntry {
    after: Option<u32>,
    within: Option<u32>,
}

/// Thresholds in seconds; what is missing is the live registry's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdsEntry {
    late: Option<u32>,
    stale: Option<u32>,
    offline: Option<u32>,
    inactive_after: Option<u32>,
    sweep: Option<u32>,
}

impl RegistryEntry {
    /// One with nothing but what it must have.
    #[must_use]
    pub fn new(name: String, url: BaseUrl) -> Self {
        Self {
            name,
            url,
            dialect: DialectChoice::default(),
            organization: None,
            challenge: None,
            timeout_multiplier: three(),
            allow_plain: false,
            thresholds: ThresholdsEntry::default(),
            ping: PingEntry::default(),
            demo: false,
            alerts: OverridesEntry::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.ping.check()?;
        self.check_dialect()?;
        if self.demo && self.demo_address().is_none() {
            return Err("demo = true is only for http://127.0.0.1:PORT".into());
        }
        self.thresholds.check()
    }

    fn check_dialect(&self) -> Result<(), String> {
        let is_artcafe = self.dialect == DialectChoice::ArtCafe;
        let organization = self.organization.as_deref().filter(|name| !name.trim().is_empty());
        if is_artcafe && organization.is_none() {
            return Err("dialect = \"artcafe\" needs organization, the one that its agents belong to".into());
        }
        if !is_artcafe && (self.organization.is_some() || self.challenge.is_some()) {
            return Err("organization and challenge are for dialect = \"artcafe\"".into());
        }
        if !(1.0..=100.0).contains(&self.timeout_multiplier) {
            return Err(format!("timeout_multiplier = {} is not within 1 to 100", self.timeout_multiplier));
        }
        match &self.challenge {
            Some(url) if !url.contains("{agent_id}") => Err("challenge has no {agent_id} in it".into()),
            Some(url) => url
                .replace("{agent_id}", "a")
                .parse::<url::Url>()
                .map_err(|error| format!("challenge is not a URL: {error}"))
                .map(drop),
            None => Ok(()),
        }
    }

    /// Where the registry in a box listens, if it is to run here.
    pub(crate) fn demo_address(&self) -> Option<SocketAddr> {
        let address: SocketAddr = self.url.authority().parse().ok()?;
        (self.demo && address.ip().is_loopback() && !self.url.is_encrypted()).then_some(address)
    }

    /// The numbers of its links, for an agent that beats at this interval.
    #[must_use]
    pub fn timing(&self, interval: Duration) -> LinkTiming {
        let usual = LinkTiming::with_interval(interval);
        let seconds = |value: Option<u32>, usual| value.map_or(usual, |value| Duration::from_secs(value.into()));
        LinkTiming {
            ping_after: seconds(self.ping.after, usual.ping_after),
            pong_within: seconds(self.ping.within, usual.pong_within),
            ack_within: (self.dialect == DialectChoice::ArtCafe).then(|| interval.mul_f64(self.timeout_multiplier)),
            ..usual
        }
    }
}

impl PingEntry {
    fn check(self) -> Result<(), String> {
        let wrong = [("after", self.after), ("within", self.within)]
            .into_iter()
            .find_map(|(name, value)| value.filter(|value| !(1..=300).contains(value)).map(|value| (name, value)));
        match wrong {
            Some((name, value)) => Err(format!("ping: {name} = {value} is not within 1 to 300 seconds")),
            None => Ok(()),
        }
    }
}

impl ThresholdsEntry {
    fn check(&self) -> Result<(), String> {
        let thresholds = self.to_thresholds();
        if thresholds.late.is_some_and(|late| late >= thresholds.stale) {
            return Err("thresholds: late must be less than stale".into());
        }
        if thresholds.stale >= thresholds.offline {
            return Err("thresholds: stale must be less than offline".into());
        }
        if [thresholds.stale, thresholds.inactive_after].contains(&Duration::ZERO) {
            return Err("thresholds must be more than 0 seconds".into());
        }
        Ok(())
    }

    /// With the defaults filled in.
    #[must_use]
    pub fn to_thresholds(self) -> Thresholds {
        let default = Thresholds::default();
        let seconds = |value: Option<u32>, default| value.map_or(default, |value| Duration::from_secs(value.into()));
        Thresholds {
            late: self.late.map(|late| Duration::from_secs(late.into())),
            stale: seconds(self.stale, default.stale),
            offline: seconds(self.offline, default.offline),
            inactive_after: seconds(self.inactive_after, default.inactive_after),
            sweep: seconds(self.sweep, default.sweep),
        }
    }
}
