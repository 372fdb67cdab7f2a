//! What this process uses, as the system counts it.

use std::sync::Arc;
use std::time::Duration;

use super::child::Answer;
use super::lateness::Lateness;
use super::process::{busy, resident};

/// Measures this process from its start on.
pub(crate) struct Meter {
    rss_before: Option<u64>,
    lateness: Arc<Lateness>,
}

impl Meter {
    /// To be called before there are keys, sockets or anything else to count.
    pub(crate) fn start(lateness: Arc<Lateness>) -> Self {
        Self { rss_before: resident(), lateness }
    }

    /// Waits for so many seconds and answers what they cost. What this system does not tell is left out.
    pub(crate) fn window(&self, seconds: u64) -> Answer {
        let (opened, busy_before) = (resident(), busy());
        self.lateness.clear();
        std::thread::sleep(Duration::from_secs(seconds));
        let (busy_after, at_end) = (busy(), resident());
        let mut answer = self.lateness.answer(Answer::default());
        if let (Some(before), Some(after)) = (busy_before, busy_after) {
            answer = answer.with("cpu", (after - before).as_secs_f64());
        }
        if let (Some(start), Some(before)) = (busy_before, self.rss_before) {
            answer = answer.with("cpu_to_start", start.as_secs_f64()).with("rss_before", before);
        }
        for (name, bytes) in [("rss_opened", opened), ("rss", at_end)] {
            if let (Some(bytes), Some(before)) = (bytes, self.rss_before) {
                answer = answer.with(name, bytes.saturating_sub(before));
            }
        }
        answer
    }
}
