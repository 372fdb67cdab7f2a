//! The leases that this computer has: links ask here before each beat, whatever they were told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;

/// A lease that is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) fence: u64,
    /// From then on nothing may be sent under it, by a clock that counts sleep.
    pub(crate) until: Time,
}

/// Of each agent that a team settles; of others nothing.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<HashMap<EntityId, Option<Held>>>);

/// Whether an agent may be beaten for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// No team settles it.
    Free,
    /// Under this number.
    Under(u64),
    /// Somebody else may.
    None,
}

impl Leases {
    /// Whether we may beat for it now.
    pub(crate) fn leave(&self, id: &EntityId, now: Time) -> Leave {
        match self.with(|all| all.get(id).copied()) {
            None => Leave::Free,
            Some(Some(held)) if now < held.until => Leave::Under(held.fence),
            Some(_) => Leave::None,
        }
    }

    /// A team settles it, and this is what we have.
    pub(crate) fn set(&self, id: &EntityId, held: Option<Held>) {
        self.with(|all| all.insert(id.clone(), held));
    }

    /// No team settles it any more.
    pub(crate) fn free(&self, id: &EntityId) {
        self.with(|all| all.remove(id));
    }

    /// The team is gone, and with it all that we had.
    pub(crate) fn lose_all(&self) {
        self.with(|all| all.values_mut().for_each(|held| *held = None));
    }

    /// There is no team any more.
    pub(crate) fn free_all(&self) {
        self.with(HashMap::clear);
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<EntityId, Option<Held>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_leave_until_it_is_over_and_who_has_no_team_needs_none() {
        let (leases, id) = (Leases::default(), EntityId::on_bus("team", "a").unwrap());
        let at = Time::from_millis;
        assert_eq!(leases.leave(&id, at(5)), Leave::Free);
        leases.set(&id, None);
        assert_eq!(leases.leave(&id, at(5)), Leave::None);
        leases.set(&id, Some(Held { fence: 7, until: at(10) }));
        assert_eq!((leases.leave(&id, at(9)), leases.leave(&id, at(10))), (Leave::Under(7), Leave::None));
        leases.lose_all();
        assert_eq!(leases.leave(&id, at(9)), Leave::None);
        leases.free_all();
        assert_eq!(leases.leave(&id, at(9)), Leave::Free);
    }
}
