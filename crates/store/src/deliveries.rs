//! The table `deliveries`: how far each notice got on its way to each channel.

use beatkeeper_core::alert::{Delivery, DeliveryState};
use beatkeeper_core::notice::{Notice, NoticeId};
use rusqlite::{Connection, Row, params};

use crate::codes;
use crate::texts;

// The notice is no foreign key: it may be forgotten while it is still being sent. The index holds what waits or is
// dead, which is little.
pub(crate) const CREATE: &str = "
    CREATE TABLE deliveries (
        notice   INTEGER NOT NULL,
        channel  TEXT NOT NULL,
        state    TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        problem  TEXT,
        next_ms  INTEGER,
        at_ms    INTEGER NOT NULL,
        PRIMARY KEY (notice, channel)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deliveries_unfinished ON deliveries (state, at_ms) WHERE state <> 'delivered';
";

const COLUMNS: &str = "notice, channel, state, attempts, problem, next_ms, at_ms";

/// Writes the delivery, or updates the one of the notice to the same channel. A problem of more than 2,000 bytes is cut.
pub(crate) fn write(connection: &Connection, delivery: &Delivery) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&format!("INSERT OR REPLACE INTO deliveries ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"))?
        .execute(params![
            codes::notice(delivery.notice),
            delivery.channel,
            delivery.state.as_str(),
            delivery.attempts,
            delivery.problem.as_deref().map(texts::cut),
            delivery.next_at.map(codes::time),
            codes::time(delivery.at)
        ])?;
    Ok(())
}

/// Has the deliveries of a channel go by its new name. They take the place of what an earlier channel of that name left of
/// the same notices.
pub(crate) fn rename(connection: &Connection, from: &str, to: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE OR REPLACE deliveries SET channel = ?2 WHERE channel = ?1")?
        .execute([from, to])?;
    Ok(())
}

/// The deliveries of these notices, in the order of the notices, then of the channels' names.
pub(crate) fn of(connection: &Connection, notices: &[NoticeId]) -> rusqlite::Result<Vec<Delivery>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM deliveries WHERE notice = ?1 ORDER BY channel"))?;
    let mut deliveries = Vec::new();
    for notice in notices {
        for delivery in statement.query_map([codes::notice(*notice)], read)? {
            deliveries.push(delivery?);
        }
    }
    Ok(deliveries)
}

/// Those that wait, with what they carry, the longest unchanged first.
pub(crate) fn waiting(connection: &Connection) -> rusqlite::Result<Vec<(Delivery, Notice)>> {
    unfinished(connection, DeliveryState::Waiting, "ORDER BY at_ms, notice", u32::MAX)
}

/// Those that are not tried any more, with what they carry, newest first, at most `limit`.
pub(crate) fn dead(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<(Delivery, Notice)>> {
    unfinished(connection, DeliveryState::Dead, "ORDER BY at_ms DESC, notice DESC", limit)
}

fn unfinished(
    connection: &Connection,
    state: DeliveryState,
    order: &str,
    limit: u32,
) -> rusqlite::Result<Vec<(Delivery, Notice)>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, record FROM deliveries CROSS JOIN notices ON notices.id = deliveries.notice
             WHERE state = ?1 AND state <> 'delivered' {order} LIMIT ?2"
        ))?
        .query_map(params![state.as_str(), limit], |row| Ok((read(row)?, codes::read_json(row, 7)?)))?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        notice: codes::read_notice(row, 0)?,
        channel: row.get(1)?,
        state: codes::read_name(row, 2, DeliveryState::from_name)?,
        attempts: row.get(3)?,
        problem: row.get(4)?,
        next_at: codes::read_time_if_any(row, 5)?,
        at: codes::read_time(row, 6)?,
    })
}
