//! The table `pause`: until when nobody is interrupted at all; one row or none.

use beatkeeper_core::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use crate::codes;

pub(crate) const CREATE: &str = "
    CREATE TABLE pause (
        id       INTEGER PRIMARY KEY CHECK (id = 1),
        until_ms INTEGER NOT NULL
    ) STRICT;
";

/// Replaces the pause, or ends it.
pub(crate) fn write(connection: &Connection, until: Option<Time>) -> rusqlite::Result<()> {
    match until {
        Some(until) => connection
            .prepare_cached("INSERT OR REPLACE INTO pause (id, until_ms) VALUES (1, ?1)")?
            .execute(params![codes::time(until)])?,
        None => connection.prepare_cached("DELETE FROM pause")?.execute([])?,
    };
    Ok(())
}

/// Until when, over or not.
pub(crate) fn until(connection: &Connection) -> rusqlite::Result<Option<Time>> {
    connection.prepare_cached("SELECT until_ms FROM pause")?.query_row([], |row| codes::read_time(row, 0)).optional()
}
