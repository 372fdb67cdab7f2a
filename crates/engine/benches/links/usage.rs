//! What this process uses, as the system counts it.

use std::sync::Arc;
use std::time::Duration;

use super::child::Answer;
use super::lateness::Lateness;

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

/// Bytes of memory that are resident.
#[cfg(target_os = "linux")]
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Time that all threads have computed, those that ended included.
#[cfg(target_os = "linux")]
fn busy() -> Option<Duration> {
    /// The unit that Linux shows to programs, on every architecture.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th field after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(TICK * (user + system))
}

#[cfg(not(target_os = "linux"))]
const fn resident() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
const fn busy() -> Option<Duration> {
    None
}
