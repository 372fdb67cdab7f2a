//! Rows that wait to be written: of each key only the last, so that a disk that fails for an hour costs memory by
//! agents and not by beats.

use std::collections::{HashMap, HashSet};

use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::notice::NoticeId;
use beatkeeper_core::time::Time;

use crate::{black_boxes, notices};

/// Black boxes that wait, in bytes at most: they are evidence, and may not take the memory that alerts need.
const BLACK_BOXES: usize = 16 << 20;

/// One batch. Agents are forgotten and channels renamed before its rows are written.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) forget: HashSet<EntityId>,
    /// Channels' old and new names, in the order of the changes.
    pub(crate) renamed: Vec<(String, String)>,
    rows: HashMap<Key, HistoryRow>,
    /// Bytes of the black boxes among the rows.
    black_boxes: usize,
}

/// What tells rows apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Span(EntityId, Time),
    Connection(EntityId, Time),
    Transition(EntityId, Time, Liveness),
    Memory(EntityId),
    Incident(EntityId, Time),
    Snooze(EntityId),
    Pause,
    Notice(NoticeId),
    Delivery(NoticeId, String),
    BlackBox(EntityId, Time),
    Drill(EntityId, Time),
    Usage(EntityId, Time),
    Dialect(String),
}

impl Key {
    fn of(row: &HistoryRow) -> Self {
        match row {
            HistoryRow::Span(span) => Self::Span(span.agent.clone(), span.from),
            HistoryRow::Connection(connection) => Self::Connection(connection.agent.clone(), connection.dialled_at),
            HistoryRow::Transition(change) => Self::Transition(change.agent.clone(), change.at, change.to),
            HistoryRow::Memory(memory) => Self::Memory(memory.agent.clone()),
            HistoryRow::Incident(incident) => Self::Incident(incident.agent.clone(), incident.opened_at),
            HistoryRow::Snooze(agent, _) => Self::Snooze(agent.clone()),
            HistoryRow::Pause(_) => Self::Pause,
            HistoryRow::Notice(notice) => Self::Notice(notice.id),
            HistoryRow::Delivery(delivery) => Self::Delivery(delivery.notice, delivery.channel.clone()),
            HistoryRow::BlackBox { agent, opened_at, .. } => Self::BlackBox(agent.clone(), *opened_at),
            HistoryRow::Drill(drill) => Self::Drill(drill.agent.clone(), drill.started_at),
            HistoryRow::Usage(agent, bucket) => Self::Usage(agent.clone(), bucket.from),
            HistoryRow::Dialect(url, _) => Self::Dialect(url.clone()),
        }
    }

    /// Whose the row is; notices are of several, and go with their deliveries.
    const fn agent(&self) -> Option<&EntityId> {
        match self {
            Self::Span(agent, _)
            | Self::Connection(agent, _)
            | Self::Transition(agent, _, _)
            | Self::Memory(agent)
            | Self::Incident(agent, _)
            | Self::Snooze(agent)
            | Self::BlackBox(agent, _)
            | Self::Drill(agent, _)
            | Self::Usage(agent, _) => Some(agent),
            Self::Pause | Self::Notice(_) | Self::Delivery(_, _) | Self::Dialect(_) => None,
        }
    }
}

/// Whether the row is part of an alert. Those are few, and are kept when the beats that led to them cannot be.
pub(crate) const fn is_alert(row: &HistoryRow) -> bool {
    match row {
        HistoryRow::Span(_)
        | HistoryRow::Connection(_)
        | HistoryRow::Transition(_)
        | HistoryRow::Memory(_)
        | HistoryRow::Usage(_, _)
        | HistoryRow::Dialect(_, _) => false,
        HistoryRow::Incident(_)
        | HistoryRow::Snooze(_, _)
        | HistoryRow::Pause(_)
        | HistoryRow::Notice(_)
        | HistoryRow::Delivery(_)
        | HistoryRow::BlackBox { .. }
        | HistoryRow::Drill(_) => true,
    }
}

impl Pending {
    /// Adds a row in the place of an earlier one with its key. False, and the row is dropped, when it needs a new place
    /// and there is no `room`, or when it is a black box that is too large or one of too many.
    #[must_use]
    pub(crate) fn push(&mut self, row: HistoryRow, room: bool) -> bool {
        let key = Key::of(&row);
        let old = self.rows.get(&key);
        if !room && old.is_none() {
            return false;
        }
        let black_boxes = self.black_boxes - old.map_or(0, size) + size(&row);
        if size(&row) > black_boxes::LARGEST || (black_boxes > BLACK_BOXES && size(&row) > 0) {
            return false;
        }
        self.black_boxes = black_boxes;
        self.rows.insert(key, row);
        true
    }

    /// Drops the agent's rows; what is on the disk already goes with the batch.
    pub(crate) fn forget(&mut self, agent: EntityId) {
        self.forget.insert(agent.clone());
        let forgotten = HashSet::from([agent]);
        let mut gone = HashSet::new();
        for row in self.rows.values_mut() {
            if let HistoryRow::Notice(notice) = row
                && !notices::is_left(notice, &forgotten)
            {
                gone.insert(notice.id);
            }
        }
        self.rows.retain(|key, _| {
            if let Key::Notice(notice) | Key::Delivery(notice, _) = key {
                return !gone.contains(notice);
            }
            key.agent().is_none_or(|agent| !forgotten.contains(agent))
        });
        self.black_boxes = self.rows.values().map(size).sum();
    }

    /// Has the deliveries of a channel go by its new name; what is on the disk already follows with the batch. What came
    /// after it is not concerned: the old name may be another channel's by then.
    pub(crate) fn rename_channel(&mut self, from: &str, to: &str) {
        for (key, mut row) in self.rows.extract_if(|key, _| is_to(key, from)).collect::<Vec<_>>() {
            if let (Key::Delivery(notice, _), HistoryRow::Delivery(delivery)) = (key, &mut row) {
                to.clone_into(&mut delivery.channel);
                self.rows.insert(Key::Delivery(notice, to.to_owned()), row);
            }
        }
        self.renamed.push((from.to_owned(), to.to_owned()));
    }

    /// Takes over what came after this batch.
    pub(crate) fn absorb(&mut self, later: Self) {
        for agent in later.forget {
            self.forget(agent);
        }
        for (from, to) in later.renamed {
            self.rename_channel(&from, &to);
        }
        self.rows.extend(later.rows);
        self.black_boxes = self.rows.values().map(size).sum();
    }

    /// The rows, in no order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &HistoryRow> {
        self.rows.values()
    }

    /// Rows, agents to forget and channels to rename.
    pub(crate) fn len(&self) -> usize {
        self.forget.len() + self.renamed.len() + self.rows.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Whether the key is that of a delivery to this channel.
fn is_to(key: &Key, channel: &str) -> bool {
    matches!(key, Key::Delivery(_, to) if to == channel)
}

/// Bytes of a black box; 0 of any other row.
const fn size(row: &HistoryRow) -> usize {
    if let HistoryRow::BlackBox { json, .. } = row { json.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::alert::{Delivery, DeliveryState};
    use beatkeeper_core::history::{Span, SpanKind};
    use beatkeeper_core::notice::{Notice, NoticeAgent};

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
        let beats = |row: &HistoryRow| if let HistoryRow::Span(span) = row { Some(span.beats) } else { None };
        let mut beats: Vec<u32> = pending.rows().filter_map(beats).collect();
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

    fn notice(id: u64, of: &[u8]) -> HistoryRow {
        let about = |number: &u8| NoticeAgent {
            id: agent(*number),
            name: format!("agent-{number}"),
            opened_at: Time::ZERO,
            last_beat: None,
        };
        let agents = of.iter().map(about).collect();
        HistoryRow::Notice(Box::new(Notice { id: NoticeId(id), agents, ..Notice::test(Time::ZERO) }))
    }

    fn delivery(notice: u64) -> HistoryRow {
        HistoryRow::Delivery(Delivery {
            notice: NoticeId(notice),
            channel: "desktop".into(),
            state: DeliveryState::Waiting,
            attempts: 0,
            problem: None,
            next_at: None,
            at: Time::ZERO,
        })
    }

    #[test]
    fn a_batch_that_failed_follows_a_later_rename() {
        let mut failed = Pending::default();
        assert!(failed.push(delivery(1), true));
        let mut later = Pending::default();
        later.rename_channel("desktop", "crew");
        assert!(later.push(delivery(2), true));
        failed.absorb(later);
        let mut left: Vec<(u64, String)> = failed
            .rows()
            .filter_map(
                |row| if let HistoryRow::Delivery(d) = row { Some((d.notice.0, d.channel.clone())) } else { None },
            )
            .collect();
        left.sort_unstable();
        assert_eq!(left, [(1, "crew".to_owned()), (2, "desktop".to_owned())]);
        assert_eq!(failed.renamed, [("desktop".to_owned(), "crew".to_owned())]);
    }

    fn black_box(of: u8, bytes: usize) -> HistoryRow {
        HistoryRow::BlackBox { agent: agent(of), opened_at: Time::ZERO, json: "x".repeat(bytes) }
    }

    #[test]
    fn a_forgotten_agent_leaves_the_notices_that_it_shared() {
        let mut pending = Pending::default();
        for row in [notice(1, &[1]), notice(2, &[1, 2]), notice(3, &[]), delivery(1), delivery(2), delivery(3)] {
            assert!(pending.push(row, true));
        }
        pending.forget(agent(1));
        let mut left: Vec<(u64, usize)> = pending
            .rows()
            .filter_map(|row| if let HistoryRow::Notice(n) = row { Some((n.id.0, n.agents.len())) } else { None })
            .collect();
        left.sort_unstable();
        assert_eq!(left, [(2, 1), (3, 0)]);
        assert_eq!(pending.rows().count(), 4);
    }

    #[test]
    fn black_boxes_take_a_bounded_room() {
        let mut pending = Pending::default();
        assert!(!pending.push(black_box(1, black_boxes::LARGEST + 1), true));
        let fit = u8::try_from(BLACK_BOXES / black_boxes::LARGEST).unwrap();
        for of in 0..fit {
            assert!(pending.push(black_box(of, black_boxes::LARGEST), true));
        }
        assert!(!pending.push(black_box(fit, black_boxes::LARGEST), true));
        assert!(pending.push(black_box(0, black_boxes::LARGEST), true), "in the place of one that waits");
        assert!(pending.push(notice(1, &[]), true), "other rows need no such room");
        pending.forget(agent(0));
        assert!(pending.push(black_box(fit, black_boxes::LARGEST), true));
    }
}
