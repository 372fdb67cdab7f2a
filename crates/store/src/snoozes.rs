//! The table `snoozes`: until when nobody is interrupted because of an agent.

use std::collections::HashMap;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use rusqlite::{Connection, params};

use crate::agents::{self, Agents};
use crate::codes;

// Snoozes were a column of `memory` before.
pub(crate) const CREATE: &str = "
    CREATE TABLE snoozes (
        agent    INTEGER PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
        until_ms INTEGER NOT NULL
    ) STRICT;
    INSERT INTO snoozes (agent, until_ms) SELECT agent, snoozed_ms FROM memory WHERE snoozed_ms IS NOT NULL;
";

/// Replaces the agent's snooze, or ends it.
pub(crate) fn write(
    connection: &Connection,
    agents: &mut Agents,
    agent: &EntityId,
    until: Option<Time>,
) -> rusqlite::Result<()> {
    let Some(until) = until else {
        // An agent without a number has none, and needs no number for that.
        let Some(number) = agents::find(connection, agent)? else { return Ok(()) };
        connection.prepare_cached("DELETE FROM snoozes WHERE agent = ?1")?.execute([number])?;
        return Ok(());
    };
    let number = agents.number(connection, agent)?;
    connection
        .prepare_cached(
            "INSERT INTO snoozes (agent, until_ms) VALUES (?1, ?2)
             ON CONFLICT (agent) DO UPDATE SET until_ms = excluded.until_ms",
        )?
        .execute(params![number, codes::time(until)])?;
    Ok(())
}

/// Every agent's snooze, over or not.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<HashMap<EntityId, Time>> {
    connection
        .prepare_cached("SELECT entity, until_ms FROM snoozes JOIN agents ON agents.id = snoozes.agent")?
        .query_map([], |row| Ok((codes::read_entity(row, 0)?, codes::read_time(row, 1)?)))?
        .collect()
}
