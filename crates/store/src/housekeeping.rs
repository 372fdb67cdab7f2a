//! Deleting what is too old, in small steps between batches.

use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::time::Time;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::agents::Agents;
use crate::codes;
use crate::pending::Pending;
use crate::texts::Texts;
use crate::{
    black_boxes, connections, deliveries, dialects, drills, incidents, memory, notices, pause, retention, snoozes,
    spans, transitions, usage,
};

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
    in_transaction(connection, names, |transaction, names| {
        for agent in &batch.forget {
            names.agents.forget(transaction, agent)?;
        }
        if !batch.forget.is_empty() {
            notices::forget(transaction, &batch.forget)?;
        }
        for (from, to) in &batch.renamed {
            deliveries::rename(transaction, from, to)?;
        }
        // A black box needs an agent that others know.
        let (boxes, others): (Vec<_>, Vec<_>) =
            batch.rows().partition(|row| matches!(row, HistoryRow::BlackBox { .. }));
        others.into_iter().chain(boxes).try_for_each(|row| write_row(transaction, names, row))
    })
}

fn write_row(transaction: &Transaction<'_>, names: &mut Names, row: &HistoryRow) -> rusqlite::Result<()> {
    let Names { agents, texts } = names;
    match row {
        HistoryRow::Span(span) => spans::write(transaction, agents, texts, span),
        HistoryRow::Connection(connection) => connections::write(transaction, agents, texts, connection),
        HistoryRow::Transition(transition) => transitions::write(transaction, agents, texts, transition),
        HistoryRow::Memory(memory) => memory::write(transaction, agents, memory),
        HistoryRow::Incident(incident) => incidents::write(transaction, agents, texts, incident),
        HistoryRow::Snooze(agent, until) => snoozes::write(transaction, agents, agent, *until),
        HistoryRow::Pause(until) => pause::write(transaction, *until),
        HistoryRow::Notice(notice) => notices::write(transaction, notice),
        HistoryRow::Delivery(delivery) => deliveries::write(transaction, delivery),
        HistoryRow::BlackBox { agent, opened_at, json } => black_boxes::write(transaction, agent, *opened_at, json),
        HistoryRow::Drill(drill) => drills::write(transaction, agents, drill),
        HistoryRow::Usage(agent, bucket) => usage::write(transaction, agents, agent, bucket),
        HistoryRow::Dialect(url, dialect) => dialects::write(transaction, url, *dialect),
    }
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

/// A walk over all agents that deletes what ended before a moment, then thins what processes cost, then deletes alerts that
/// are kept no longer, then the texts that nothing names any more.
#[derive(Debug)]
pub(crate) struct Sweep {
    before: i64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Agents { after: i64 },
    Usage,
    Alerts,
    Texts { after: i64 },
}

impl Sweep {
    /// Deletes what ended before `before`; with [`Time::ZERO`] only what is too many, and texts without use.
    pub(crate) fn begin(names: &mut Names, before: Time) -> Self {
        names.texts.begin_sweep();
        Self { before: codes::time(before), stage: Stage::Agents { after: 0 } }
    }

    /// Does a little of it; true when all is done.
    pub(crate) fn step(&mut self, connection: &mut Connection, names: &mut Names) -> rusqlite::Result<bool> {
        let (before, stage) = (self.before, self.stage);
        let next = in_transaction(connection, names, |transaction, names| match stage {
            Stage::Agents { after } => sweep_agents(transaction, names, before, after),
            Stage::Usage => {
                let done = usage::step(transaction, before)?;
                Ok(Some(if done { Stage::Alerts } else { Stage::Usage }))
            }
            Stage::Alerts => {
                let done = retention::step(transaction, before)?;
                Ok(Some(if done { Stage::Texts { after: 0 } } else { Stage::Alerts }))
            }
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
    let Some(last) = agents.last().copied() else { return Ok(Some(Stage::Usage)) };
    for agent in agents {
        for delete in [
            // What ended before began before, and what begins is the order in which rows lie.
            "DELETE FROM spans WHERE agent = ?1 AND from_ms < ?2 AND from_ms + length < ?2",
            "DELETE FROM connections WHERE agent = ?1 AND dialled_ms < ?2 AND dialled_ms + closed < ?2",
            "DELETE FROM transitions WHERE agent = ?1 AND at_ms < ?2",
            // One that is open has no end yet.
            "DELETE FROM incidents WHERE agent = ?1 AND opened_ms < ?2 AND opened_ms + resolved < ?2",
            "DELETE FROM black_boxes WHERE agent = ?1 AND opened_ms < ?2 AND NOT EXISTS (SELECT 1 FROM incidents
                WHERE incidents.agent = black_boxes.agent AND incidents.opened_ms = black_boxes.opened_ms)",
        ] {
            transaction.prepare_cached(delete)?.execute([agent, before])?;
        }
        let mut in_use = transaction.prepare_cached(
            "SELECT cause FROM spans WHERE agent = ?1
             UNION SELECT cause FROM connections WHERE agent = ?1
             UNION SELECT sentence FROM connections WHERE agent = ?1
             UNION SELECT cause FROM transitions WHERE agent = ?1
             UNION SELECT sentence FROM transitions WHERE agent = ?1
             UNION SELECT cause FROM incidents WHERE agent = ?1
             UNION SELECT sentence FROM incidents WHERE agent = ?1",
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
