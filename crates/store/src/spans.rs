//! The table `spans`: runs of equal beats. An agent's spans follow one another and do not overlap.

use std::collections::HashMap;

use beatkeeper_core::history::Span;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::StripSpan;
use rusqlite::{Connection, Row, params};

use crate::agents::{self, Agents};
use crate::codes;
use crate::texts::Texts;

pub(crate) const CREATE: &str = "
    CREATE TABLE spans (
        agent   INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
        from_ms INTEGER NOT NULL,
        length  INTEGER NOT NULL,
        kind    INTEGER NOT NULL,
        beats   INTEGER NOT NULL,
        cause   INTEGER,
        PRIMARY KEY (agent, from_ms)
    ) STRICT, WITHOUT ROWID;
";

/// Begins the span, or extends the one that began at the same moment.
pub(crate) fn write(
    connection: &Connection,
    agents: &mut Agents,
    texts: &mut Texts,
    span: &Span,
) -> rusqlite::Result<()> {
    let agent = agents.number(connection, &span.agent)?;
    let cause = Some(span.cause.as_str()).filter(|cause| !cause.is_empty());
    let cause = texts.number_if_any(connection, cause)?;
    connection
        .prepare_cached(
            "INSERT INTO spans (agent, from_ms, length, kind, beats, cause) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (agent, from_ms) DO UPDATE
             SET length = excluded.length, kind = excluded.kind, beats = excluded.beats, cause = excluded.cause",
        )?
        .execute(params![
            agent,
            codes::time(span.from),
            codes::after(span.from, span.to),
            codes::span_kind(span.kind),
            span.beats,
            cause
        ])?;
    Ok(())
}

/// The agent's spans that touch `from..=to`, oldest first.
pub(crate) fn between(connection: &Connection, agent: &EntityId, from: Time, to: Time) -> rusqlite::Result<Vec<Span>> {
    let Some(number) = agents::find(connection, agent)? else { return Ok(Vec::new()) };
    // Only the last span that began before `from` can reach into the range: the search begins there.
    connection
        .prepare_cached(
            "SELECT from_ms, from_ms + length, kind, beats, (SELECT text FROM texts WHERE id = cause) FROM spans
             WHERE agent = ?1 AND from_ms + length >= ?2 AND from_ms <= ?3 AND from_ms >= ifnull(
                (SELECT max(from_ms) FROM spans WHERE agent = ?1 AND from_ms <= ?2), 0)
             ORDER BY from_ms",
        )?
        .query_map(params![number, codes::time(from), codes::time(to)], |row| read(row, agent.clone()))?
        .collect()
}

/// The newest span of every agent.
pub(crate) fn latest(connection: &Connection) -> rusqlite::Result<Vec<Span>> {
    connection
        .prepare_cached(
            "SELECT from_ms, from_ms + length, kind, beats, (SELECT text FROM texts WHERE id = cause), entity
             FROM agents CROSS JOIN spans ON agent = agents.id
                AND from_ms = (SELECT max(from_ms) FROM spans AS newest WHERE newest.agent = agents.id)",
        )?
        .query_map([], |row| read(row, codes::read_entity(row, 5)?))?
        .collect()
}

/// The beat strips of many agents: their spans that touch `from..=to`, oldest first. Every agent asked for has one. With
/// `what_was_before`, each begins with the last span that began before `from`, wherever that ended.
pub(crate) fn strips(
    connection: &Connection,
    agents: &[EntityId],
    from: Time,
    to: Time,
    what_was_before: bool,
) -> rusqlite::Result<HashMap<EntityId, Vec<StripSpan>>> {
    let mut strips: HashMap<EntityId, Vec<StripSpan>> = agents.iter().map(|a| (a.clone(), Vec::new())).collect();
    let wanted: Vec<EntityId> = strips.keys().cloned().collect();
    let mut statement = connection.prepare_cached(
        "SELECT wanted.key, kind, from_ms, from_ms + length, beats, (SELECT text FROM texts WHERE id = cause)
         FROM json_each(?1) AS wanted
         CROSS JOIN agents ON agents.entity = wanted.value
         CROSS JOIN spans ON spans.agent = agents.id
         WHERE (?4 OR from_ms + length >= ?2) AND from_ms <= ?3 AND from_ms >= ifnull(
            (SELECT max(from_ms) FROM spans AS first WHERE first.agent = agents.id AND first.from_ms <= ?2), 0)",
    )?;
    let mut rows =
        statement.query(params![json_array(&wanted), codes::time(from), codes::time(to), what_was_before])?;
    while let Some(row) = rows.next()? {
        let place = usize::try_from(row.get::<_, i64>(0)?).ok();
        let agent = place.and_then(|place| wanted.get(place));
        if let Some(strip) = agent.and_then(|agent| strips.get_mut(agent)) {
            strip.push(StripSpan {
                kind: codes::read_span_kind(row, 1)?,
                from: codes::read_time(row, 2)?,
                to: codes::read_time(row, 3)?,
                beats: row.get(4)?,
                cause: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            });
        }
    }
    for strip in strips.values_mut() {
        strip.sort_by_key(|span| span.from);
    }
    Ok(strips)
}

/// Entity ids hold nothing that JSON would want escaped.
fn json_array(agents: &[EntityId]) -> String {
    let quoted: Vec<String> = agents.iter().map(|agent| format!("\"{agent}\"")).collect();
    format!("[{}]", quoted.join(","))
}

fn read(row: &Row<'_>, agent: EntityId) -> rusqlite::Result<Span> {
    Ok(Span {
        agent,
        from: codes::read_time(row, 0)?,
        to: codes::read_time(row, 1)?,
        kind: codes::read_span_kind(row, 2)?,
        beats: row.get(3)?,
        cause: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
    })
}
