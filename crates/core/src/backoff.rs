//! How long to wait before the next dial.

use std::time::Duration;

/// First wait.
pub const FIRST: Duration = Duration::from_secs(1);
/// No wait is longer, jitter included.
pub const CAP: Duration = Duration::from_secs(60);

/// Waits that double from one second to a cap, each drawn from the upper half of its step.
///
/// The upper half keeps a restarted registry from being met by everyone at once, and yet never dials in a hot loop, as
/// jitter from zero would. Only a *confirmed* beat, or a person, resets it: a socket that opens proves nothing.
#[derive(Clone, Debug)]
pub struct Backoff {
    step: u32,
    dice: u64,
}

impl Backoff {
    /// A fresh one; equal seeds wait equally.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { step: 0, dice: seed }
    }

    /// The next wait. `retry_after` is what the server asked for, and is kept even above the cap, up to an hour.
    #[must_use]
    pub fn next_wait(&mut self, retry_after: Option<Duration>) -> Duration {
        let ceiling = FIRST.saturating_mul(1 << self.step.min(6)).min(CAP);
        self.step = self.step.saturating_add(1);
        let half = ceiling / 2;
        let wait = half + half.mul_f64(self.roll());
        retry_after.map_or(wait, |asked| asked.min(Duration::from_secs(3600)).max(wait))
    }

    /// Starts over.
    pub const fn reset(&mut self) {
        self.step = 0;
    }

    /// A number from 0 to 1: SplitMix64, enough for jitter.
    fn roll(&mut self) -> f64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        f64::from(u32::try_from(z >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_wait_is_within_its_step_and_the_cap(seed: u64, tries in 1_u32..40) {
            let mut backoff = Backoff::new(seed);
            for step in 0..tries {
                let ceiling = FIRST.saturating_mul(1 << step.min(6)).min(CAP);
                let wait = backoff.next_wait(None);
                prop_assert!(wait <= ceiling && wait >= ceiling / 2, "step {step}: {wait:?}");
            }
            backoff.reset();
            prop_assert!(backoff.next_wait(None) <= FIRST);
        }

        #[test]
        fn a_server_that_asks_for_patience_gets_it(seed: u64, asked in 0_u64..10_000) {
            let wait = Backoff::new(seed).next_wait(Some(Duration::from_secs(asked)));
            prop_assert!(wait >= Duration::from_secs(asked.min(3600)));
        }
    }
}
