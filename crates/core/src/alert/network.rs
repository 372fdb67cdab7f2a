//! Our own network: asked before anyone is blamed. While it is down nobody can tell how an agent elsewhere is.

use std::time::Duration;

use serde::Serialize;
use ts_rs::TS;

use crate::time::Time;

/// When the network is back, links are dialled anew; until then an agent's silence says nothing.
const BACK: Duration = Duration::from_secs(60);

/// What this computer knows of its network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkReading {
    /// Whether there is a default route; nothing where that cannot be read.
    pub route: Option<bool>,
    /// Whether another place than the agents' registries answers; nothing while it was not asked.
    pub witness: Option<bool>,
}

/// The network, as far as it was seen.
#[derive(Clone, Debug, Default)]
pub struct Network {
    reading: NetworkReading,
    down: Option<(Time, &'static str)>,
    back_until: Option<Time>,
}

/// The network for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct NetworkView {
    /// Since when it is down; nothing while it is not.
    pub down_since: Option<Time>,
    /// How that is known, in a sentence; empty while it is not down.
    pub sentence: String,
}

/// How many registries elsewhere there are, and how many of them were last heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    pub(crate) all: usize,
    /// The last try came to no answer at all.
    pub(crate) silent: usize,
}

impl Network {
    pub(crate) fn read(&mut self, reading: NetworkReading) {
        self.reading = reading;
    }

    /// Draws the consequence. Answers whether it went down or came back.
    pub(crate) fn judge(&mut self, elsewhere: Elsewhere, now: Time) -> bool {
        let was = self.down.is_some();
        match self.why_down(elsewhere) {
            Some(why) => {
                let since = self.down.map_or(now, |(since, _)| since);
                self.down = Some((since, why));
            }
            None if was => {
                self.down = None;
                self.back_until = Some(now + BACK);
            }
            None => {}
        }
        was != self.down.is_some()
    }

    fn why_down(&self, elsewhere: Elsewhere) -> Option<&'static str> {
        let Elsewhere { all, silent } = elsewhere;
        if all == 0 {
            return None;
        }
        if self.reading.route == Some(false) {
            return Some("This computer is offline: it has no default route");
        }
        if silent < all {
            return None;
        }
        match self.reading.witness {
            Some(false) => Some("This computer is offline: neither a registry nor another place answers"),
            Some(true) => None,
            // Registries of different owners do not fall silent together.
            None if all > 1 => Some("This computer is offline: no registry answers"),
            None => None,
        }
    }

    /// Whether nobody can tell how an agent elsewhere is.
    #[must_use]
    pub const fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// Until when it counts as just come back.
    #[must_use]
    pub fn back_until(&self, now: Time) -> Option<Time> {
        self.back_until.filter(|until| *until > now)
    }

    /// For people.
    #[must_use]
    pub fn view(&self) -> NetworkView {
        NetworkView {
            down_since: self.down.map(|(since, _)| since),
            sentence: self.down.map(|(_, why)| why.to_owned()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(route: Option<bool>, witness: Option<bool>, all: usize, silent: usize) -> bool {
        let mut network = Network::default();
        network.read(NetworkReading { route, witness });
        network.judge(Elsewhere { all, silent }, Time::from_millis(1))
    }

    #[test]
    fn it_is_down_without_a_route_or_when_nobody_elsewhere_answers() {
        assert!(down(Some(false), None, 1, 0));
        assert!(!down(Some(false), None, 0, 0), "agents of this computer need no network");
        assert!(!down(Some(true), Some(true), 1, 1), "the registry alone is gone");
        assert!(down(Some(true), Some(false), 1, 1));
        assert!(!down(Some(true), Some(false), 2, 1), "one of them answers");
        assert!(!down(None, None, 1, 1), "one registry proves nothing");
        assert!(down(None, None, 2, 2));
    }

    #[test]
    fn when_it_is_back_links_get_time_to_beat_again() {
        let (mut network, second) = (Network::default(), Duration::from_secs(1));
        let start = Time::from_millis(1_000_000);
        network.read(NetworkReading { route: Some(false), witness: None });
        assert!(network.judge(Elsewhere { all: 1, silent: 0 }, start));
        assert_eq!(network.view().down_since, Some(start));
        network.read(NetworkReading { route: Some(true), witness: None });
        assert!(network.judge(Elsewhere { all: 1, silent: 1 }, start + second));
        assert_eq!(network.back_until(start + second), Some(start + second + BACK));
        assert_eq!(network.back_until(start + second + BACK), None);
    }
}
