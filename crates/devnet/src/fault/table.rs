//! The faults in force.

use std::collections::HashMap;
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use tokio::time::Instant;

use super::{Fault, FaultKind};

/// The faults in force; every socket watches it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultTable {
    ordered: Vec<Ordered>,
    drops: HashMap<Option<EntityId>, u64>,
}

#[derive(Clone, Debug)]
struct Ordered {
    fault: Fault,
    since: Instant,
}

/// What a fault makes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgery {
    HangUp,
    NotFound,
    BadRequest,
    Redirect,
    Error(u16),
    RateLimit(Option<u64>),
    Html,
    Empty,
    HalfJson,
    Huge,
}

/// What a registry knows of an entity of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gossip {
    Copy,
    Tombstone,
}

impl FaultTable {
    pub(crate) fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        let mut table = Self::default();
        for fault in faults {
            table.order(fault);
        }
        table
    }

    /// Adds a fault; one of the same kind for the same entity is replaced.
    pub(crate) fn order(&mut self, fault: Fault) {
        if fault.kind == FaultKind::Drop {
            *self.drops.entry(fault.entity).or_default() += 1;
            return;
        }
        self.ordered.retain(|known| known.fault.entity != fault.entity || known.fault.kind.word() != fault.kind.word());
        self.ordered.push(Ordered { fault, since: Instant::now() });
    }

    pub(crate) fn clear(&mut self) {
        self.ordered.clear();
    }

    /// Ends a refusal that had a time.
    pub(crate) fn stop_refusing(&mut self) {
        self.ordered.retain(|known| known.fault.entity.is_some() || !matches!(known.fault.kind, FaultKind::Refuse(_)));
    }

    pub(crate) fn list(&self) -> impl Iterator<Item = &Fault> {
        self.ordered.iter().map(|known| &known.fault)
    }

    /// How often the sockets of this entity (`None`: those that belong to nobody) were ordered to drop.
    pub(crate) fn drops(&self, entity: Option<&EntityId>) -> u64 {
        let all = self.drops.get(&None).copied().unwrap_or(0);
        let own = entity.and_then(|id| self.drops.get(&Some(id.clone()))).copied().unwrap_or(0);
        all + own
    }

    /// Whether the listener is closed, and until when.
    pub(crate) fn refusing(&self) -> Option<Option<Instant>> {
        self.find(
            None,
            |kind, since| if let FaultKind::Refuse(time) = kind { Some(time.map(|time| since + time)) } else { None },
        )
    }

    pub(crate) fn drop_at(&self, entity: &EntityId, opened: Instant) -> Option<Instant> {
        self.find(Some(entity), |kind, since| {
            if let FaultKind::DropAfter(time) = kind { Some(opened.max(since) + *time) } else { None }
        })
    }

    pub(crate) fn slow(&self, entity: Option<&EntityId>) -> Option<Duration> {
        self.find(entity, |kind, _| if let FaultKind::Slow(time) = kind { Some(*time) } else { None })
    }

    /// Seconds by which the clock is ahead, for everybody or when this entity's beats are judged.
    pub(crate) fn skew(&self, entity: Option<&EntityId>) -> i64 {
        self.find(entity, |kind, _| if let FaultKind::Skew(seconds) = kind { Some(*seconds) } else { None })
            .unwrap_or(0)
    }

    pub(crate) fn sweep_late(&self, entity: &EntityId) -> Duration {
        self.find(Some(entity), |kind, _| if let FaultKind::SweepLate(time) = kind { Some(*time) } else { None })
            .unwrap_or_default()
    }

    pub(crate) fn ignores(&self, entity: &EntityId) -> bool {
        self.has(Some(entity), &FaultKind::Ignore)
    }

    pub(crate) fn half_open(&self, entity: Option<&EntityId>) -> bool {
        self.has(entity, &FaultKind::HalfOpen)
    }

    pub(crate) fn noisy(&self, entity: Option<&EntityId>) -> bool {
        self.has(entity, &FaultKind::Noise)
    }

    pub(crate) fn stalls(&self, entity: Option<&EntityId>) -> bool {
        self.has(entity, &FaultKind::StallActivity)
    }

    pub(crate) fn no_activity(&self) -> bool {
        self.has(None, &FaultKind::NoActivity)
    }

    /// Whether lists leave the entity out.
    pub(crate) fn hides(&self, entity: &EntityId) -> bool {
        self.has(Some(entity), &FaultKind::NotFound) || self.gossip(entity).is_some()
    }

    /// Whether the entity is known by gossip alone, and whether as one that was deleted.
    pub(crate) fn gossip(&self, entity: &EntityId) -> Option<Gossip> {
        self.find(Some(entity), |kind, _| match kind {
            FaultKind::GossipCopy => Some(Gossip::Copy),
            FaultKind::Tombstone => Some(Gossip::Tombstone),
            FaultKind::Refuse(_)
            | FaultKind::Drop
            | FaultKind::DropAfter(_)
            | FaultKind::Ignore
            | FaultKind::Slow(_)
            | FaultKind::Skew(_)
            | FaultKind::NotFound
            | FaultKind::BadRequest
            | FaultKind::Redirect
            | FaultKind::Error(_)
            | FaultKind::RateLimit(_)
            | FaultKind::StallActivity
            | FaultKind::HalfOpen
            | FaultKind::Html
            | FaultKind::Empty
            | FaultKind::HalfJson
            | FaultKind::Huge
            | FaultKind::Noise
            | FaultKind::NoActivity
            | FaultKind::SweepLate(_) => None,
        })
    }

    /// What the answer to a request is replaced with, if anything.
    pub(crate) fn forgery(&self, entity: Option<&EntityId>, heartbeat_socket: bool) -> Option<Forgery> {
        self.find(entity, |kind, _| match kind {
            FaultKind::Refuse(_) => Some(Forgery::HangUp),
            FaultKind::NotFound if entity.is_some() => Some(Forgery::NotFound),
            FaultKind::GossipCopy | FaultKind::Tombstone if heartbeat_socket => Some(Forgery::NotFound),
            FaultKind::BadRequest if heartbeat_socket => Some(Forgery::BadRequest),
            FaultKind::Redirect => Some(Forgery::Redirect),
            FaultKind::Error(code) => Some(Forgery::Error(*code)),
            FaultKind::RateLimit(seconds) => Some(Forgery::RateLimit(*seconds)),
            FaultKind::Html => Some(Forgery::Html),
            FaultKind::Empty => Some(Forgery::Empty),
            FaultKind::HalfJson => Some(Forgery::HalfJson),
            FaultKind::Huge => Some(Forgery::Huge),
            FaultKind::NotFound
            | FaultKind::BadRequest
            | FaultKind::Drop
            | FaultKind::DropAfter(_)
            | FaultKind::Ignore
            | FaultKind::Slow(_)
            | FaultKind::Skew(_)
            | FaultKind::StallActivity
            | FaultKind::HalfOpen
            | FaultKind::Noise
            | FaultKind::NoActivity
            | FaultKind::SweepLate(_)
            | FaultKind::GossipCopy
            | FaultKind::Tombstone => None,
        })
    }

    fn has(&self, entity: Option<&EntityId>, wanted: &FaultKind) -> bool {
        self.find(entity, |kind, _| (kind == wanted).then_some(())).is_some()
    }

    /// The latest fault that concerns `entity` and that `pick` takes.
    fn find<T>(&self, entity: Option<&EntityId>, pick: impl Fn(&FaultKind, Instant) -> Option<T>) -> Option<T> {
        self.ordered
            .iter()
            .rev()
            .filter(|known| known.fault.entity.is_none() || known.fault.entity.as_ref() == entity)
            .find_map(|known| pick(&known.fault.kind, known.since))
    }
}
