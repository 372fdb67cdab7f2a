//! The order of the tables' migrations. Each table's own are beside it; new ones are only ever added at the end.

use rusqlite_migration::{M, Migrations};

use crate::{
    agents, black_boxes, connections, deliveries, dialects, drills, incidents, memory, notices, pause, snoozes, spans,
    texts, transitions, usage,
};

const STEPS: &[M<'static>] = &[
    M::up(MARK),
    M::up(agents::CREATE),
    M::up(texts::CREATE),
    M::up(spans::CREATE),
    M::up(connections::CREATE),
    M::up(transitions::CREATE),
    M::up(memory::CREATE),
    M::up(memory::ADD_SNOOZE),
    M::up(snoozes::CREATE),
    M::up(memory::DROP_ALERTS),
    M::up(pause::CREATE),
    M::up(incidents::CREATE),
    M::up(black_boxes::CREATE),
    M::up(notices::CREATE),
    M::up(deliveries::CREATE),
    M::up(drills::CREATE),
    M::up(transitions::ADD_COUNTS),
    M::up(usage::CREATE),
    M::up(transitions::COUNTS_IN_WAS),
    M::up(dialects::CREATE),
];

/// Marks the file as ours: "Beat" in ASCII, in SQLite's field for that.
pub(crate) const APPLICATION_ID: i64 = 0x4265_6174;

const MARK: &str = "PRAGMA application_id = 0x42656174;";

pub(crate) const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The format that this program reads and writes, in SQLite's `user_version`.
pub(crate) const FORMAT: i64 = STEPS.len() as i64;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use beatkeeper_core::history::AgentMemory;
    use beatkeeper_core::liveness::Liveness;
    use beatkeeper_core::time::Time;
    use rusqlite::Connection;

    use super::*;
    use crate::{Reader, Store};

    /// The format in which snoozes were a column of `memory`, and nothing else was known of alerts.
    const BEFORE_ALERTS: usize = 8;

    #[test]
    fn a_history_from_before_alerts_keeps_its_data() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.sqlite3");
        let mut old = Connection::open(&path).unwrap();
        MIGRATIONS.to_version(&mut old, BEFORE_ALERTS).unwrap();
        old.execute_batch(
            "INSERT INTO agents (id, entity) VALUES (7, 'zns:00000000000000000000000000000001'),
                (8, 'zns:00000000000000000000000000000002');
             INSERT INTO memory (agent, liveness, since_ms, confirmed_ms, alerted, snoozed_ms)
                VALUES (7, 4, 1000, 900, 1, 5000), (8, 2, 1000, NULL, 0, NULL);
             INSERT INTO spans (agent, from_ms, length, kind, beats) VALUES (7, 100, 800, 0, 27);",
        )
        .unwrap();
        drop(old);
        assert_eq!(Reader::open(&path).unwrap_err().code(), "store.older");

        let reader = Store::open(&path).unwrap().reader().unwrap();
        let [one, two] = [1, 2].map(|number| format!("zns:{number:032x}").parse().unwrap());
        let memory = |agent: &_, liveness, confirmed: Option<u64>| AgentMemory {
            agent: Clone::clone(agent),
            liveness,
            since: Time::from_millis(1000),
            last_confirmed_at: confirmed.map(Time::from_millis),
        };
        assert_eq!(
            reader.memories().unwrap(),
            [memory(&one, Liveness::Stale, Some(900)), memory(&two, Liveness::Active, None)]
        );
        assert_eq!(reader.snoozes().unwrap(), HashMap::from([(one.clone(), Time::from_millis(5000))]));
        assert_eq!(reader.spans(&one, Time::ZERO, Time::from_millis(9000)).unwrap()[0].beats, 27);
        assert_eq!((reader.open_incidents().unwrap(), reader.paused_until().unwrap()), (vec![], None));

        Connection::open(&path).unwrap().pragma_update(None, "user_version", FORMAT + 1).unwrap();
        assert_eq!(Store::open(&path).unwrap_err().code(), "store.newer");
        assert_eq!(Reader::open(&path).unwrap_err().code(), "store.newer");
    }

    /// The format in which whether a turn counts was a column of its own.
    const COUNTS_APART: usize = 18;

    #[test]
    fn whether_a_turn_counts_is_kept_when_it_moves_into_the_state_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.sqlite3");
        let mut old = Connection::open(&path).unwrap();
        MIGRATIONS.to_version(&mut old, COUNTS_APART).unwrap();
        old.execute_batch(
            "INSERT INTO agents (id, entity) VALUES (7, 'zns:00000000000000000000000000000001');
             INSERT INTO texts (id, text) VALUES (1, 'link.refused'), (2, 'refused');
             INSERT INTO transitions (agent, at_ms, to_state, was, cause, sentence, counts)
                VALUES (7, 1000, 4, 2, 1, 2, 1), (7, 2000, 2, 4, 1, 2, 0);",
        )
        .unwrap();
        drop(old);
        let reader = Store::open(&path).unwrap().reader().unwrap();
        let agent = "zns:00000000000000000000000000000001".parse().unwrap();
        let turns = reader.transitions(&agent, 10, None).unwrap();
        let kept: Vec<_> = turns.iter().map(|turn| (turn.from, turn.to, turn.counts)).collect();
        assert_eq!(kept, [(Liveness::Stale, Liveness::Active, false), (Liveness::Active, Liveness::Stale, true)]);
    }

    #[test]
    fn migrations_apply() {
        MIGRATIONS.validate().unwrap();
        assert_eq!(MARK, format!("PRAGMA application_id = {APPLICATION_ID:#x};"));
    }
}
