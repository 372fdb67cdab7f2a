//! How long is waited, and how often it is tried.

use std::time::Duration;

/// The times of deliveries.
///
/// A channel that cannot be reached is tried for a day, after waits that double from a second to five minutes. One that
/// answers and says no, but not for good (a 500, a program's exit code), has said it of this notice: after ten such answers
/// it is a dead letter, so that one notice which a server chokes on does not hold up the next. A refusal for good (a 404,
/// a 550, a program that is not there) is a dead letter at once. While the keychain is locked nothing is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The first wait.
    pub first: Duration,
    /// The longest of the doubling waits.
    pub longest: Duration,
    /// The longest wait that a server may ask for by `Retry-After`.
    pub asked: Duration,
    /// So many answers that are no.
    pub answers: u32,
    /// So long after the notice, a channel that did not take it is given up.
    pub give_up_after: Duration,
    /// How long an HTTP server may take, from connecting to the end of its answer.
    pub http: Duration,
    /// The same of a mail server, for a whole mail.
    pub mail: Duration,
    /// How long a program may run.
    pub command: Duration,
    /// How long a person waits for the keychain, for a list of channels or before a test.
    pub secret: Duration,
    /// How long a person waits for a test.
    pub test: Duration,
    /// How many notices may wait for one channel; the oldest then becomes a dead letter.
    pub queue: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(300),
            asked: Duration::from_secs(3600),
            answers: 10,
            give_up_after: Duration::from_secs(24 * 3600),
            http: Duration::from_secs(10),
            mail: Duration::from_secs(15),
            command: Duration::from_secs(30),
            secret: Duration::from_secs(2),
            test: Duration::from_secs(20),
            queue: 1000,
        }
    }
}

impl Pace {
    /// The wait after so many failures, from the upper half of its step: a channel that was down is not met by everybody
    /// at once. What the server asked for is kept to, above the longest step, too.
    pub(super) fn wait(&self, failures: u32, dice: u32, asked: Option<Duration>) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let half = self.first.saturating_mul(1 << doublings).min(self.longest) / 2;
        let wait = half + half.mul_f64(f64::from(dice) / f64::from(u32::MAX));
        asked.map_or(wait, |asked| asked.min(self.asked).max(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_five_minutes_and_stay_in_their_upper_half() {
        let pace = Pace::default();
        for (failures, seconds) in [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (300, 300)] {
            let ceiling = Duration::from_secs(seconds);
            assert_eq!(pace.wait(failures, u32::MAX, None), ceiling);
            assert_eq!(pace.wait(failures, 0, None), ceiling / 2);
        }
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_it_within_reason() {
        let pace = Pace::default();
        let asked = |seconds| pace.wait(1, u32::MAX, Some(Duration::from_secs(seconds))).as_secs();
        assert_eq!([asked(0), asked(30), asked(1_000_000)], [1, 30, 3600]);
    }
}
