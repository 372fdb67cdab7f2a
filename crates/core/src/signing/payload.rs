//! The two shapes of a heartbeat's signed bytes.

use jiff::{SignedDuration, Timestamp};

use super::PayloadKind;
use crate::identity::EntityId;
use crate::wire::zynd::MAX_CLOCK_SKEW;

/// What it is, and of when; nothing when it is no heartbeat of this entity.
pub(super) fn read(payload: &str, entity: &EntityId) -> Option<(PayloadKind, Timestamp)> {
    if is_rfc3339(payload.as_bytes()) {
        return Some((PayloadKind::Timestamp, payload.parse().ok()?));
    }
    let seconds = payload.strip_prefix(entity.as_str())?;
    // Ten digits reach from 2001 to 2286.
    let is_number =
        seconds.len() == 10 && seconds.bytes().all(|byte| byte.is_ascii_digit()) && !seconds.starts_with('0');
    let at = is_number.then(|| seconds.parse().ok()).flatten()?;
    Some((PayloadKind::IdAndSeconds, Timestamp::from_second(at).ok()?))
}

/// As near as a registry wants it.
pub(super) fn is_now(at: Timestamp, wall: Timestamp) -> bool {
    let skew = at.duration_since(wall).abs();
    SignedDuration::try_from(MAX_CLOCK_SKEW).is_ok_and(|limit| skew <= limit)
}

/// Whether it has the shape that the live registry reads (protocols.md 1.4): a general parser takes more, and whoever
/// wants another thing signed would hide it in that.
fn is_rfc3339(text: &[u8]) -> bool {
    let Some((date_time, rest)) = text.split_at_checked(19) else { return false };
    let shaped = date_time.iter().zip(b"0000-00-00T00:00:00").all(|(byte, shape)| fits(*byte, *shape));
    // A leap second is none there.
    shaped && date_time[17] < b'6' && is_zone(without_fraction(rest))
}

/// A point or a comma, and one to nine digits.
fn without_fraction(rest: &[u8]) -> &[u8] {
    let [b'.' | b',', digits @ ..] = rest else { return rest };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // With its point it is no zone.
    if (1..=9).contains(&count) { &digits[count..] } else { rest }
}

fn is_zone(rest: &[u8]) -> bool {
    match rest {
        b"Z" => true,
        [b'+' | b'-', offset @ ..] => {
            offset.len() == 5 && offset.iter().zip(b"00:00").all(|(byte, shape)| fits(*byte, *shape))
        }
        _ => false,
    }
}

const fn fits(byte: u8, shape: u8) -> bool {
    if shape == b'0' { byte.is_ascii_digit() } else { byte == shape }
}
