//! What the system says of this process.

use std::time::Duration;

/// Bytes of memory that are resident.
#[cfg(target_os = "linux")]
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Time that all threads have computed, those that ended included.
#[cfg(target_os = "linux")]
pub(crate) fn busy() -> Option<Duration> {
    /// The unit that Linux shows to programs, on every architecture.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th field after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(TICK * (user + system))
}

#[cfg(not(target_os = "linux"))]
pub(crate) const fn resident() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) const fn busy() -> Option<Duration> {
    None
}
