//! How long alerts are kept, as far as that is not for each agent to say: deleting in small steps.
//!
//! | what | kept |
//! |---|---|
//! | incident | while it is open, then by age |
//! | delivery | while it waits or its incident is open, then by age |
//! | notice | while a delivery of it waits or its incident is open; else by age, and 10,000 at most |
//! | black box | while its incident is open; else as long as its incident, and 500 at most |
//! | drill | 100 at most, however old: the last one is shown for ever |

use rusqlite::{Connection, named_params};

/// Notices kept at most, beside those that are still needed: about 7 MB.
const NOTICES: u32 = 10_000;

/// Black boxes kept at most, beside those of open incidents: about 10 MB, 100 MB if all were as large as they may be.
const BLACK_BOXES: u32 = 500;

/// Drills kept at most.
const DRILLS: u32 = 100;

/// Rows of one kind deleted in one step.
const ROWS: u16 = 500;

const DELETE_DELIVERIES: &str = "
    DELETE FROM deliveries WHERE (notice, channel) IN (
        SELECT notice, channel FROM deliveries
        WHERE notice < :before
            AND (state <> 'waiting' OR NOT EXISTS (SELECT 1 FROM notices WHERE id = deliveries.notice))
            AND notice NOT IN (SELECT notice FROM incidents WHERE resolved IS NULL AND notice IS NOT NULL)
        LIMIT :rows)";

const DELETE_NOTICES: &str = "
    DELETE FROM notices WHERE id IN (
        SELECT id FROM notices
        WHERE (id < :before OR id <= (SELECT id FROM notices ORDER BY id DESC LIMIT 1 OFFSET :kept))
            AND NOT EXISTS (SELECT 1 FROM deliveries WHERE notice = notices.id AND state = 'waiting')
            AND id NOT IN (SELECT notice FROM incidents WHERE resolved IS NULL AND notice IS NOT NULL)
        LIMIT :rows)";

const DELETE_BLACK_BOXES: &str = "
    DELETE FROM black_boxes WHERE rowid IN (
        SELECT number FROM (
            SELECT rowid AS number, agent, opened_ms FROM black_boxes
            ORDER BY opened_ms DESC, rowid DESC LIMIT -1 OFFSET :kept) AS older
        WHERE NOT EXISTS (SELECT 1 FROM incidents
            WHERE agent = older.agent AND opened_ms = older.opened_ms AND resolved IS NULL)
        LIMIT :rows)";

const DELETE_DRILLS: &str = "
    DELETE FROM drills WHERE (agent, started_ms) IN (
        SELECT agent, started_ms FROM drills ORDER BY started_ms DESC, agent LIMIT :rows OFFSET :kept)";

/// Deletes some of what is not kept any more, `before` being the age in milliseconds since the epoch; true when nothing
/// is left to delete.
pub(crate) fn step(connection: &Connection, before: i64) -> rusqlite::Result<bool> {
    let deleted = [
        connection.prepare_cached(DELETE_DELIVERIES)?.execute(named_params! {":before": before, ":rows": ROWS})?,
        connection
            .prepare_cached(DELETE_NOTICES)?
            .execute(named_params! {":before": before, ":kept": NOTICES, ":rows": ROWS})?,
        connection.prepare_cached(DELETE_BLACK_BOXES)?.execute(named_params! {":kept": BLACK_BOXES, ":rows": ROWS})?,
        connection.prepare_cached(DELETE_DRILLS)?.execute(named_params! {":kept": DRILLS, ":rows": ROWS})?,
    ];
    Ok(deleted.into_iter().all(|rows| rows < usize::from(ROWS)))
}
