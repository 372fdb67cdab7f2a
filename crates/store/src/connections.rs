//! The table `connections`: every connection of our link, and the dials that led to it.

use beatkeeper_core::history::Connection as Row;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use rusqlite::{Connection, params};

use crate::agents::{self, Agents};
use crate::codes;
use crate::texts::Texts;

// `opened` and `closed` are milliseconds after `dialled_ms`.
// The index holds open connections only: one entry an agent, and the start finds them without reading the table.
pub(crate) const CREATE: &str = "
    CREATE TABLE connections (
        agent      INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
        dialled_ms INTEGER NOT NULL,
        opened     INTEGER,
        closed     INTEGER,
        beats      INTEGER NOT NULL,
        confirmed  INTEGER NOT NULL,
        close_code INTEGER,
        cause      INTEGER,
        sentence   INTEGER,
        attempts   INTEGER NOT NULL,
        waits      BLOB,
        PRIMARY KEY (agent, dialled_ms)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX connections_open ON connections (agent) WHERE closed IS NULL;
";

/// The cause of a connection that ended because Beatkeeper itself was killed or crashed.
pub const APP_ENDED: &str = "app.ended";

const APP_ENDED_SENTENCE: &str = "Beatkeeper ended without closing this connection.";

/// Close code of a connection that broke without a close frame.
const BROKEN: u16 = 1006;

/// Close code of a connection that somebody asked to close.
const NORMAL: u16 = 1000;

/// Writes the connection, or updates the one whose first dial began at the same moment.
pub(crate) fn write(
    connection: &Connection,
    agents: &mut Agents,
    texts: &mut Texts,
    row: &Row,
) -> rusqlite::Result<()> {
    let agent = agents.number(connection, &row.agent)?;
    let cause = texts.number_if_any(connection, row.cause.as_deref())?;
    let sentence = texts.number_if_any(connection, row.cause_sentence.as_deref())?;
    connection
        .prepare_cached(
            "INSERT INTO connections (agent, dialled_ms, opened, closed, beats, confirmed, close_code, cause,
                sentence, attempts, waits) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (agent, dialled_ms) DO UPDATE SET opened = excluded.opened,
                closed = excluded.closed, beats = excluded.beats, confirmed = excluded.confirmed,
                close_code = excluded.close_code, cause = excluded.cause, sentence = excluded.sentence,
                attempts = excluded.attempts, waits = excluded.waits",
        )?
        .execute(params![
            agent,
            codes::time(row.dialled_at),
            row.opened_at.map(|at| codes::after(row.dialled_at, at)),
            row.closed_at.map(|at| codes::after(row.dialled_at, at)),
            row.beats,
            row.confirmed,
            row.close_code,
            cause,
            sentence,
            row.attempts,
            pack(&row.waits_ms)
        ])?;
    Ok(())
}

/// The agent's connections dialled before `before`, newest first, at most `limit`.
pub(crate) fn before(
    connection: &Connection,
    agent: &EntityId,
    limit: u32,
    before: Option<Time>,
) -> rusqlite::Result<Vec<Row>> {
    let Some(number) = agents::find(connection, agent)? else { return Ok(Vec::new()) };
    connection
        .prepare_cached(
            "SELECT dialled_ms, dialled_ms + opened, dialled_ms + closed, beats, confirmed, close_code,
                (SELECT text FROM texts WHERE id = cause), (SELECT text FROM texts WHERE id = sentence),
                attempts, waits
             FROM connections WHERE agent = ?1 AND dialled_ms < ?2 ORDER BY dialled_ms DESC LIMIT ?3",
        )?
        .query_map(params![number, before.map_or(i64::MAX, codes::time), limit], |row| {
            Ok(Row {
                agent: agent.clone(),
                dialled_at: codes::read_time(row, 0)?,
                opened_at: codes::read_time_if_any(row, 1)?,
                closed_at: codes::read_time_if_any(row, 2)?,
                beats: row.get(3)?,
                confirmed: row.get(4)?,
                close_code: row.get(5)?,
                cause: row.get(6)?,
                cause_sentence: row.get(7)?,
                attempts: row.get(8)?,
                waits_ms: unpack(row.get_ref(9)?.as_blob_or_null()?.unwrap_or_default()),
            })
        })?
        .collect()
}

/// How often the agent's connection was lost and then opened again, counted where it opened again since `since`.
///
/// A connection that was asked to close, or ended with Beatkeeper itself, was not lost.
pub(crate) fn reconnects_since(connection: &Connection, agent: &EntityId, since: Time) -> rusqlite::Result<u32> {
    let Some(number) = agents::find(connection, agent)? else { return Ok(0) };
    let mut statement = connection.prepare_cached(
        "SELECT dialled_ms + opened, close_code, (SELECT text FROM texts WHERE id = cause) IS ?2
         FROM connections WHERE agent = ?1 AND opened IS NOT NULL ORDER BY dialled_ms DESC",
    )?;
    let mut rows = statement.query(params![number, APP_ENDED])?;
    let mut reconnects = 0;
    let mut opened_next = false;
    while let Some(row) = rows.next()? {
        let was_lost = row.get::<_, Option<u16>>(1)? != Some(NORMAL) && !row.get::<_, bool>(2)?;
        if opened_next && was_lost {
            reconnects += 1;
        }
        if codes::read_time(row, 0)? < since {
            break;
        }
        opened_next = true;
    }
    Ok(reconnects)
}

/// Closes what an earlier run left open, at the latest moment from which anything of that agent is known: the end of
/// its newest span, or else the last thing written at all. `at` is now: nothing closes later. Returns how many.
pub(crate) fn close_open(connection: &Connection, texts: &mut Texts, at: Time) -> rusqlite::Result<usize> {
    let any_open: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM connections WHERE closed IS NULL)", [], |r| r.get(0))?;
    if !any_open {
        return Ok(0);
    }
    let cause = texts.number(connection, APP_ENDED)?;
    let sentence = texts.number(connection, APP_ENDED_SENTENCE)?;
    let last_written: Option<i64> = connection.query_row(LAST_WRITTEN, [], |row| row.get(0))?;
    connection.execute(
        "UPDATE connections AS open SET
            closed = max(ifnull(opened, 0), min(?1, coalesce(
                (SELECT from_ms + length FROM spans
                 WHERE spans.agent = open.agent AND from_ms + length >= dialled_ms + ifnull(opened, 0)
                 ORDER BY from_ms DESC LIMIT 1),
                ?2, 0)) - dialled_ms),
            close_code = CASE WHEN opened IS NULL THEN NULL ELSE ?3 END, cause = ?4, sentence = ?5
         WHERE closed IS NULL",
        params![codes::time(at), last_written, BROKEN, cause, sentence],
    )
}

/// The newest time in the newest row of every agent and table.
const LAST_WRITTEN: &str = "
    SELECT max(newest) FROM (
        SELECT (SELECT from_ms + length FROM spans WHERE agent = agents.id ORDER BY from_ms DESC LIMIT 1) AS newest FROM agents
        UNION ALL
        SELECT (SELECT max(at_ms) FROM transitions WHERE agent = agents.id) FROM agents
        UNION ALL
        SELECT max(ifnull(confirmed_ms, 0), since_ms) FROM memory
        UNION ALL
        SELECT dialled_ms + ifnull(opened, 0) FROM connections WHERE closed IS NULL
    )";

/// Waits as variable-length integers, seven bits a byte: two bytes for most. Nothing for none.
fn pack(waits: &[u64]) -> Option<Vec<u8>> {
    if waits.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(waits.len() * 2);
    for wait in waits {
        let mut rest = *wait;
        while rest >= 0x80 {
            bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    Some(bytes)
}

fn unpack(bytes: &[u8]) -> Vec<u64> {
    let mut waits = Vec::new();
    let (mut wait, mut shift) = (0_u64, 0_u32);
    for byte in bytes {
        wait |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte & 0x80 == 0 {
            waits.push(wait);
            (wait, shift) = (0, 0);
        }
    }
    waits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_survive_packing() {
        for waits in [vec![], vec![0], vec![1000, 0, 127, 128, 60_000], vec![u64::MAX, 1, u64::from(u32::MAX)]] {
            assert_eq!(unpack(pack(&waits).as_deref().unwrap_or_default()), waits);
        }
    }
}
