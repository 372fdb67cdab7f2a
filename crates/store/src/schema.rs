//! The order of the tables' migrations. Each table's own are beside it; new ones are only ever added at the end.

use rusqlite_migration::{M, Migrations};

use crate::{agents, connections, memory, spans, texts, transitions};

const STEPS: &[M<'static>] = &[
    M::up(MARK),
    M::up(agents::CREATE),
    M::up(texts::CREATE),
    M::up(spans::CREATE),
    M::up(connections::CREATE),
    M::up(transitions::CREATE),
    M::up(memory::CREATE),
    M::up(memory::ADD_SNOOZE),
];

/// Marks the file as ours: "Beat" in ASCII, in SQLite's field for that.
pub(crate) const APPLICATION_ID: i64 = 0x4265_6174;

const MARK: &str = "PRAGMA application_id = 0x42656174;";

pub(crate) const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The format that this program reads and writes, in SQLite's `user_version`.
pub(crate) const FORMAT: i64 = STEPS.len() as i64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_apply() {
        MIGRATIONS.validate().unwrap();
        assert_eq!(MARK, format!("PRAGMA application_id = {APPLICATION_ID:#x};"));
    }
}
