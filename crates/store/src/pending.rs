//! Rows that wait to be written: of each key only the last, so that a disk that fails for an hour costs memory by
//! agents and not by beats.

use std::collections::{HashMap, HashSet};

use beatkeeper_core::history::{AgentMemory, Connection, HistoryRow, Span, Transition};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::time::Time;

/// One batch. Agents are forgotten before its rows are written.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) forget: HashSet<EntityId>,
    pub(crate) spans: HashMap<(EntityId, Time), Span>,
    pub(crate) connections: HashMap<(EntityId, Time), Connection>,
    pub(crate) transitions: HashMap<(EntityId, Time, Liveness), Transition>,
    pub(crate) memory: HashMap<EntityId, AgentMemory>,
}

impl Pending {
    /// Adds a row in the place of an earlier one with its key. False, and the row is dropped, when it needs a new place
    /// and there is no `room`.
    #[must_use]
    pub(crate) fn push(&mut self, row: HistoryRow, room: bool) -> bool {
        if !room && !self.holds(&row) {
            return false;
        }
        match row {
            HistoryRow::Span(span) => drop(self.spans.insert((span.agent.clone(), span.from), span)),
            HistoryRow::Connection(c) => drop(self.connections.insert((c.agent.clone(), c.dialled_at), c)),
            HistoryRow::Transition(t) => drop(self.transitions.insert((t.agent.clone(), t.at, t.to), t)),
            HistoryRow::Memory(memory) => drop(self.memory.insert(memory.agent.clone(), memory)),
        }
        true
    }

    fn holds(&self, row: &HistoryRow) -> bool {
        match row {
            HistoryRow::Span(span) => self.spans.contains_key(&(span.agent.clone(), span.from)),
            HistoryRow::Connection(c) => self.connections.contains_key(&(c.agent.clone(), c.dialled_at)),
            HistoryRow::Transition(t) => self.transitions.contains_key(&(t.agent.clone(), t.at, t.to)),
            HistoryRow::Memory(memory) => self.memory.contains_key(&memory.agent),
        }
    }

    /// Drops the agent's rows; what is on the disk already goes with the batch.
    pub(crate) fn forget(&mut self, agent: EntityId) {
        self.spans.retain(|(of, _), _| *of != agent);
        self.connections.retain(|(of, _), _| *of != agent);
        self.transitions.retain(|(of, _, _), _| *of != agent);
        self.memory.remove(&agent);
        self.forget.insert(agent);
    }

    /// Takes over what came after this batch.
    pub(crate) fn absorb(&mut self, later: Self) {
        for agent in later.forget {
            self.forget(agent);
        }
        self.spans.extend(later.spans);
        self.connections.extend(later.connections);
        self.transitions.extend(later.transitions);
        self.memory.extend(later.memory);
    }

    /// Rows and agents to forget.
    pub(crate) fn len(&self) -> usize {
        self.forget.len() + self.spans.len() + self.connections.len() + self.transitions.len() + self.memory.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::history::SpanKind;

    use super::*;

    fn agent(number: u8) -> EntityId {
        format!("zns:{number:032x}").parse().unwrap()
    }

    fn span(of: u8, from: u64, beats: u32) -> HistoryRow {
        HistoryRow::Span(Span {
            agent: agent(of),
            kind: SpanKind::Confirmed,
            cause: String::new(),
            from: Time::from_millis(from),
            to: Time::from_millis(from + u64::from(beats)),
            beats,
        })
    }

    fn beats(pending: &Pending) -> Vec<u32> {
        let mut beats: Vec<u32> = pending.spans.values().map(|span| span.beats).collect();
        beats.sort_unstable();
        beats
    }

    #[test]
    fn the_last_row_of_a_key_replaces_the_others() {
        let mut pending = Pending::default();
        for n in 1..=9 {
            assert!(pending.push(span(1, 100, n), true));
        }
        assert!(pending.push(span(1, 200, 70), true));
        assert!(pending.push(span(2, 100, 80), true));
        assert_eq!(beats(&pending), [9, 70, 80]);
    }

    #[test]
    fn without_room_only_known_keys_are_taken() {
        let mut pending = Pending::default();
        assert!(pending.push(span(1, 100, 1), true));
        assert!(pending.push(span(1, 100, 2), false));
        assert!(!pending.push(span(1, 101, 3), false));
        assert_eq!(beats(&pending), [2]);
    }

    #[test]
    fn forgetting_keeps_its_place_among_rows() {
        let mut failed = Pending::default();
        assert!(failed.push(span(1, 100, 1), true));
        assert!(failed.push(span(2, 100, 2), true));
        let mut later = Pending::default();
        assert!(later.push(span(1, 200, 3), true));
        later.forget(agent(1));
        assert!(later.push(span(1, 300, 4), true));
        failed.absorb(later);
        assert_eq!(beats(&failed), [2, 4]);
        assert_eq!(failed.forget, HashSet::from([agent(1)]));
        assert_eq!(failed.len(), 3);
    }
}
