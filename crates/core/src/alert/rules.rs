//! When a person is interrupted because of an agent. Each rule can be set for all agents, for a registry, for a tag and
//! for one agent; the narrower one wins.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::liveness::Liveness;

/// From which state on it is an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Level {
    /// Three intervals without a beat.
    Late,
    /// Past the stale threshold.
    #[default]
    Stale,
    /// Past the offline threshold.
    Offline,
    /// Never: it is only watched.
    Never,
}

impl Level {
    /// Whether this state is bad enough.
    #[must_use]
    pub const fn is_met_by(self, state: Liveness) -> bool {
        let enough = match self {
            Self::Late => Liveness::Late.badness(),
            Self::Stale => Liveness::Stale.badness(),
            Self::Offline => Liveness::Offline.badness(),
            Self::Never => u8::MAX,
        };
        state.badness() >= enough
    }
}

/// What is called flapping: so many changes between beating and missing within so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flapping {
    /// Changes; 0 never calls it so.
    pub changes: u32,
    /// Within this time.
    pub within: Duration,
}

impl Default for Flapping {
    fn default() -> Self {
        Self { changes: 6, within: Duration::from_secs(600) }
    }
}

/// The rules that hold for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRules {
    /// From which state on it is an incident.
    pub level: Level,
    /// How long it must be that bad without a break before it is one.
    pub grace: Duration,
    /// So many confirmed beats are a recovery: one may be the last sign of a flapping agent.
    pub good_beats: u32,
    /// How often a person is told again while it lasts; never when missing.
    pub remind_every: Option<Duration>,
    /// What is called flapping.
    pub flapping: Flapping,
    /// Whether quiet hours do not count.
    pub urgent: bool,
    /// The names of the channels that are told beside the desktop; all of them when missing.
    pub channels: Option<Arc<[String]>>,
}

impl Default for AlertRules {
    fn default() -> Self {
        Self {
            level: Level::default(),
            grace: Duration::ZERO,
            good_beats: 2,
            remind_every: None,
            flapping: Flapping::default(),
            urgent: false,
            channels: None,
        }
    }
}

/// Rules that are set for some agents; what is missing is as for the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertOverrides {
    /// See [`AlertRules::level`].
    pub level: Option<Level>,
    /// See [`AlertRules::grace`].
    pub grace: Option<Duration>,
    /// See [`AlertRules::good_beats`].
    pub good_beats: Option<u32>,
    /// See [`AlertRules::remind_every`]; zero switches it off.
    pub remind_every: Option<Duration>,
    /// See [`AlertRules::flapping`].
    pub flapping: Option<Flapping>,
    /// See [`AlertRules::urgent`].
    pub urgent: Option<bool>,
    /// See [`AlertRules::channels`].
    pub channels: Option<Vec<String>>,
}

impl AlertRules {
    /// A person who is told again and again stops reading.
    pub const SHORTEST_REMINDER: Duration = Duration::from_secs(300);

    /// With narrower rules on top.
    #[must_use]
    pub fn with(mut self, over: &AlertOverrides) -> Self {
        self.level = over.level.unwrap_or(self.level);
        self.grace = over.grace.unwrap_or(self.grace);
        self.good_beats = over.good_beats.unwrap_or(self.good_beats).max(1);
        if let Some(every) = over.remind_every {
            self.remind_every = (every > Duration::ZERO).then(|| every.max(Self::SHORTEST_REMINDER));
        }
        self.flapping = over.flapping.unwrap_or(self.flapping);
        self.urgent = over.urgent.unwrap_or(self.urgent);
        if let Some(channels) = &over.channels {
            self.channels = Some(channels.as_slice().into());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_bad_enough_for_its_own_level_and_the_milder_ones() {
        use Liveness::{Late, Offline, Stale};
        let levels = [Level::Late, Level::Stale, Level::Offline, Level::Never];
        for state in Liveness::ALL {
            let met: Vec<_> = levels.into_iter().filter(|level| level.is_met_by(state)).collect();
            let expected: &[Level] = match state {
                Late => &levels[..1],
                Stale => &levels[..2],
                Offline => &levels[..3],
                Liveness::Unknown | Liveness::Inactive | Liveness::Active | Liveness::Stopped => &[],
            };
            assert_eq!(met, expected, "{state}");
        }
    }

    #[test]
    fn the_narrower_rule_wins_and_the_rest_stays() {
        let wide = AlertOverrides { urgent: Some(true), grace: Some(Duration::from_secs(60)), ..Default::default() };
        let narrow = AlertOverrides {
            grace: Some(Duration::ZERO),
            remind_every: Some(Duration::from_secs(1)),
            channels: Some(vec!["team".into()]),
            ..Default::default()
        };
        let rules = AlertRules::default().with(&wide).with(&narrow);
        assert!(rules.urgent && rules.grace.is_zero());
        assert_eq!(rules.remind_every, Some(AlertRules::SHORTEST_REMINDER), "a floor");
        assert_eq!(rules.channels.as_deref(), Some(&["team".to_owned()][..]));
        let off = AlertOverrides { remind_every: Some(Duration::ZERO), ..Default::default() };
        assert_eq!(rules.with(&off).remind_every, None);
    }
}
