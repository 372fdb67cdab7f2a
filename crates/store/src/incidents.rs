//! The table `incidents`: each time that an agent was worth a person's attention.

use beatkeeper_core::alert::{Fault, Held, Incident, IncidentCursor, Resolution};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::NoticeKind;
use beatkeeper_core::time::Time;
use rusqlite::{Connection, Row, params};

use crate::agents::{self, Agents};
use crate::codes;
use crate::texts::Texts;

// Moments are milliseconds from `opened_ms`; the last beat was before it. What one agent says over and over costs its
// numbers only: a row takes about 60 bytes, where JSON takes 500.
pub(crate) const CREATE: &str = "
    CREATE TABLE incidents (
        agent              INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
        opened_ms          INTEGER NOT NULL,
        last_beat          INTEGER,
        worst              INTEGER NOT NULL,
        cause              INTEGER NOT NULL,
        sentence           INTEGER NOT NULL,
        fault              TEXT NOT NULL,
        flapping           INTEGER NOT NULL,
        told               INTEGER,
        told_as            TEXT,
        notice             INTEGER,
        escalated          INTEGER,
        held               TEXT,
        acknowledged       INTEGER,
        acknowledged_until INTEGER,
        resolved           INTEGER,
        resolution         TEXT,
        drill              INTEGER NOT NULL,
        PRIMARY KEY (agent, opened_ms)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX incidents_opened ON incidents (opened_ms);
    CREATE INDEX incidents_open ON incidents (opened_ms) WHERE resolved IS NULL;
";

/// Writes the incident, or updates the one of the agent that was opened at the same moment.
pub(crate) fn write(
    connection: &Connection,
    agents: &mut Agents,
    texts: &mut Texts,
    incident: &Incident,
) -> rusqlite::Result<()> {
    let agent = agents.number(connection, &incident.agent)?;
    let cause = texts.number(connection, &incident.cause)?;
    let sentence = texts.number(connection, &incident.sentence)?;
    let from_opening = |moment: Option<Time>| moment.map(|moment| codes::offset(incident.opened_at, moment));
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO incidents (agent, opened_ms, last_beat, worst, cause, sentence, fault, flapping,
                told, told_as, notice, escalated, held, acknowledged, acknowledged_until, resolved, resolution, drill)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            agent,
            codes::time(incident.opened_at),
            from_opening(incident.last_beat),
            codes::liveness(incident.worst),
            cause,
            sentence,
            incident.fault.as_str(),
            incident.flapping,
            from_opening(incident.told_at),
            incident.told.map(NoticeKind::as_str),
            incident.notice.map(codes::notice),
            from_opening(incident.escalated_at),
            incident.held.map(Held::as_str),
            from_opening(incident.acknowledged_at),
            from_opening(incident.acknowledged_until),
            from_opening(incident.resolved_at),
            incident.resolution.map(Resolution::as_str),
            incident.drill
        ])?;
    Ok(())
}

/// Incidents behind `before`, of one agent or all, newest first, `limit` of them.
pub(crate) fn before(
    connection: &Connection,
    agent: Option<&EntityId>,
    open_only: bool,
    limit: u32,
    before: Option<&IncidentCursor>,
) -> rusqlite::Result<Vec<Incident>> {
    let number = match agent {
        Some(agent) => agents::find(connection, agent)?,
        None => None,
    };
    if limit == 0 || (agent.is_some() && number.is_none()) {
        return Ok(Vec::new());
    }
    let opened = before.map_or(i64::MAX, |cursor| codes::time(cursor.opened_at));
    // Nothing is greater than no agent: of that moment, all is on earlier pages.
    let behind = before.and_then(|cursor| cursor.agent.as_ref()).map(EntityId::as_str);
    let whose = if number.is_some() { "agent = ?1" } else { "?1 IS NULL" };
    let which = if open_only { "AND resolved IS NULL" } else { "" };
    connection
        .prepare_cached(&format!(
            "SELECT entity, opened_ms, opened_ms + last_beat, worst,
                (SELECT text FROM texts WHERE id = cause), (SELECT text FROM texts WHERE id = sentence), fault,
                flapping, opened_ms + told, told_as, notice, opened_ms + escalated, held, opened_ms + acknowledged,
                opened_ms + acknowledged_until, opened_ms + resolved, resolution, drill
             FROM incidents CROSS JOIN agents ON agents.id = incidents.agent
             WHERE {whose} {which} AND opened_ms <= ?2 AND (opened_ms < ?2 OR entity > ?3)
             ORDER BY opened_ms DESC, entity LIMIT ?4"
        ))?
        .query_map(params![number, opened, behind, limit], read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        agent: codes::read_entity(row, 0)?,
        opened_at: codes::read_time(row, 1)?,
        last_beat: codes::read_time_if_any(row, 2)?,
        worst: codes::read_liveness(row, 3)?,
        cause: row.get(4)?,
        sentence: row.get(5)?,
        fault: codes::read_name(row, 6, Fault::from_name)?,
        flapping: row.get(7)?,
        told_at: codes::read_time_if_any(row, 8)?,
        told: codes::read_name_if_any(row, 9, NoticeKind::from_name)?,
        notice: row.get::<_, Option<i64>>(10)?.map(|_| codes::read_notice(row, 10)).transpose()?,
        escalated_at: codes::read_time_if_any(row, 11)?,
        held: codes::read_name_if_any(row, 12, Held::from_name)?,
        acknowledged_at: codes::read_time_if_any(row, 13)?,
        acknowledged_until: codes::read_time_if_any(row, 14)?,
        resolved_at: codes::read_time_if_any(row, 15)?,
        resolution: codes::read_name_if_any(row, 16, Resolution::from_name)?,
        drill: row.get(17)?,
    })
}
