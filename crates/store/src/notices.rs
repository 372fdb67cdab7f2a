//! The table `notices`: what a person was told, as it was told last.

use std::collections::HashSet;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{Notice, NoticeId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codes;

// The id is the millisecond of its first telling, made unique.
pub(crate) const CREATE: &str = "
    CREATE TABLE notices (
        id     INTEGER PRIMARY KEY,
        record TEXT NOT NULL
    ) STRICT;
";

/// Writes the notice, or replaces the one with its id.
pub(crate) fn write(connection: &Connection, notice: &Notice) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO notices (id, record) VALUES (?1, ?2)")?
        .execute(params![codes::notice(notice.id), codes::json(notice)?])?;
    Ok(())
}

/// The greatest id.
pub(crate) fn last(connection: &Connection) -> rusqlite::Result<Option<NoticeId>> {
    let read = |row: &rusqlite::Row<'_>| codes::read_notice(row, 0);
    connection.prepare_cached("SELECT id FROM notices ORDER BY id DESC LIMIT 1")?.query_row([], read).optional()
}

/// The notices with these ids, in this order. Those that are not kept are left out.
pub(crate) fn find(connection: &Connection, ids: &[NoticeId]) -> rusqlite::Result<Vec<Notice>> {
    let mut statement = connection.prepare_cached("SELECT record FROM notices WHERE id = ?1")?;
    ids.iter()
        .filter_map(|id| {
            statement.query_row([codes::notice(*id)], |row| codes::read_json(row, 0)).optional().transpose()
        })
        .collect()
}

/// Whether anything is left of a notice when nobody knows these agents any more. They are taken out of it; its text
/// stays as it was, for it is about others, too.
pub(crate) fn is_left(notice: &mut Notice, forgotten: &HashSet<EntityId>) -> bool {
    let before = notice.agents.len();
    notice.agents.retain(|agent| !forgotten.contains(&agent.id));
    before == 0 || !notice.agents.is_empty()
}

/// Takes these agents out of all notices. A notice that was about nobody else goes, with its deliveries.
pub(crate) fn forget(connection: &Connection, forgotten: &HashSet<EntityId>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("SELECT record FROM notices")?;
    let mut rows = statement.query([])?;
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let mut notice: Notice = codes::read_json(row, 0)?;
        let before = notice.agents.len();
        if !is_left(&mut notice, forgotten) {
            gone.push(notice.id);
        } else if notice.agents.len() < before {
            changed.push(notice);
        }
    }
    for notice in changed {
        write(connection, &notice)?;
    }
    for id in gone {
        for delete in ["DELETE FROM notices WHERE id = ?1", "DELETE FROM deliveries WHERE notice = ?1"] {
            connection.prepare_cached(delete)?.execute([codes::notice(id)])?;
        }
    }
    Ok(())
}
