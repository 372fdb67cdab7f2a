//! How a frame on a heartbeat socket is judged (protocols.md 1.4, 1.11).

use std::fmt;
use std::time::Duration;

use beatkeeper_core::identity::{PublicKey, Signature};
use beatkeeper_core::wire::zynd::BeatMessage;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// Why a beat did not count. The client is told nothing in any of these cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rejection {
    /// Not a JSON object with text in it: the only one that costs the connection.
    #[error("malformed message")]
    Malformed,
    /// The timestamp is not what the registry reads as RFC 3339.
    #[error("invalid timestamp")]
    Timestamp,
    /// The timestamp is too far from the registry's clock.
    #[error("timestamp outside clock skew")]
    Skew,
    /// The signature is not the registered key's over the timestamp.
    #[error("invalid signature")]
    Signature,
    /// The entity was deleted while its socket was open.
    #[error("entity not found")]
    NotFound,
    /// A fault ordered beats to be ignored.
    #[error("ignored by order")]
    Ignored,
}

/// Reads the first JSON value of a frame; what follows it is ignored, as are other members and the case of names.
///
/// # Errors
/// [`Rejection::Malformed`] when it is no object, or a member that counts is no text.
pub(crate) fn decode(frame: &[u8]) -> Result<BeatMessage, Rejection> {
    let mut json = serde_json::Deserializer::from_slice(frame);
    Loose::deserialize(&mut json).map(|loose| loose.0).map_err(|_| Rejection::Malformed)
}

/// Whether a beat counts at `now`, in the registry's order: timestamp, clock, signature.
pub(crate) fn judge(beat: &BeatMessage, key: &PublicKey, now: Timestamp, max_skew: Duration) -> Result<(), Rejection> {
    let at = parse_rfc3339(&beat.timestamp).ok_or(Rejection::Timestamp)?;
    if now.duration_since(at).unsigned_abs() > max_skew {
        return Err(Rejection::Skew);
    }
    let signature = Signature::from_wire(&beat.signature).map_err(|_| Rejection::Signature)?;
    if key.verifies(beat.timestamp.as_bytes(), &signature) { Ok(()) } else { Err(Rejection::Signature) }
}

/// RFC 3339 as the live registry reads it: upper-case `T` and `Z`, a colon in the offset, two digits everywhere, no leap
/// second, and a fraction after a point or a comma.
fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let rest = text.as_bytes();
    let (year, rest) = digits(rest, 4)?;
    let (month, rest) = digits(expect(rest, b'-')?, 2)?;
    let (day, rest) = digits(expect(rest, b'-')?, 2)?;
    let (hour, rest) = digits(expect(rest, b'T')?, 2)?;
    let (minute, rest) = digits(expect(rest, b':')?, 2)?;
    let (second, rest) = digits(expect(rest, b':')?, 2)?;
    if second > 59 {
        return None;
    }
    let (nanos, rest) = fraction(rest)?;
    let offset = match rest {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let (hours, rest) = digits(rest, 2)?;
            let (minutes, rest) = digits(expect(rest, b':')?, 2)?;
            if !rest.is_empty() || hours > 24 || minutes > 60 {
                return None;
            }
            let offset = i64::from(hours) * 3600 + i64::from(minutes) * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let small = |value: i32| i8::try_from(value).ok();
    let local = jiff::civil::DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        nanos,
    )
    .ok()?;
    let utc = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    utc.checked_sub(jiff::SignedDuration::from_secs(offset)).ok()
}

fn expect(text: &[u8], byte: u8) -> Option<&[u8]> {
    text.split_first().filter(|(first, _)| **first == byte).map(|(_, rest)| rest)
}

fn digits(text: &[u8], count: usize) -> Option<(i32, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    let value =
        digits.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i32::from(byte - b'0')));
    value.map(|value| (value, rest))
}

/// Nanoseconds of a fraction, of which there may be none; digits after the ninth are read and dropped.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let [b'.' | b',', rest @ ..] = text else { return Some((0, text)) };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    let nanos = (0..9).fold(0, |nanos, place| {
        nanos * 10 + rest.get(place).filter(|_| place < count).map_or(0, |byte| i32::from(byte - b'0'))
    });
    Some((nanos, &rest[count..]))
}

/// A beat as Go's decoder reads it: names in any case, `null` means nothing was said, the last of two wins.
struct Loose(BeatMessage);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Loose;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Loose, E> {
                Ok(Loose(BeatMessage::default()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
                let mut beat = BeatMessage::default();
                while let Some(name) = map.next_key::<String>()? {
                    let member = match () {
                        () if name.eq_ignore_ascii_case("timestamp") => &mut beat.timestamp,
                        () if name.eq_ignore_ascii_case("signature") => &mut beat.signature,
                        () => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    if let Some(text) = map.next_value()? {
                        *member = text;
                    }
                }
                Ok(Loose(beat))
            }
        }
        deserializer.deserialize_any(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read_as_the_registry_reads_them() {
        let base = parse_rfc3339("2026-01-02T03:04:05Z").unwrap();
        assert_eq!(base.to_string(), "2026-01-02T03:04:05Z");
        for (text, millis) in [
            ("2026-01-02T03:04:05.123Z", 123),
            ("2026-01-02T03:04:05.123456789Z", 123),
            ("2026-01-02T03:04:05.1234567891234Z", 123),
            ("2026-01-02T03:04:05,5Z", 500),
            ("2026-01-02T03:04:05+00:00", 0),
            ("2026-01-02T08:34:05+05:30", 0),
            ("2026-01-01T22:04:05-05:00", 0),
        ] {
            let at = parse_rfc3339(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(at.as_millisecond() - base.as_millisecond(), millis, "{text}");
        }
        for text in [
            "",
            "2026-01-02T03:04:05z",
            "2026-01-02t03:04:05Z",
            "2026-01-02 03:04:05Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05+0000",
            "2026-1-2T3:4:5Z",
            "2026-01-02T03:04:60Z",
            "2026-02-30T03:04:05Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05Z ",
            "1767323045",
        ] {
            assert!(parse_rfc3339(text).is_none(), "{text}");
        }
    }

    #[test]
    fn frames_are_read_as_the_registry_reads_them() {
        let read = |text: &str| decode(text.as_bytes()).map(|beat| (beat.timestamp, beat.signature));
        let both = Ok(("t".to_owned(), "s".to_owned()));
        assert_eq!(read(r#"{"timestamp":"t","signature":"s"}"#), both);
        assert_eq!(read(r#"{"TimeStamp":"t","SIGNATURE":"s","extra":[1,{"a":2}]}"#), both);
        assert_eq!(read(r#"{"timestamp":"t","signature":"s"} trailing"#), both);
        assert_eq!(read(r#"{"timestamp":null}"#), Ok(Default::default()));
        assert_eq!(read("{}"), Ok(Default::default()));
        for bad in ["", "[]", "\"t\"", "7", "{", "nonsense", r#"{"timestamp":1767323045}"#, r#"["t","s"]"#] {
            assert_eq!(read(bad), Err(Rejection::Malformed), "{bad}");
        }
    }
}
