//! The rules for everyone, as a person edits them in a form.

use std::time::Duration;

use beatkeeper_core::alert::{AlertRules, Level};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::alerts::{AlertsEntry, BadRule, FlappingEntry, OverridesEntry, QuietEntry};

impl AlertsEntry {
    /// As a person edits them.
    #[must_use]
    pub fn view(&self) -> AlertRulesView {
        let rules = AlertRules::default().with(&self.overrides().read());
        let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        AlertRulesView {
            level: rules.level,
            grace_s: seconds(rules.grace),
            good_beats: rules.good_beats,
            remind_min: rules.remind_every.map_or(0, seconds) / 60,
            flapping: FlappingView { changes: rules.flapping.changes, within_min: seconds(rules.flapping.within) / 60 },
            urgent: rules.urgent,
            desktop: self.desktop,
            network_check: self.network_check.clone(),
            quiet: self.quiet.clone(),
        }
    }
}

/// The rules for everyone, as a person edits them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct AlertRulesView {
    /// From which state on it is an incident.
    pub level: Level,
    /// How long it must be that bad, in seconds.
    pub grace_s: u32,
    /// So many confirmed beats are a recovery.
    pub good_beats: u32,
    /// Minutes between reminders; 0 is never.
    pub remind_min: u32,
    /// What is called flapping.
    pub flapping: FlappingView,
    /// Whether quiet hours do not count.
    pub urgent: bool,
    /// Whether the desktop is told.
    pub desktop: bool,
    /// The place that is asked whether this computer has a network; none when empty.
    pub network_check: String,
    /// The quiet hours.
    pub quiet: Vec<QuietEntry>,
}

/// So many changes within so many minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct FlappingView {
    /// 0 calls nothing flapping.
    pub changes: u32,
    /// Minutes.
    pub within_min: u32,
}

impl AlertRulesView {
    /// As it is when the file says nothing.
    #[must_use]
    pub fn usual() -> Self {
        AlertsEntry::default().view()
    }

    /// Whether these can hold, and which of them cannot.
    ///
    /// # Errors
    /// [`BadRule`] with the first that is wrong.
    pub fn check(&self) -> Result<(), BadRule> {
        let numbers = OverridesEntry {
            grace: Some(self.grace_s),
            good_beats: Some(self.good_beats),
            remind_every: Some(self.remind_min),
            flapping: Some(FlappingEntry { changes: self.flapping.changes, within: self.flapping.within_min }),
            ..OverridesEntry::default()
        };
        numbers.check()?;
        let rest = AlertsEntry {
            network_check: self.network_check.clone(),
            quiet: self.quiet.clone(),
            ..AlertsEntry::default()
        };
        rest.network_check().map_err(|what| BadRule::new("network_check", what))?;
        rest.check_quiet().map_err(|what| BadRule::new("quiet", what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_hold_is_refused_with_the_name_of_its_field() {
        assert_eq!(AlertRulesView::usual().check(), Ok(()));
        let night = |to: &str| QuietEntry { from: "22:00".into(), to: to.into(), days: None, zone: Some("UTC".into()) };
        type Change = Box<dyn Fn(&mut AlertRulesView)>;
        let cases: [(&str, &str, Change); 12] = [
            ("grace_s", "0 to 86400", Box::new(|rules| rules.grace_s = 86_401)),
            ("good_beats", "1 to 10", Box::new(|rules| rules.good_beats = 0)),
            ("good_beats", "1 to 10", Box::new(|rules| rules.good_beats = u32::MAX)),
            ("remind_min", "0 switches reminders off", Box::new(|rules| rules.remind_min = 4)),
            ("remind_min", "5 to 10080", Box::new(|rules| rules.remind_min = 10_081)),
            ("flapping.changes", "0 calls nothing flapping", Box::new(|rules| rules.flapping.changes = 2)),
            ("flapping.changes", "3 to 100", Box::new(|rules| rules.flapping.changes = 101)),
            ("flapping.within_min", "1 to 1440", Box::new(|rules| rules.flapping.within_min = 0)),
            ("flapping.within_min", "1 to 1440", Box::new(|rules| rules.flapping.within_min = 1_441)),
            // It speaks of no network: only the field's name says that.
            ("network_check", "quiet.example", Box::new(|rules| rules.network_check = "quiet.example".into())),
            ("quiet", "are empty", Box::new(move |rules| rules.quiet = vec![night("22:00")])),
            ("quiet", "not a time of day", Box::new(move |rules| rules.quiet = vec![night("25:00")])),
        ];
        for (field, says, change) in cases {
            let mut rules = AlertRulesView::usual();
            change(&mut rules);
            let bad = rules.check().unwrap_err();
            assert_eq!(bad.field, field, "{bad:?}");
            assert!(bad.what.contains(says), "{bad:?}");
        }
    }
}
