//! Deleting what is too old, in small steps between batches.

use beatkeeper_core::time::Time;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::agents::Agents;
use crate::codes;
use crate::pending::Pending;
use crate::texts::Texts;
use crate::{connections, memory, spans, transitions};

/// Agents looked at in one step.
const AGENTS: u32 = 16;

/// Texts looked at in one step.
const TEXTS: u32 = 1_000;

/// What the writer knows of the database without asking it.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) agents: Agents,
    pub(crate) texts: Texts,
}

/// Writes a batch in one transaction: all of it or nothing.
pub(crate) fn write(connection: &mut Connection, names: &mut Names, batch: &Pending) -> rusqlite::Result<()> {
    in_transaction(connection, names, |transaction, Names { agents, texts }| {
        for agent in &batch.forget {
            agents.forget(transaction, agent)?;
        }
        for span in batch.spans.values() {
            spans::write(transaction, agents, texts, span)?;
        }
        for connection in batch.connections.values() {
            connections::write(transaction, agents, texts, connection)?;
        }
        for transition in batch.transitions.values() {
            transitions::write(transaction, agents, texts, transition)?;
        }
        for row in batch.memory.values() {
            memory::write(transaction, agents, row)?;
        }
        Ok(())
    })
}

/// Runs `work` in one transaction. What was learnt in it is forgotten when it fails.
pub(crate) fn in_transaction<T>(
    connection: &mut Connection,
    names: &mut Names,
    work: impl FnOnce(&Transaction<'_>, &mut Names) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let result = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
        let result = work(&transaction, names)?;
        transaction.commit()?;
        Ok(result)
    });
    if result.is_err() {
        names.agents.clear();
        names.texts.clear();
    }
    result
}

/// A walk over all agents that deletes what ended before a moment, then the texts that nothing names any more.
#[derive(Debug)]
pub(crate) struct Sweep {
    before: i64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Agents { after: i64 },
    Texts { after: i64 },
}

impl Sweep {
    /// Deletes what ended before `before`; with [`Time::ZERO`] only texts without use.
    pub(crate) fn begin(names: &mut Names, before: Time) -> Self {
        names.texts.begin_sweep();
        Self { before: codes::time(before), stage: Stage::Agents { after: 0 } }
    }

    /// Does a little of it; true when all is done.
    pub(crate) fn step(&mut self, connection: &mut Connection, names: &mut Names) -> rusqlite::Result<bool> {
        let (before, stage) = (self.before, self.stage);
        let next = in_transaction(connection, names, |transaction, names| match stage {
            Stage::Agents { after } => sweep_agents(transaction, names, before, after),
            Stage::Texts { after } => sweep_texts(transaction, names, after),
        });
        match next {
            Ok(Some(stage)) => {
                self.stage = stage;
                Ok(false)
            }
            Ok(None) => {
                names.texts.end_sweep();
                Ok(true)
            }
            Err(error) => {
                names.texts.end_sweep();
                Err(error)
            }
        }
    }
}

fn sweep_agents(
    transaction: &Transaction<'_>,
    names: &mut Names,
    before: i64,
    after: i64,
) -> rusqlite::Result<Option<Stage>> {
    let agents: Vec<i64> = transaction
        .prepare_cached("SELECT id FROM agents WHERE id > ?1 ORDER BY id LIMIT ?2")?
        .query_map(params![after, AGENTS], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let Some(last) = agents.last().copied() else { return Ok(Some(Stage::Texts { after: 0 })) };
    for agent in agents {
        for delete in [
            // What ended before began before, and what begins is the order in which rows lie.
            "DELETE FROM spans WHERE agent = ?1 AND from_ms < ?2 AND from_ms + length < ?2",
            "DELETE FROM connections WHERE agent = ?1 AND dialled_ms < ?2 AND dialled_ms + closed < ?2",
            "DELETE FROM transitions WHERE agent = ?1 AND at_ms < ?2",
        ] {
            transaction.prepare_cached(delete)?.execute([agent, before])?;
        }
        let mut in_use = transaction.prepare_cached(
            "SELECT cause FROM spans WHERE agent = ?1
             UNION SELECT cause FROM connections WHERE agent = ?1
             UNION SELECT sentence FROM connections WHERE agent = ?1
             UNION SELECT cause FROM transitions WHERE agent = ?1
             UNION SELECT sentence FROM transitions WHERE agent = ?1",
        )?;
        let mut rows = in_use.query([agent])?;
        while let Some(row) = rows.next()? {
            if let Some(number) = row.get(0)? {
                names.texts.mark(number);
            }
        }
    }
    Ok(Some(Stage::Agents { after: last }))
}

fn sweep_texts(transaction: &Transaction<'_>, names: &mut Names, after: i64) -> rusqlite::Result<Option<Stage>> {
    let texts: Vec<i64> = transaction
        .prepare_cached("SELECT id FROM texts WHERE id > ?1 ORDER BY id LIMIT ?2")?
        .query_map(params![after, TEXTS], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let Some(last) = texts.last().copied() else { return Ok(None) };
    let mut gone = false;
    for text in texts.into_iter().filter(|text| names.texts.is_unused(*text)) {
        transaction.prepare_cached("DELETE FROM texts WHERE id = ?1")?.execute([text])?;
        gone = true;
    }
    if gone {
        // A batch may come before the next step, and must not use a number that is gone.
        names.texts.clear();
    }
    Ok(Some(Stage::Texts { after: last }))
}
