//! The table `agents`: an entity id once, and a small number for it everywhere else.

use std::collections::HashMap;

use beatkeeper_core::identity::EntityId;
use rusqlite::{Connection, OptionalExtension};

pub(crate) const CREATE: &str = "
    CREATE TABLE agents (
        id     INTEGER PRIMARY KEY,
        entity TEXT NOT NULL UNIQUE
    ) STRICT;
";

/// Numbers already looked up. Must be emptied when a transaction is rolled back, since it may have given some away.
#[derive(Debug, Default)]
pub(crate) struct Agents(HashMap<EntityId, i64>);

impl Agents {
    /// The agent's number, given now if it has none.
    pub(crate) fn number(&mut self, connection: &Connection, agent: &EntityId) -> rusqlite::Result<i64> {
        if let Some(number) = self.0.get(agent) {
            return Ok(*number);
        }
        let number = match find(connection, agent)? {
            Some(number) => number,
            None => connection
                .prepare_cached("INSERT INTO agents (entity) VALUES (?1) RETURNING id")?
                .query_row([agent.as_str()], |row| row.get(0))?,
        };
        self.0.insert(agent.clone(), number);
        Ok(number)
    }

    /// Deletes everything that is kept of the agent; rows of other tables go with its number.
    pub(crate) fn forget(&mut self, connection: &Connection, agent: &EntityId) -> rusqlite::Result<()> {
        self.0.remove(agent);
        connection.prepare_cached("DELETE FROM agents WHERE entity = ?1")?.execute([agent.as_str()])?;
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The agent's number, if it has one.
pub(crate) fn find(connection: &Connection, agent: &EntityId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM agents WHERE entity = ?1")?
        .query_row([agent.as_str()], |row| row.get(0))
        .optional()
}
