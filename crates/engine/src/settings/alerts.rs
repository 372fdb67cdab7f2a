//! Alerts in the file: the rules for everyone, for a tag, for a registry and for one agent, and the quiet hours.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::alert::{AlertOverrides, AlertRules, Flapping, Level, QuietHours};
use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use url::Url;

use super::file::{AgentEntry, Settings};
use crate::surroundings::network::DEFAULT_WITNESS;

const LONGEST_GRACE: u32 = 86_400;
const MOST_GOOD_BEATS: u32 = 10;
/// Minutes.
const SHORTEST_REMINDER: u32 = 5;
/// Minutes.
const LONGEST_REMINDER: u32 = 7 * 24 * 60;

/// `[alerts]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsEntry {
    pub(super) level: Option<Level>,
    pub(super) grace: Option<u32>,
    pub(super) good_beats: Option<u32>,
    pub(super) remind_every: Option<u32>,
    pub(super) flapping: Option<FlappingEntry>,
    pub(super) urgent: Option<bool>,
    pub(super) channels: Option<Vec<String>>,
    /// Whether the desktop is told.
    pub desktop: bool,
    pub(super) network_check: String,
    pub(super) quiet: Vec<QuietEntry>,
    pub(super) tags: BTreeMap<String, OverridesEntry>,
}

impl Default for AlertsEntry {
    fn default() -> Self {
        Self {
            level: None,
            grace: None,
            good_beats: None,
            remind_every: None,
            flapping: None,
            urgent: None,
            channels: None,
            desktop: true,
            network_check: DEFAULT_WITNESS.to_owned(),
            quiet: Vec::new(),
            tags: BTreeMap::new(),
        }
    }
}

/// Rules that differ for some: `alerts = { urgent = true }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OverridesEntry {
    pub(super) level: Option<Level>,
    /// Seconds.
    pub(super) grace: Option<u32>,
    pub(super) good_beats: Option<u32>,
    /// Minutes; 0 is never.
    pub(super) remind_every: Option<u32>,
    pub(super) flapping: Option<FlappingEntry>,
    pub(super) urgent: Option<bool>,
    pub(super) channels: Option<Vec<String>>,
}

/// A rule that cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRule {
    /// Its name in an [`AlertRulesView`](super::AlertRulesView).
    pub field: &'static str,
    /// What is wrong, in the file's names.
    pub what: String,
}

impl BadRule {
    pub(super) const fn new(field: &'static str, what: String) -> Self {
        Self { field, what }
    }
}

/// So many changes within so many minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlappingEntry {
    /// 0 calls nothing flapping.
    pub changes: u32,
    /// Minutes.
    pub within: u32,
}

impl Default for FlappingEntry {
    fn default() -> Self {
        Self { changes: 6, within: 10 }
    }
}

/// `[[alerts.quiet]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct QuietEntry {
    /// Time of day, such as `22:00`.
    pub from: String,
    /// Time of day.
    pub to: String,
    /// `mon` to `sun`; every day when missing.
    #[serde(default)]
    pub days: Option<Vec<String>>,
    /// A name of the IANA time zone database; the computer's own when missing.
    #[serde(default)]
    pub zone: Option<String>,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl QuietEntry {
    fn read(&self) -> Result<QuietHours, String> {
        let time = |text: &str| {
            civil::Time::strptime("%H:%M", text)
                .map_err(|_| format!("quiet: \"{}\" is not a time of day such as 22:00", text.escape_debug()))
        };
        let mut days = [self.days.is_none(); 7];
        for name in self.days.iter().flatten() {
            let day = DAYS.iter().position(|day| day == name);
            let day = day.ok_or_else(|| {
                format!("quiet: \"{}\" is not a day; they are {}", name.escape_debug(), DAYS.join(", "))
            })?;
            days[day] = true;
        }
        let zone = match &self.zone {
            None => TimeZone::system(),
            Some(name) => TimeZone::get(name)
                .map_err(|_| format!("quiet: \"{}\" is not a time zone such as Europe/Berlin", name.escape_debug()))?,
        };
        Ok(QuietHours { from: time(&self.from)?, to: time(&self.to)?, days, zone })
    }
}

impl OverridesEntry {
    pub(super) fn check(&self) -> Result<(), BadRule> {
        let within = |name: &str, value: Option<u32>, from: u32, to: u32| match value {
            Some(value) if !(from..=to).contains(&value) => {
                Err(format!("{name} = {value} is not within {from} to {to}"))
            }
            _ => Ok(()),
        };
        within("grace", self.grace, 0, LONGEST_GRACE).map_err(|what| BadRule::new("grace_s", what))?;
        within("good_beats", self.good_beats, 1, MOST_GOOD_BEATS).map_err(|what| BadRule::new("good_beats", what))?;
        let remind = self.remind_every.filter(|minutes| *minutes > 0);
        within("remind_every", remind, SHORTEST_REMINDER, LONGEST_REMINDER)
            .map_err(|what| BadRule::new("remind_min", format!("{what} minutes; 0 switches reminders off")))?;
        if let Some(flapping) = self.flapping {
            let changes = Some(flapping.changes).filter(|changes| *changes > 0);
            within("flapping: changes", changes, 3, 100)
                .map_err(|what| BadRule::new("flapping.changes", format!("{what}; 0 calls nothing flapping")))?;
            within("flapping: within", Some(flapping.within), 1, 1440)
                .map_err(|what| BadRule::new("flapping.within_min", format!("{what} minutes")))?;
        }
        Ok(())
    }

    pub(super) fn read(&self) -> AlertOverrides {
        AlertOverrides {
            level: self.level,
            grace: self.grace.map(|seconds| Duration::from_secs(seconds.into())),
            good_beats: self.good_beats,
            remind_every: self.remind_every.map(minutes),
            flapping: self
                .flapping
                .map(|flapping| Flapping { changes: flapping.changes, within: minutes(flapping.within) }),
            urgent: self.urgent,
            channels: self.channels.clone(),
        }
    }
}

const fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(minutes as u64 * 60)
}

impl AlertsEntry {
    pub(super) fn check(&self, others: &[(String, &OverridesEntry)], channels: &[&str]) -> Result<(), String> {
        let all = [("alerts".to_owned(), &self.overrides())];
        let tags = self.tags.iter().map(|(tag, rules)| (format!("alerts.tags.{tag}"), rules));
        for (whose, rules) in
            all.into_iter().chain(tags).chain(others.iter().map(|(name, rules)| (name.clone(), *rules)))
        {
            rules.check().map_err(|bad| format!("{whose}: {}", bad.what))?;
            let unknown = rules.channels.iter().flatten().find(|name| !channels.contains(&name.as_str()));
            if let Some(name) = unknown {
                return Err(format!("{whose}: there is no channel \"{}\"", name.escape_debug()));
            }
        }
        self.network_check().and_then(|_| self.check_quiet()).map_err(|what| format!("alerts: {what}"))
    }

    pub(super) fn check_quiet(&self) -> Result<(), String> {
        QuietHours::check(&self.quiet()?).map_err(|problem| problem.to_string())
    }

    /// The quiet hours.
    ///
    /// # Errors
    /// A sentence.
    pub fn quiet(&self) -> Result<Vec<QuietHours>, String> {
        self.quiet.iter().map(QuietEntry::read).collect()
    }

    /// The place that is asked whether this computer has a network; none when that is switched off.
    ///
    /// # Errors
    /// A sentence.
    pub fn network_check(&self) -> Result<Option<Url>, String> {
        if self.network_check.is_empty() {
            return Ok(None);
        }
        let url: Option<Url> = self.network_check.parse().ok();
        url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .map(Some)
            .ok_or_else(|| format!("network_check = \"{}\" is not an http:// or https:// address", self.network_check))
    }

    pub(super) fn overrides(&self) -> OverridesEntry {
        OverridesEntry {
            level: self.level,
            grace: self.grace,
            good_beats: self.good_beats,
            remind_every: self.remind_every,
            flapping: self.flapping,
            urgent: self.urgent,
            channels: self.channels.clone(),
        }
    }
}

/// Which rules hold for whom.
pub(crate) struct RuleBook<'a> {
    settings: &'a Settings,
    /// Most agents have no rules of their own, and share their registry's or their bus's.
    registries: HashMap<&'a str, Arc<AlertRules>>,
}

impl<'a> RuleBook<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        let all = AlertRules::default().with(&settings.alerts.overrides().read());
        let registries = settings.registries.iter().map(|registry| {
            let rules = all.clone().with(&registry.alerts.read());
            (registry.name.as_str(), Arc::new(rules))
        });
        let buses =
            settings.buses.iter().map(|bus| (bus.name.as_str(), Arc::new(all.clone().with(&bus.alerts.read()))));
        Self { settings, registries: registries.chain(buses).collect() }
    }

    /// The rules for whoever is only seen at a bus.
    pub(crate) fn of_place(&self, name: &str) -> Arc<AlertRules> {
        self.registries.get(name).cloned().unwrap_or_default()
    }

    /// An agent's own rules, over its tags' in their order, over its registry's, over everyone's.
    pub(crate) fn of(&self, agent: &AgentEntry) -> Arc<AlertRules> {
        let base = self.of_place(&agent.registry);
        let tags = &self.settings.alerts.tags;
        let tagged: Vec<_> = agent.tags.iter().rev().filter_map(|tag| tags.get(tag)).collect();
        if tagged.is_empty() && agent.alerts == OverridesEntry::default() {
            return base;
        }
        let rules = tagged.into_iter().fold(AlertRules::clone(&base), |rules, tag| rules.with(&tag.read()));
        Arc::new(rules.with(&agent.alerts.read()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FILE: &str = r#"
[alerts]
grace = 30
remind_every = 60

[[alerts.quiet]]
from = "22:00"
to = "07:00"
days = ["mon", "tue"]
zone = "UTC"

[alerts.tags.production]
urgent = true
grace = 0

[alerts.tags.nightly]
level = "never"
grace = 5

[[registry]]
name = "devnet"
url = "http://127.0.0.1:8080/"
alerts = { level = "offline" }

[[agent]]
entity = "zns:56475aa75463474c0285df5dbf2bcab7"
name = "weather"
registry = "devnet"
tags = ["production", "nightly"]
alerts = { good_beats = 3 }

[[agent]]
entity = "zns:66475aa75463474c0285df5dbf2bcab7"
name = "plain"
registry = "devnet"
"#;

    fn parse(text: &str) -> Result<Settings, String> {
        Settings::parse(Path::new("b.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_narrower_rule_wins_and_an_agents_first_tag_before_its_second() {
        let settings = parse(FILE).unwrap();
        let book = RuleBook::new(&settings);
        let weather = book.of(&settings.agents[0]);
        assert_eq!((weather.level, weather.grace, weather.good_beats), (Level::Never, Duration::ZERO, 3));
        assert!(weather.urgent);
        assert_eq!(weather.remind_every, Some(Duration::from_secs(3600)));
        let plain = book.of(&settings.agents[1]);
        assert_eq!((plain.level, plain.grace.as_secs(), plain.urgent), (Level::Offline, 30, false));
        let quiet = settings.alerts.quiet().unwrap();
        assert_eq!(quiet[0].days, [true, true, false, false, false, false, false]);
        assert_eq!(settings.alerts.view().remind_min, 60);
    }

    #[test]
    fn rules_that_cannot_hold_are_refused_with_a_sentence() {
        for (from, to, says) in [
            ("grace = 30", "grace = 90000", "0 to 86400"),
            ("remind_every = 60", "remind_every = 4", "5 to 10080 minutes; 0 switches"),
            ("grace = 30", "good_beats = 0", "1 to 10"),
            ("grace = 30", "flapping = { changes = 2 }", "3 to 100"),
            ("grace = 30", "channels = [\"team\"]", "no channel \"team\""),
            ("grace = 30", "network_check = \"nowhere\"", "not an http"),
            ("from = \"22:00\"", "from = \"25:00\"", "not a time of day"),
            ("from = \"22:00\"", "from = \"07:00\"", "are empty"),
            ("\"mon\", \"tue\"", "\"monday\"", "not a day"),
            ("\"mon\", \"tue\"", "", "on no day"),
            ("zone = \"UTC\"", "zone = \"Mars/Base\"", "not a time zone"),
            ("[alerts.tags.production]\nurgent", "[alerts.tags.production]\nurgnet", "urgnet"),
            ("level = \"offline\"", "level = \"bad\"", "line"),
            (
                "[alerts.tags.production]",
                "[[alerts.quiet]]\nfrom = \"06:00\"\nto = \"08:00\"\nzone = \"UTC\"\n[alerts.tags.production]",
                "overlap",
            ),
        ] {
            let error = parse(&FILE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(says), "{from} -> {to}: {error}");
        }
    }
}
