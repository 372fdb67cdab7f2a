//! The table `memory`: what must be known of an agent after a restart, one row each.

use beatkeeper_core::history::AgentMemory;
use rusqlite::{Connection, params};

use crate::agents::Agents;
use crate::codes;

pub(crate) const CREATE: &str = "
    CREATE TABLE memory (
        agent        INTEGER PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
        liveness     INTEGER NOT NULL,
        since_ms     INTEGER NOT NULL,
        confirmed_ms INTEGER,
        alerted      INTEGER NOT NULL
    ) STRICT;
";

pub(crate) const ADD_SNOOZE: &str = "ALTER TABLE memory ADD COLUMN snoozed_ms INTEGER;";

/// Incidents know who was told, and snoozes have a table of their own by then.
pub(crate) const DROP_ALERTS: &str = "
    ALTER TABLE memory DROP COLUMN alerted;
    ALTER TABLE memory DROP COLUMN snoozed_ms;
";

/// Replaces the agent's memory.
pub(crate) fn write(connection: &Connection, agents: &mut Agents, memory: &AgentMemory) -> rusqlite::Result<()> {
    let agent = agents.number(connection, &memory.agent)?;
    connection
        .prepare_cached(
            "INSERT INTO memory (agent, liveness, since_ms, confirmed_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (agent) DO UPDATE SET liveness = excluded.liveness, since_ms = excluded.since_ms,
                confirmed_ms = excluded.confirmed_ms",
        )?
        .execute(params![
            agent,
            codes::liveness(memory.liveness),
            codes::time(memory.since),
            memory.last_confirmed_at.map(codes::time)
        ])?;
    Ok(())
}

/// Every agent's memory.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<AgentMemory>> {
    connection
        .prepare_cached(
            "SELECT entity, liveness, since_ms, confirmed_ms
             FROM memory JOIN agents ON agents.id = memory.agent ORDER BY agents.id",
        )?
        .query_map([], |row| {
            Ok(AgentMemory {
                agent: codes::read_entity(row, 0)?,
                liveness: codes::read_liveness(row, 1)?,
                since: codes::read_time(row, 2)?,
                last_confirmed_at: codes::read_time_if_any(row, 3)?,
            })
        })?
        .collect()
}
