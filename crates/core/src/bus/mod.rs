//! Rules of the Redis heartbeat bus: what an agent's figures make of it, and what its numbers tell (protocols.md 6).

mod lease;

use crate::time::Time;
use crate::view::HolderView;
use crate::wire::redis_bus::SentMetrics;

pub use lease::{Asked, Lease, LeaseAction, LeaseEvent, LeaseTiming};

/// From when an agent's own figures make it something else than healthy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Errors of the last 5 minutes.
    pub errors: f64,
    /// MiB.
    pub memory_mb: f64,
    /// Waiting tasks.
    pub queue: f64,
}

/// The word of a beat with these figures, in the how-to's order: recovering, degraded, busy, healthy.
#[must_use]
pub fn status(metrics: &SentMetrics, limits: &Limits) -> &'static str {
    let over = |figure: Option<f64>, limit: f64| figure.is_some_and(|figure| figure > limit);
    if over(metrics.errors_last_5min, limits.errors) {
        "recovering"
    } else if over(metrics.memory_mb, limits.memory_mb) {
        "degraded"
    } else if over(metrics.queue_depth, limits.queue) {
        "busy"
    } else {
        "healthy"
    }
}

/// Who has an agent's lease, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LeaseStand {
    /// The bus was not asked yet, or nobody has it.
    #[default]
    Unknown,
    /// The bus does not settle it, because of this.
    Unsettled(String),
    /// One of us, or of the others.
    Held(HolderView),
}

/// What a message's number tells, after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The next one, or the first that we hear.
    Next,
    /// So many in between were never heard.
    Gap(u64),
    /// The same once more.
    Again,
    /// It counts anew: the program was restarted, or two of them beat.
    Anew,
}

/// Counts an agent's messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence {
    last: Option<(u64, Time)>,
}

impl Sequence {
    /// Takes in a message's number and its time on the sender's clock.
    pub fn take(&mut self, number: u64, at: Time) -> Step {
        let before = self.last.replace((number, at));
        match before {
            None => Step::Next,
            Some((last, then)) if number == last && at == then => Step::Again,
            Some((last, _)) if number > last => match number - last - 1 {
                0 => Step::Next,
                between => Step::Gap(between),
            },
            Some(_) => Step::Anew,
        }
    }

    /// The last number.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.last.map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_figure_gives_the_word() {
        let limits = Limits { errors: 10.0, memory_mb: 1000.0, queue: 50.0 };
        let word = |errors, memory, queue| {
            let metrics = SentMetrics {
                errors_last_5min: Some(errors),
                memory_mb: Some(memory),
                queue_depth: Some(queue),
                ..SentMetrics::default()
            };
            status(&metrics, &limits)
        };
        assert_eq!(word(10.0, 1000.0, 50.0), "healthy");
        assert_eq!(word(10.0, 1000.0, 51.0), "busy");
        assert_eq!(word(10.0, 1001.0, 51.0), "degraded");
        assert_eq!(word(11.0, 1001.0, 51.0), "recovering");
        assert_eq!(status(&SentMetrics::default(), &limits), "healthy");
    }

    #[test]
    fn numbers_tell_of_gaps_and_of_new_beginnings() {
        let mut sequence = Sequence::default();
        let at = Time::from_millis;
        let steps: Vec<Step> = [(7, 1), (8, 2), (11, 3), (11, 3), (1, 4), (2, 5), (2, 6)]
            .into_iter()
            .map(|(number, time)| sequence.take(number, at(time)))
            .collect();
        assert_eq!(steps, [Step::Next, Step::Next, Step::Gap(2), Step::Again, Step::Anew, Step::Next, Step::Anew],);
        assert_eq!(sequence.last(), Some(2));
        assert_eq!(sequence.take(u64::MAX, at(7)), Step::Gap(u64::MAX - 3));
    }
}
