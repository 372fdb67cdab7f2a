//! The table `drills`: silences that were asked for, and what was measured.

use beatkeeper_core::alert::Drill;
use rusqlite::{Connection, params};

use crate::agents::Agents;
use crate::codes;

pub(crate) const CREATE: &str = "
    CREATE TABLE drills (
        agent      INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
        started_ms INTEGER NOT NULL,
        record     TEXT NOT NULL,
        PRIMARY KEY (agent, started_ms)
    ) STRICT, WITHOUT ROWID;
";

/// Writes the drill, or updates the one of the agent that was started at the same moment.
pub(crate) fn write(connection: &Connection, agents: &mut Agents, drill: &Drill) -> rusqlite::Result<()> {
    let agent = agents.number(connection, &drill.agent)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO drills (agent, started_ms, record) VALUES (?1, ?2, ?3)")?
        .execute(params![agent, codes::time(drill.started_at), codes::json(drill)?])?;
    Ok(())
}

/// Drills, newest first, at most `limit`. Few are kept, so none is searched for.
pub(crate) fn newest(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<Drill>> {
    connection
        .prepare_cached("SELECT record FROM drills ORDER BY started_ms DESC, agent LIMIT ?1")?
        .query_map([limit], |row| codes::read_json(row, 0))?
        .collect()
}
