//! The table `transitions`: changes of liveness.

use beatkeeper_core::history::{Transition, Turns};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use rusqlite::{Connection, params};

use crate::agents::{self, Agents};
use crate::codes;
use crate::texts::Texts;

pub(crate) const ADD_COUNTS: &str = "ALTER TABLE transitions ADD COLUMN counts INTEGER NOT NULL DEFAULT 0;";

/// A column of its own is a byte in each of hundreds of thousands of rows.
pub(crate) const COUNTS_IN_WAS: &str = "
    UPDATE transitions SET was = was + 16 WHERE counts <> 0;
    ALTER TABLE transitions DROP COLUMN counts;
";

/// Added to the state that it was, where the turn counts as one.
const COUNTS: i64 = 16;

pub(crate) const CREATE: &str = "
    CREATE TABLE transitions (
        agent    INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
        at_ms    INTEGER NOT NULL,
        to_state INTEGER NOT NULL,
        was      INTEGER NOT NULL,
        cause    INTEGER NOT NULL,
        sentence INTEGER NOT NULL,
        PRIMARY KEY (agent, at_ms, to_state)
    ) STRICT, WITHOUT ROWID;
";

/// Writes the change; the same change at the same moment is written once.
pub(crate) fn write(
    connection: &Connection,
    agents: &mut Agents,
    texts: &mut Texts,
    transition: &Transition,
) -> rusqlite::Result<()> {
    let agent = agents.number(connection, &transition.agent)?;
    let cause = texts.number(connection, &transition.cause)?;
    let sentence = texts.number(connection, &transition.sentence)?;
    connection
        .prepare_cached(
            "INSERT INTO transitions (agent, at_ms, to_state, was, cause, sentence)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (agent, at_ms, to_state) DO UPDATE SET
                was = excluded.was, cause = excluded.cause, sentence = excluded.sentence",
        )?
        .execute(params![
            agent,
            codes::time(transition.at),
            codes::liveness(transition.to),
            codes::liveness(transition.from) + if transition.counts { COUNTS } else { 0 },
            cause,
            sentence
        ])?;
    Ok(())
}

/// The agent's changes before `before`, newest first: `limit` of them, and the rest of the last one's millisecond, so
/// that none is skipped when the next page begins before it.
pub(crate) fn before(
    connection: &Connection,
    agent: &EntityId,
    limit: u32,
    before: Option<Time>,
) -> rusqlite::Result<Vec<Transition>> {
    let Some(number) = agents::find(connection, agent)? else { return Ok(Vec::new()) };
    if limit == 0 {
        return Ok(Vec::new());
    }
    connection
        .prepare_cached(
            "SELECT at_ms, was & 15, to_state,
                (SELECT text FROM texts WHERE id = cause), (SELECT text FROM texts WHERE id = sentence), was >> 4
             FROM transitions
             WHERE agent = ?1 AND at_ms < ?2 AND at_ms >= ifnull(
                (SELECT at_ms FROM transitions WHERE agent = ?1 AND at_ms < ?2
                 ORDER BY at_ms DESC LIMIT 1 OFFSET ?3), 0)
             ORDER BY at_ms DESC, to_state DESC",
        )?
        .query_map(params![number, before.map_or(i64::MAX, codes::time), limit - 1], |row| {
            Ok(Transition {
                agent: agent.clone(),
                at: codes::read_time(row, 0)?,
                from: codes::read_liveness(row, 1)?,
                to: codes::read_liveness(row, 2)?,
                cause: row.get(3)?,
                sentence: row.get(4)?,
                counts: row.get(5)?,
            })
        })?
        .collect()
}

/// How the agent turned between beating and missing, from `from` on or since it was stopped last.
pub(crate) fn turns(connection: &Connection, agent: &EntityId, from: Time) -> rusqlite::Result<Turns> {
    let Some(number) = agents::find(connection, agent)? else { return Ok(Turns::default()) };
    let mut statement = connection.prepare_cached(
        "SELECT at_ms, was & 15, to_state, was >> 4 FROM transitions WHERE agent = ?1 AND at_ms >= ?2 ORDER BY at_ms, to_state",
    )?;
    let mut rows = statement.query(params![number, codes::time(from)])?;
    let mut turns = Turns::default();
    while let Some(row) = rows.next()? {
        turns.take(
            codes::read_time(row, 0)?,
            codes::read_liveness(row, 1)?,
            codes::read_liveness(row, 2)?,
            row.get(3)?,
        );
    }
    Ok(turns)
}
