//! Whether other registries are told that an agent is active.
//!
//! A registry announces an agent with the first beat of each connection, and not when beats begin to count again on one
//! that was open all the while: it calls the agent active itself, and its peers go on calling it inactive
//! (protocols.md 1.5).

use crate::time::Time;
use crate::view::{LinkStateName, Speaker};

use super::Agent;

/// What was announced of it last, as far as anybody saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Announced {
    /// That it is active, or nothing is known.
    #[default]
    Active,
    /// That it is inactive, then, while its connection stayed open.
    Inactive { since: Time },
    /// Still that it is inactive, although its beats count again.
    NotAnew,
}

impl Agent {
    /// The registry called it inactive.
    pub(super) fn fell_inactive(&mut self, now: Time) {
        // On a connection of ours without a confirmed beat, the announcement is still to come.
        let stays_open = match self.speaker() {
            Speaker::App => self.confirmed_here && self.link.state == LinkStateName::Open,
            Speaker::Agent => true,
            Speaker::Team => false,
        };
        if stays_open && self.announced == Announced::Active {
            self.announced = Announced::Inactive { since: now };
        }
    }

    /// One of its beats counted, that was sent then.
    pub(super) fn counts_again(&mut self, sent_at: Time) {
        if let Announced::Inactive { since } = self.announced
            && since <= sent_at
        {
            self.announced = Announced::NotAnew;
        }
    }

    /// It was announced, or there is another connection on which it will be; or nobody saw what was announced.
    pub(super) const fn is_announced_anew(&mut self) {
        self.announced = Announced::Active;
    }

    /// Nobody heard what the registry announced meanwhile.
    pub(in crate::fleet) fn announcements_missed(&mut self) {
        if self.speaker() != Speaker::App {
            self.is_announced_anew();
        }
    }
}
