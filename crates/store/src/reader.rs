//! Reading, while the writer writes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use beatkeeper_core::alert::{Delivery, Drill, Incident, IncidentCursor};
use beatkeeper_core::dialect::Dialect;
use beatkeeper_core::history::usage::UsageBucket;
use beatkeeper_core::history::{AgentMemory, Connection as ConnectionRow, Span, Transition, Turns};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{Notice, NoticeId};
use beatkeeper_core::time::Time;
use beatkeeper_core::view::StripSpan;
use rusqlite::{Connection, OpenFlags};

use crate::schema::FORMAT;
use crate::store::{self, BUSY_TIMEOUT};
use crate::{
    StoreError, black_boxes, connections, deliveries, dialects, drills, incidents, memory, notices, pause, snoozes,
    spans, transitions, usage,
};

/// Connections kept for the next reads.
const KEPT: usize = 2;

/// Reads the history on connections of its own, which cannot write.
///
/// Every method blocks for as long as the disk takes, so call it from a thread that may block; any number of threads
/// may at once. Rows are seen once they are committed, up to 250 ms after they were sent ([`crate::Writer::flush`]).
///
/// Errors of every method: `store.corrupt`, `store.busy`, `store.failed`.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Reader {
    /// Opens an existing history for reading, also one that another process is writing.
    ///
    /// # Errors
    ///
    /// `store.missing` when there is none; `store.newer`, `store.older`, `store.corrupt`, `store.busy`, `store.failed`.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        if !path.exists() {
            return Err(StoreError::Missing { path });
        }
        store::check_head(&path)?;
        let connection = connect(&path)?;
        let found = store::format(&connection).map_err(|e| StoreError::sort(&path, e))?;
        if found > FORMAT {
            return Err(StoreError::Newer { path, found, known: FORMAT });
        }
        if found < FORMAT {
            return Err(StoreError::Older { path, found, known: FORMAT });
        }
        Ok(Self { path, idle: Mutex::new(vec![connection]) })
    }

    /// The agent's connections whose first dial began before `before` (or all), newest first, at most `limit`.
    pub fn connections(
        &self,
        agent: &EntityId,
        limit: u32,
        before: Option<Time>,
    ) -> Result<Vec<ConnectionRow>, StoreError> {
        self.read(|c| connections::before(c, agent, limit, before))
    }

    /// The agent's changes of liveness before `before` (or all), newest first: `limit` of them, and any more of the same
    /// millisecond as the last one, so that the next page can begin before it.
    pub fn transitions(
        &self,
        agent: &EntityId,
        limit: u32,
        before: Option<Time>,
    ) -> Result<Vec<Transition>, StoreError> {
        self.read(|c| transitions::before(c, agent, limit, before))
    }

    /// The agent's spans that touch `from..=to`, oldest first, not cut at the ends.
    pub fn spans(&self, agent: &EntityId, from: Time, to: Time) -> Result<Vec<Span>, StoreError> {
        self.read(|c| spans::between(c, agent, from, to))
    }

    /// The newest span of every agent: where the record goes on after a restart.
    pub fn latest_spans(&self) -> Result<Vec<Span>, StoreError> {
        self.read(spans::latest)
    }

    /// The beat strips of many agents in one query: spans that touch `from..=to`, oldest first, not cut at the ends.
    /// Every agent asked for has an entry.
    pub fn strips(
        &self,
        agents: &[EntityId],
        from: Time,
        to: Time,
    ) -> Result<HashMap<EntityId, Vec<StripSpan>>, StoreError> {
        self.read(|c| spans::strips(c, agents, from, to, false))
    }

    /// As [`Reader::strips`], but each begins with the last span that began before `from`, wherever it ended: until the
    /// next one began, nothing else was so.
    pub fn strips_and_before(
        &self,
        agents: &[EntityId],
        from: Time,
        to: Time,
    ) -> Result<HashMap<EntityId, Vec<StripSpan>>, StoreError> {
        self.read(|c| spans::strips(c, agents, from, to, true))
    }

    /// What must be known of every agent after a restart.
    pub fn memories(&self) -> Result<Vec<AgentMemory>, StoreError> {
        self.read(memory::all)
    }

    /// How often the agent's connection was lost and opened again since `since`. One that was asked to close (code
    /// 1000), or ended with Beatkeeper itself ([`crate::APP_ENDED`]), was not lost.
    pub fn reconnects_since(&self, agent: &EntityId, since: Time) -> Result<u32, StoreError> {
        self.read(|c| connections::reconnects_since(c, agent, since))
    }

    /// When the agent changed between beating and missing, from `from` on, oldest first.
    pub fn turns(&self, agent: &EntityId, from: Time) -> Result<Turns, StoreError> {
        self.read(|c| transitions::turns(c, agent, from))
    }

    /// What the agent's process cost: the buckets that touch `from..=to`, oldest first.
    pub fn usage(&self, agent: &EntityId, from: Time, to: Time) -> Result<Vec<UsageBucket>, StoreError> {
        self.read(|c| usage::between(c, agent, from, to))
    }

    /// Each agent's bucket in which `now` lies: where it goes on after a restart.
    pub fn open_usage(&self, now: Time) -> Result<HashMap<EntityId, UsageBucket>, StoreError> {
        self.read(|c| usage::open(c, now))
    }

    /// Incidents of one agent or all, newest first, `limit` of them: the newest, or those behind `before`.
    pub fn incidents(
        &self,
        agent: Option<&EntityId>,
        open_only: bool,
        limit: u32,
        before: Option<&IncidentCursor>,
    ) -> Result<Vec<Incident>, StoreError> {
        self.read(|c| incidents::before(c, agent, open_only, limit, before))
    }

    /// Every incident that is not over, newest first.
    pub fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        self.incidents(None, true, u32::MAX, None)
    }

    /// Until when nobody is interrupted because of whom; may be past.
    pub fn snoozes(&self) -> Result<HashMap<EntityId, Time>, StoreError> {
        self.read(snoozes::all)
    }

    /// What each registry was seen to take, by its URL.
    pub fn dialects(&self) -> Result<HashMap<String, Dialect>, StoreError> {
        self.read(dialects::all)
    }

    /// Until when nobody is interrupted at all; may be past.
    pub fn paused_until(&self) -> Result<Option<Time>, StoreError> {
        self.read(pause::until)
    }

    /// The last notice that was told.
    pub fn last_notice(&self) -> Result<Option<NoticeId>, StoreError> {
        self.read(notices::last)
    }

    /// The notices with these ids, in this order; those that are not kept any more are left out.
    pub fn notices(&self, ids: &[NoticeId]) -> Result<Vec<Notice>, StoreError> {
        self.read(|c| notices::find(c, ids))
    }

    /// The deliveries of these notices, in the order of the notices, then of the channels' names. They are kept longer
    /// than the notices.
    pub fn deliveries_of(&self, notices: &[NoticeId]) -> Result<Vec<Delivery>, StoreError> {
        self.read(|c| deliveries::of(c, notices))
    }

    /// The deliveries that wait, with what they carry, the longest unchanged first.
    pub fn deliveries_waiting(&self) -> Result<Vec<(Delivery, Notice)>, StoreError> {
        self.read(deliveries::waiting)
    }

    /// The deliveries that are not tried any more, with what they carry, newest first, at most `limit`.
    pub fn dead_letters(&self, limit: u32) -> Result<Vec<(Delivery, Notice)>, StoreError> {
        self.read(|c| deliveries::dead(c, limit))
    }

    /// The black box of the agent's incident that was opened at that moment, as JSON.
    pub fn black_box(&self, agent: &EntityId, opened_at: Time) -> Result<Option<String>, StoreError> {
        self.read(|c| black_boxes::find(c, agent, opened_at))
    }

    /// Whether each of these incidents has a black box, in their order. Reads none of them.
    pub fn has_black_box(&self, incidents: &[Incident]) -> Result<Vec<bool>, StoreError> {
        self.read(|c| black_boxes::has(c, incidents))
    }

    /// Drills, newest first, at most `limit`.
    pub fn drills(&self, limit: u32) -> Result<Vec<Drill>, StoreError> {
        self.read(|c| drills::newest(c, limit))
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let result = query(&connection).map_err(|e| StoreError::sort(&self.path, e))?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(result)
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .and_then(|connection| connection.busy_timeout(BUSY_TIMEOUT).map(|()| connection))
        .map_err(|e| StoreError::sort(path, e))
}
