//! Who of a team beats for an agent: several Beatkeepers share a bus, and one of them has the agent's lease.

use crate::bus::LeaseStand;
use crate::view::HolderView;

use super::{Agent, Change};

/// What is known of an agent's lease.
#[derive(Clone, Debug, Default)]
pub(super) struct LeaseSeen {
    stand: LeaseStand,
    /// Whether we asked for it.
    wanted: bool,
}

impl Agent {
    /// The team's bus told who has it.
    pub(in crate::fleet) fn lease_stands(&mut self, stand: LeaseStand, change: &mut Change) {
        // What was on its way when the team was left.
        if self.settings.team.is_none() {
            return;
        }
        let had = self.has_leave();
        change.row |= stand != self.lease.stand;
        self.lease.stand = stand;
        if had != self.has_leave() {
            // Whose beats are seen from now on is another question.
            self.confirmation.link_lost();
            self.foreign.clear();
        }
    }

    /// Who has it.
    pub(super) fn holder(&self) -> Option<&HolderView> {
        match &self.lease.stand {
            LeaseStand::Held(holder) => Some(holder),
            LeaseStand::Unknown | LeaseStand::Unsettled(_) => None,
        }
    }

    pub(super) const fn lease_stand(&self) -> &LeaseStand {
        &self.lease.stand
    }

    /// Whether no other Beatkeeper may beat for it now.
    pub(super) fn has_leave(&self) -> bool {
        self.settings.team.is_none() || self.holder().is_some_and(|holder| holder.here)
    }

    /// Whether another Beatkeeper beats for it.
    pub(super) fn is_held_elsewhere(&self) -> bool {
        self.settings.team.is_some() && self.holder().is_some_and(|holder| !holder.here)
    }

    /// Asks for the lease, or lets go of it.
    pub(super) fn settle_lease(&mut self, change: &mut Change) {
        // A drill keeps it: nobody else is to break the silence.
        let wanted = self.settings.team.is_some() && self.would_beat();
        if wanted != std::mem::replace(&mut self.lease.wanted, wanted) {
            change.lease = Some(wanted);
        }
    }

    /// Another team, or none: what was known is of the one before.
    pub(super) fn join_team(&mut self) {
        self.lease.stand = LeaseStand::default();
    }
}
