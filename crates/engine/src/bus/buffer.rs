//! What waits to be told to the fleet: bounded, and in a flood strangers' beats are let go of first.

use std::collections::VecDeque;

/// So many of each kind wait at most.
const MOST: usize = 8192;
/// Of those that are configured here, so many words each find room: the reading of its hash, and beats.
const WORDS_EACH: usize = 4;

/// Two queues that come out in the order in which things were put in.
#[derive(Debug)]
pub(super) struct Buffer<T> {
    next: u64,
    ours: VecDeque<(u64, T)>,
    others: VecDeque<(u64, T)>,
    dropped: u64,
    /// How many of ours wait at most.
    most_of_ours: usize,
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self { next: 0, ours: VecDeque::new(), others: VecDeque::new(), dropped: 0, most_of_ours: MOST }
    }
}

impl<T> Buffer<T> {
    /// So many agents are configured here.
    pub(super) fn make_room(&mut self, agents: usize) {
        self.most_of_ours = MOST.max(agents * WORDS_EACH);
    }

    /// Puts in what concerns an agent that is configured here, or the bus itself.
    pub(super) fn ours(&mut self, word: T) {
        self.dropped += put(&mut self.ours, self.next, word, self.most_of_ours);
        self.next += 1;
    }

    /// Puts in what concerns somebody else.
    pub(super) fn others(&mut self, word: T) {
        self.dropped += put(&mut self.others, self.next, word, MOST);
        self.next += 1;
    }

    /// Takes out the oldest.
    pub(super) fn pop(&mut self) -> Option<T> {
        let older = match (self.ours.front(), self.others.front()) {
            (Some((ours, _)), Some((others, _))) if others < ours => &mut self.others,
            (None, _) => &mut self.others,
            (Some(_), _) => &mut self.ours,
        };
        older.pop_front().map(|(_, word)| word)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ours.is_empty() && self.others.is_empty()
    }

    /// Whether any was let go of since they were last [taken](Self::take_dropped).
    pub(super) const fn has_dropped(&self) -> bool {
        self.dropped > 0
    }

    /// How many were let go of since the last call.
    pub(super) const fn take_dropped(&mut self) -> u64 {
        std::mem::replace(&mut self.dropped, 0)
    }
}

fn put<T>(queue: &mut VecDeque<(u64, T)>, number: u64, word: T, most: usize) -> u64 {
    let dropped = u64::from(queue.len() >= most && queue.pop_front().is_some());
    queue.push_back((number, word));
    dropped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_others_costs_none_of_ours() {
        let mut buffer = Buffer::default();
        buffer.others(0);
        buffer.ours(1);
        for number in 2..2 + MOST + 10 {
            buffer.others(number);
        }
        assert!(buffer.has_dropped());
        assert_eq!(buffer.take_dropped(), 11);
        assert_eq!(buffer.take_dropped(), 0);
        let out: Vec<usize> = std::iter::from_fn(|| buffer.pop()).collect();
        assert_eq!((out.len(), out[0]), (MOST + 1, 1));
        assert!(out.is_sorted() && buffer.is_empty());
    }

    #[test]
    fn a_fleet_that_beats_at_once_loses_nothing() {
        let mut buffer = Buffer::default();
        buffer.make_room(5000);
        (0..10_000).for_each(|number| buffer.ours(number));
        assert!(!buffer.has_dropped());
        buffer.make_room(0);
        buffer.ours(10_000);
        assert_eq!((buffer.take_dropped(), buffer.pop()), (1, Some(1)), "it is bounded");
    }
}
