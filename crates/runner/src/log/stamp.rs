//! The time at the head of a line: `2026-11-22T15:04:05.123456Z`.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use beatkeeper_core::time::Time;

/// Bytes of it.
pub(super) const LENGTH: usize = 27;

/// Up to and with the dot of the fraction.
const SECOND: usize = 20;

/// Writes times. Lines come in crowds, so the text of the second that was last written is kept.
#[derive(Default)]
pub(super) struct Stamper {
    second: u64,
    text: String,
}

impl Stamper {
    pub(super) fn write(&mut self, at: SystemTime, out: &mut Vec<u8>) {
        // A clock before 1970 is wrong in any case, and a line must not be lost for it.
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.text.is_empty() || self.second != since.as_secs() {
            self.second = since.as_secs();
            let stamp = i64::try_from(self.second).ok().and_then(|second| jiff::Timestamp::from_second(second).ok());
            let stamp = stamp.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            self.text = format!("{}.", stamp.strftime("%Y-%m-%dT%H:%M:%S"));
            debug_assert_eq!(self.text.len(), SECOND);
        }
        out.extend_from_slice(self.text.as_bytes());
        let _ = write!(out, "{:06}Z", since.subsec_micros());
    }
}

/// Whether these bytes have the shape of a time; cheap, for lines that are only passed by.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [_, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':', _, _, b'.', _, _, _, _, _, _, b'Z']
    )
}

/// Reads it back.
pub(super) fn parse(bytes: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.parse().ok().map(Time::from_timestamp)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn written(stamper: &mut Stamper, at: SystemTime) -> String {
        let mut out = Vec::new();
        stamper.write(at, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_time_is_written_to_the_microsecond_and_read_to_the_millisecond() {
        let mut stamper = Stamper::default();
        let at = UNIX_EPOCH + Duration::from_micros(1_795_359_845_123_456);
        assert_eq!(written(&mut stamper, at), "2026-11-22T15:04:05.123456Z");
        assert_eq!(written(&mut stamper, at + Duration::from_micros(7)), "2026-11-22T15:04:05.123463Z");
        assert_eq!(written(&mut stamper, at + Duration::from_secs(1)), "2026-11-22T15:04:06.123456Z");
        assert_eq!(parse(b"2026-11-22T15:04:05.123456Z"), Some(Time::from_millis(1_795_359_845_123)));
    }

    #[test]
    fn a_clock_that_is_far_off_still_gives_a_time() {
        let mut stamper = Stamper::default();
        assert_eq!(written(&mut stamper, UNIX_EPOCH - Duration::from_secs(5)), "1970-01-01T00:00:00.000000Z");
        let far = UNIX_EPOCH + Duration::from_secs(1 << 50);
        assert!(looks_like(written(&mut stamper, far).as_bytes()));
    }
}
