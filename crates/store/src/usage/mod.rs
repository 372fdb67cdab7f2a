//! The table `usage`: what processes cost, several buckets in one row.
//!
//! A row has one agent's buckets of six hours, or of four days once they are coarse. The key begins with the time: all
//! agents' rows of now lie together and are written together, and what is too old lies together and is deleted together.
//! Deleting an agent looks at the whole table for that, which has a few thousand rows.

mod packed;

use std::collections::HashMap;
use std::time::Duration;

use beatkeeper_core::history::usage::{FINE_KEPT, UsageBucket, UsageStep, thin};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::{Time, millis};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::agents::{self, Agents};
use crate::codes;

pub(crate) const CREATE: &str = "
    CREATE TABLE usage (
        step    INTEGER NOT NULL,
        from_ms INTEGER NOT NULL,
        agent   INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
        buckets BLOB NOT NULL,
        PRIMARY KEY (step, from_ms, agent)
    ) STRICT, WITHOUT ROWID;
";

/// Rows thinned in one step.
const ROWS: u32 = 200;

/// Steps' numbers. A number, once given, keeps its meaning for ever, and so do its lengths.
const fn code(step: UsageStep) -> i64 {
    match step {
        UsageStep::Fine => 0,
        UsageStep::Coarse => 1,
    }
}

/// How much time is in one row: little of what is written again each minute, much of what is written seldom.
const fn row_length(step: UsageStep) -> Duration {
    match step {
        UsageStep::Fine => Duration::from_secs(6 * 3_600),
        UsageStep::Coarse => Duration::from_secs(4 * 24 * 3_600),
    }
}

fn row_of(step: UsageStep, at: Time) -> Time {
    Time::from_millis(at.as_millis() - at.as_millis() % millis(row_length(step)))
}

/// Replaces the agent's bucket of that time.
pub(crate) fn write(
    connection: &Connection,
    agents: &mut Agents,
    agent: &EntityId,
    bucket: &UsageBucket,
) -> rusqlite::Result<()> {
    let agent = agents.number(connection, agent)?;
    put(connection, agent, bucket.step, row_of(bucket.step, bucket.from), std::slice::from_ref(bucket))
}

/// Puts buckets into the row in which they belong, each in the place of one of its time.
fn put(
    connection: &Connection,
    agent: i64,
    step: UsageStep,
    row: Time,
    buckets: &[UsageBucket],
) -> rusqlite::Result<()> {
    let old: Option<Vec<u8>> = connection
        .prepare_cached("SELECT buckets FROM usage WHERE step = ?1 AND from_ms = ?2 AND agent = ?3")?
        .query_row(params![code(step), codes::time(row), agent], |row| row.get(0))
        .optional()?;
    // What cannot be read is lost already, and must not keep what is new from being written.
    let mut all = old.and_then(|old| packed::unpack(&old, step, row)).unwrap_or_default();
    for bucket in buckets {
        match all.binary_search_by_key(&bucket.from, |old| old.from) {
            Ok(place) => all[place] = *bucket,
            Err(place) => all.insert(place, *bucket),
        }
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO usage (step, from_ms, agent, buckets) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![code(step), codes::time(row), agent, packed::pack(&all, row)])?;
    Ok(())
}

/// The agent's buckets that touch `from..=to`, oldest first.
pub(crate) fn between(
    connection: &Connection,
    agent: &EntityId,
    from: Time,
    to: Time,
) -> rusqlite::Result<Vec<UsageBucket>> {
    let Some(agent) = agents::find(connection, agent)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for step in [UsageStep::Coarse, UsageStep::Fine] {
        // By time alone the whole month would be searched through: each row's key is known.
        let (first, last) = kept(connection, step)?;
        let mut row = row_of(step, from.max(first));
        let mut find = connection
            .prepare_cached("SELECT buckets, from_ms FROM usage WHERE step = ?1 AND from_ms = ?2 AND agent = ?3")?;
        while row <= to.min(last) {
            let buckets =
                find.query_row(params![code(step), codes::time(row), agent], |row| read(row, 0, 1, step)).optional()?;
            found.extend(buckets.unwrap_or_default());
            row = row + row_length(step);
        }
    }
    found.retain(|bucket| bucket.to() > from && bucket.from <= to);
    Ok(found)
}

/// When the first and the last row of the table begin.
fn kept(connection: &Connection, step: UsageStep) -> rusqlite::Result<(Time, Time)> {
    let end = |order| {
        let sql = format!("SELECT from_ms FROM usage WHERE step = ?1 ORDER BY from_ms {order} LIMIT 1");
        let found = connection.prepare_cached(&sql)?.query_row([code(step)], |row| codes::read_time(row, 0));
        found.optional()
    };
    // Of an empty table, no row lies between these.
    Ok((end("ASC")?.unwrap_or(row_of(step, Time::from_millis(u64::MAX))), end("DESC")?.unwrap_or(Time::ZERO)))
}

/// Each agent's fine bucket in which `now` lies.
pub(crate) fn open(connection: &Connection, now: Time) -> rusqlite::Result<HashMap<EntityId, UsageBucket>> {
    let step = UsageStep::Fine;
    let begin = step.begin(now);
    let mut statement = connection.prepare_cached(
        "SELECT buckets, from_ms, entity FROM usage JOIN agents ON agents.id = agent WHERE step = ?1 AND from_ms = ?2",
    )?;
    let rows = statement.query_map(params![code(step), codes::time(row_of(step, now))], |row| {
        Ok((codes::read_entity(row, 2)?, read(row, 0, 1, step)?))
    })?;
    let mut open = HashMap::new();
    for row in rows {
        let (agent, buckets) = row?;
        open.extend(buckets.into_iter().find(|bucket| bucket.from == begin).map(|bucket| (agent, bucket)));
    }
    Ok(open)
}

/// Thins some of what is a day old, and deletes what ended before `before`, in milliseconds since the epoch; true when all
/// is done. How old a row is, is told by the newest one: while nothing runs, nothing grows.
pub(crate) fn step(connection: &Connection, before: i64) -> rusqlite::Result<bool> {
    let (_, newest) = kept(connection, UsageStep::Fine)?;
    let thinned = thin_some(connection, newest - FINE_KEPT - row_length(UsageStep::Fine))?;
    for step in [UsageStep::Fine, UsageStep::Coarse] {
        let length = i64::try_from(millis(row_length(step))).unwrap_or(i64::MAX);
        connection
            .prepare_cached("DELETE FROM usage WHERE step = ?1 AND from_ms < ?2")?
            .execute([code(step), before.saturating_sub(length)])?;
    }
    Ok(thinned < ROWS)
}

/// Replaces fine rows that began at `last` or before with coarse ones; answers how many.
fn thin_some(connection: &Connection, last: Time) -> rusqlite::Result<u32> {
    let fine: Vec<(i64, Time, Vec<UsageBucket>)> = connection
        .prepare_cached(
            "SELECT buckets, from_ms, agent FROM usage WHERE step = ?1 AND from_ms <= ?2
             ORDER BY from_ms, agent LIMIT ?3",
        )?
        .query_map(params![code(UsageStep::Fine), codes::time(last), ROWS], |row| {
            // One that cannot be read goes, too.
            let buckets = read(row, 0, 1, UsageStep::Fine).unwrap_or_default();
            Ok((row.get(2)?, codes::read_time(row, 1)?, buckets))
        })?
        .collect::<Result<_, _>>()?;
    let mut rows = 0;
    for (agent, from, buckets) in fine {
        let coarse = UsageStep::Coarse;
        // Six hours never reach over the end of four days.
        put(connection, agent, coarse, row_of(coarse, from), &thin(&buckets))?;
        connection
            .prepare_cached("DELETE FROM usage WHERE step = ?1 AND from_ms = ?2 AND agent = ?3")?
            .execute(params![code(UsageStep::Fine), codes::time(from), agent])?;
        rows += 1;
    }
    Ok(rows)
}

fn read(row: &Row<'_>, buckets: usize, from: usize, step: UsageStep) -> rusqlite::Result<Vec<UsageBucket>> {
    let bytes = row.get_ref(buckets)?.as_blob()?;
    packed::unpack(bytes, step, codes::read_time(row, from)?).ok_or_else(|| {
        let torn = "buckets that end in the middle".into();
        rusqlite::Error::FromSqlConversionFailure(buckets, rusqlite::types::Type::Blob, torn)
    })
}
