//! The table `black_boxes`: what was known when an incident was opened, as JSON.

use beatkeeper_core::alert::Incident;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use crate::agents;
use crate::codes;

/// The largest black box that is kept, in bytes.
pub const LARGEST: usize = 200_000;

// Rows are large, so the key is an index beside them. The incident is no foreign key: it may be forgotten while its box
// is still being filled. `housekeeping` deletes a box whose incident is gone.
pub(crate) const CREATE: &str = "
    CREATE TABLE black_boxes (
        agent     INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
        opened_ms INTEGER NOT NULL,
        record    TEXT NOT NULL,
        PRIMARY KEY (agent, opened_ms)
    ) STRICT;
    CREATE INDEX black_boxes_opened ON black_boxes (opened_ms);
";

/// Replaces the black box of the agent's incident of that moment.
pub(crate) fn write(connection: &Connection, agent: &EntityId, opened_at: Time, json: &str) -> rusqlite::Result<()> {
    // Its incident was kept before it: an agent that nobody knows was forgotten meanwhile.
    let Some(number) = agents::find(connection, agent)? else { return Ok(()) };
    connection
        .prepare_cached("INSERT OR REPLACE INTO black_boxes (agent, opened_ms, record) VALUES (?1, ?2, ?3)")?
        .execute(params![number, codes::time(opened_at), json])?;
    Ok(())
}

/// The black box of the agent's incident of that moment.
pub(crate) fn find(connection: &Connection, agent: &EntityId, opened_at: Time) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT record FROM black_boxes JOIN agents ON agents.id = agent WHERE entity = ?1 AND opened_ms = ?2",
        )?
        .query_row(params![agent.as_str(), codes::time(opened_at)], |row| row.get(0))
        .optional()
}

/// Whether each of the incidents has one. Reads none of them.
pub(crate) fn has(connection: &Connection, incidents: &[Incident]) -> rusqlite::Result<Vec<bool>> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM black_boxes JOIN agents ON agents.id = agent
         WHERE entity = ?1 AND opened_ms = ?2)",
    )?;
    incidents
        .iter()
        .map(|incident| {
            statement.query_row(params![incident.agent.as_str(), codes::time(incident.opened_at)], |row| row.get(0))
        })
        .collect()
}
