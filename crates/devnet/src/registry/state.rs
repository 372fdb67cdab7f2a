//! What survives a restart: records, developers, and the book of every beat that came in.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use beatkeeper_core::identity::{DeveloperId, EntityId};
use jiff::Timestamp;
use tokio::sync::watch;

use super::{Developer, EntityRecord, Name, Rejection, Status};

/// Beats remembered for each entity; the counters go on.
const BEATS_KEPT: usize = 128;

/// What the registry knows. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct State(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entities: RwLock<HashMap<EntityId, Arc<Mutex<EntityRecord>>>>,
    developers: RwLock<HashMap<DeveloperId, Developer>>,
    /// By their whole texts.
    names: RwLock<HashMap<String, Name>>,
    ledgers: RwLock<HashMap<EntityId, Arc<Ledger>>>,
    open_sockets: AtomicUsize,
    streams: AtomicUsize,
    accepted: AtomicU64,
    changed: watch::Sender<()>,
}

/// A beat as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedBeat {
    /// When, by the registry's clock.
    pub at: Timestamp,
    /// The timestamp that the client wrote; empty when there was none to read.
    pub timestamp: String,
    /// Whether it counted.
    pub accepted: bool,
    /// Why it did not.
    pub reason: Option<Rejection>,
}

/// What was seen of one entity's sockets; it outlives the record.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    beats: Mutex<VecDeque<ReceivedBeat>>,
    sockets: AtomicUsize,
    accepted: AtomicU64,
}

/// The id is taken.
#[derive(Debug)]
pub(crate) struct Taken;

impl State {
    /// The record of an entity.
    #[must_use]
    pub fn record(&self, id: &EntityId) -> Option<EntityRecord> {
        self.entity(id).map(|entity| lock(&entity).clone())
    }

    /// The latest 128 beats that came in for an entity, oldest first, whether they counted or not.
    #[must_use]
    pub fn beats(&self, id: &EntityId) -> Vec<ReceivedBeat> {
        self.seen(id).map(|ledger| lock(&ledger.beats).iter().cloned().collect()).unwrap_or_default()
    }

    /// How many beats of an entity ever counted.
    #[must_use]
    pub fn accepted(&self, id: &EntityId) -> u64 {
        self.seen(id).map_or(0, |ledger| ledger.accepted.load(Ordering::Relaxed))
    }

    /// How many beats of all entities ever counted.
    #[must_use]
    pub fn accepted_in_all(&self) -> u64 {
        self.0.accepted.load(Ordering::Relaxed)
    }

    /// Heartbeat sockets that an entity has open.
    #[must_use]
    pub fn sockets(&self, id: &EntityId) -> usize {
        self.seen(id).map_or(0, |ledger| ledger.sockets.load(Ordering::Relaxed))
    }

    /// Heartbeat sockets open in all.
    #[must_use]
    pub fn open_sockets(&self) -> usize {
        self.0.open_sockets.load(Ordering::Relaxed)
    }

    /// Activity streams open.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.0.streams.load(Ordering::Relaxed)
    }

    /// Registered entities.
    #[must_use]
    pub fn len(&self) -> usize {
        read(&self.0.entities).len()
    }

    /// Whether nothing is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name that an entity has, if it has one.
    #[must_use]
    pub fn name_of(&self, id: &EntityId) -> Option<Name> {
        read(&self.0.names).values().find(|name| name.entity_id == *id).cloned()
    }

    /// Told of every change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    pub(crate) fn entity(&self, id: &EntityId) -> Option<Arc<Mutex<EntityRecord>>> {
        read(&self.0.entities).get(id).map(Arc::clone)
    }

    /// Copies of the records that `wanted` takes, latest update first, as the registry lists them.
    pub(crate) fn list(&self, wanted: impl Fn(&EntityRecord) -> bool) -> Vec<EntityRecord> {
        let mut records: Vec<_> = read(&self.0.entities)
            .values()
            .filter_map(|entity| {
                let record = lock(entity);
                wanted(&record).then(|| record.clone())
            })
            .collect();
        records.sort_by(|a, b| b.updated_at.cmp(&a.updated_at).then_with(|| a.entity_id.cmp(&b.entity_id)));
        records
    }

    pub(crate) fn insert(&self, record: EntityRecord) -> Result<(), Taken> {
        use std::collections::hash_map::Entry;
        {
            let mut entities = self.0.entities.write().unwrap_or_else(PoisonError::into_inner);
            let Entry::Vacant(place) = entities.entry(record.entity_id.clone()) else { return Err(Taken) };
            place.insert(Arc::new(Mutex::new(record)));
        }
        self.tell();
        Ok(())
    }

    pub(crate) fn update(&self, id: &EntityId, change: impl FnOnce(&mut EntityRecord)) -> Option<EntityRecord> {
        let entity = self.entity(id)?;
        let record = {
            let mut record = lock(&entity);
            change(&mut record);
            record.clone()
        };
        self.tell();
        Some(record)
    }

    pub(crate) fn remove(&self, id: &EntityId) -> Option<EntityRecord> {
        let removed = self.0.entities.write().unwrap_or_else(PoisonError::into_inner).remove(id)?;
        self.tell();
        Some(lock(&removed).clone())
    }

    /// An accepted beat: the record says active, now. False when the record is gone.
    pub(crate) fn beaten(&self, id: &EntityId, now: Timestamp) -> bool {
        let Some(entity) = self.entity(id) else { return false };
        let mut record = lock(&entity);
        record.last_heartbeat = now;
        record.status = Status::Active;
        true
    }

    /// Marks what was silent for longer than `allowed` as inactive and names it.
    pub(crate) fn sweep(
        &self,
        now: Timestamp,
        four_states: bool,
        allowed: impl Fn(&EntityId) -> Duration,
    ) -> Vec<EntityId> {
        let entities: Vec<_> = read(&self.0.entities).values().map(Arc::clone).collect();
        let mut silent = Vec::new();
        let mut gone = false;
        for entity in entities {
            let mut record = lock(&entity);
            let quiet = Duration::try_from(now.duration_since(record.last_heartbeat)).unwrap_or_default();
            let allowed = allowed(&record.entity_id);
            if record.status.is_active() && quiet > allowed {
                record.status = if four_states { Status::Stale } else { Status::Inactive };
                silent.push(record.entity_id.clone());
            } else if record.status == Status::Stale && quiet > allowed * 3 {
                record.status = Status::Offline;
                gone = true;
            }
        }
        if !silent.is_empty() || gone {
            self.tell();
        }
        silent
    }

    pub(crate) fn developer(&self, id: &str) -> Option<Developer> {
        id.parse().ok().and_then(|id: DeveloperId| read(&self.0.developers).get(&id).cloned())
    }

    pub(crate) fn insert_developer(&self, id: DeveloperId, developer: Developer) -> Result<(), Taken> {
        let mut developers = self.0.developers.write().unwrap_or_else(PoisonError::into_inner);
        let handle = &developer.dev_handle;
        let handle_taken = !handle.is_empty() && developers.values().any(|other| other.dev_handle == *handle);
        if handle_taken || developers.contains_key(&id) {
            return Err(Taken);
        }
        developers.insert(id, developer);
        Ok(())
    }

    pub(crate) fn developer_called(&self, handle: &str) -> Option<Developer> {
        read(&self.0.developers).values().find(|developer| developer.dev_handle == handle).cloned()
    }

    pub(crate) fn name(&self, fqan: &str) -> Option<Name> {
        read(&self.0.names).get(fqan).cloned()
    }

    pub(crate) fn bind(&self, name: Name) -> Result<(), Taken> {
        use std::collections::hash_map::Entry;
        {
            let mut names = self.0.names.write().unwrap_or_else(PoisonError::into_inner);
            let Entry::Vacant(place) = names.entry(name.fqan.clone()) else { return Err(Taken) };
            place.insert(name);
        }
        self.tell();
        Ok(())
    }

    pub(crate) fn release(&self, fqan: &str) -> Option<Name> {
        let released = self.0.names.write().unwrap_or_else(PoisonError::into_inner).remove(fqan)?;
        self.tell();
        Some(released)
    }

    pub(crate) fn has_handle(&self, handle: &str) -> bool {
        read(&self.0.developers).values().any(|developer| developer.dev_handle == handle)
    }

    pub(crate) fn ledger(&self, id: &EntityId) -> Arc<Ledger> {
        if let Some(ledger) = self.seen(id) {
            return ledger;
        }
        let mut ledgers = self.0.ledgers.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(ledgers.entry(id.clone()).or_default())
    }

    pub(crate) fn note(&self, ledger: &Ledger, beat: ReceivedBeat) {
        if beat.accepted {
            ledger.accepted.fetch_add(1, Ordering::Relaxed);
            self.0.accepted.fetch_add(1, Ordering::Relaxed);
        }
        {
            let mut beats = lock(&ledger.beats);
            if beats.len() == BEATS_KEPT {
                beats.pop_front();
            }
            beats.push_back(beat);
        }
        self.tell();
    }

    /// Counts a heartbeat socket for as long as the answer lives.
    pub(crate) fn socket_opened(&self, ledger: &Arc<Ledger>) -> OpenSocket {
        ledger.sockets.fetch_add(1, Ordering::Relaxed);
        self.0.open_sockets.fetch_add(1, Ordering::Relaxed);
        self.tell();
        OpenSocket { state: self.clone(), ledger: Some(Arc::clone(ledger)) }
    }

    /// Counts an activity stream for as long as the answer lives.
    pub(crate) fn stream_opened(&self) -> OpenSocket {
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        self.tell();
        OpenSocket { state: self.clone(), ledger: None }
    }

    pub(crate) fn tell(&self) {
        self.0.changed.send_replace(());
    }

    fn seen(&self, id: &EntityId) -> Option<Arc<Ledger>> {
        read(&self.0.ledgers).get(id).map(Arc::clone)
    }
}

/// A socket that counts as open.
#[derive(Debug)]
pub(crate) struct OpenSocket {
    state: State,
    ledger: Option<Arc<Ledger>>,
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        let count = match &self.ledger {
            Some(ledger) => {
                ledger.sockets.fetch_sub(1, Ordering::Relaxed);
                &self.state.0.open_sockets
            }
            None => &self.state.0.streams,
        };
        count.fetch_sub(1, Ordering::Relaxed);
        self.state.tell();
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Nothing here is left half done by a panic, so a poisoned lock is as good as any.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
