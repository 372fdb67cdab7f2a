//! What a person can have written to a registry of an agent.

use serde::Serialize;
use ts_rs::TS;

use crate::identity::{EntityKind, Realm};

/// What can be written to a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum WriteKind {
    /// It is registered.
    Register,
    /// Where it is published is changed.
    Update,
    /// It gets the developer's next key.
    NextIndex,
    /// Its record is deleted.
    Deregister,
}

impl WriteKind {
    /// What suits it, in the order in which it is offered. Whether there is a record may not be known: then whoever asks
    /// for a write is told by the registry.
    #[must_use]
    pub const fn suiting(realm: Realm, kind: EntityKind, registered: Option<bool>) -> &'static [Self] {
        match (realm, registered, kind) {
            // Nobody signs records there.
            (Realm::ArtCafe | Realm::Bus, _, _) => &[],
            (Realm::Zynd, Some(false), _) => &[Self::Register, Self::NextIndex],
            (Realm::Zynd, Some(true), EntityKind::Agent) => &[Self::Update, Self::NextIndex, Self::Deregister],
            (Realm::Zynd, None, EntityKind::Agent) => {
                &[Self::Register, Self::Update, Self::NextIndex, Self::Deregister]
            }
            // A registry has the address of a service twice, and changes only one of them.
            (Realm::Zynd, Some(true), EntityKind::Service) => &[Self::NextIndex, Self::Deregister],
            (Realm::Zynd, None, EntityKind::Service) => &[Self::Register, Self::NextIndex, Self::Deregister],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EntityKind, Realm, WriteKind};

    const RECORDS: [Option<bool>; 3] = [Some(true), Some(false), None];

    #[test]
    fn it_depends_on_whether_there_is_a_record_as_far_as_that_is_known() {
        use WriteKind::{Deregister, NextIndex, Register, Update};
        let of = |registered| WriteKind::suiting(Realm::Zynd, EntityKind::Agent, registered);
        assert_eq!(of(Some(true)), [Update, NextIndex, Deregister]);
        assert_eq!(of(Some(false)), [Register, NextIndex]);
        assert_eq!(of(None), [Register, Update, NextIndex, Deregister]);
    }

    #[test]
    fn the_address_of_a_service_is_not_changed() {
        for registered in RECORDS {
            let mut writes = WriteKind::suiting(Realm::Zynd, EntityKind::Agent, registered).to_vec();
            writes.retain(|write| *write != WriteKind::Update);
            assert_eq!(WriteKind::suiting(Realm::Zynd, EntityKind::Service, registered), writes);
        }
    }

    #[test]
    fn nothing_is_written_where_nobody_signs_records() {
        for (realm, registered) in
            [Realm::ArtCafe, Realm::Bus].into_iter().flat_map(|realm| RECORDS.map(|r| (realm, r)))
        {
            assert!(WriteKind::suiting(realm, EntityKind::Agent, registered).is_empty());
        }
    }
}
